#include "daemon/toml_depth.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "daemon/toml_file.h"

namespace tandem::daemon {
namespace {

class DepthScanner {
 public:
  explicit DepthScanner(std::string_view text) : text_(text) {}

  // False: at line() and column() it gets too deep.
  bool scan() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"' || c == '\'') {
        skip_string(c);
      } else if (c == '#') {
        skip_to(text_.find('\n', at_));
      } else {
        if (!step(c)) return false;
        skip_to(at_ + 1);
      }
    }
    return true;
  }

  uint32_t line() const { return line_; }
  uint32_t column() const { return column_; }

 private:
  // Of what stands outside of strings and comments.
  bool step(char c) {
    switch (c) {
      case '.':
        ++parts_;
        break;
      case '[':
      case '{':
        open_.push_back(parts_ + 1);
        outer_ += parts_ + 1;
        parts_ = 0;
        break;
      case ']':
      case '}':
        if (open_.empty()) break;
        outer_ -= open_.back();
        open_.pop_back();
        parts_ = 0;
        break;
      case ',':
        parts_ = 0;
        break;
      case '\n':
        // Arrays go over lines; a key does not.
        if (open_.empty()) parts_ = 0;
        break;
      default:
        break;
    }
    return outer_ + parts_ < kMaxTomlDepth;
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool is_long = text_.substr(at_, 3) == three;
    const std::string_view end = is_long ? std::string_view(three) : std::string_view(&quote, 1);
    size_t next = at_ + end.size();
    while (next < text_.size() && text_.substr(next, end.size()) != end) {
      if (!is_long && text_[next] == '\n') return skip_to(next);  // not TOML
      next += quote == '"' && text_[next] == '\\' ? 2 : 1;
    }
    next += end.size();
    // Up to two more quotes belong to the text of a long string.
    for (int i = 0; i < 2 && is_long && next < text_.size() && text_[next] == quote; ++i) ++next;
    skip_to(next);
  }

  void skip_to(size_t next) {
    next = std::min(next, text_.size());
    for (; at_ < next; ++at_) {
      const auto byte = static_cast<unsigned char>(text_[at_]);
      if (byte == '\n') {
        ++line_;
        column_ = 1;
      } else if ((byte & 0xC0) != 0x80) {
        ++column_;
      }
    }
  }

  const std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
  size_t parts_ = 0;  // before the present one of a key
  std::vector<size_t> open_;
  size_t outer_ = 0;  // the sum of open_
};

}  // namespace

Status check_toml_depth(std::string_view text, const std::string& name) {
  DepthScanner scanner(text);
  if (scanner.scan()) return {};
  return fail(ErrorKind::kConfig, position(name, scanner.line(), scanner.column()) +
                                      ": keys, arrays and tables are " + "nested deeper than " +
                                      std::to_string(kMaxTomlDepth));
}

}  // namespace tandem::daemon
