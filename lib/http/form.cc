#include "http/form.h"

#include <algorithm>

#include "wire/utf8.h"

namespace tandem::http {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 0x20);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

constexpr size_t kMaxShownBytes = 64;

// One name with two values means this one to some and that one to others.
Status check_doubled(const std::vector<NameValue>& pairs) {
  std::vector<std::string_view> names;
  names.reserve(pairs.size());
  for (const NameValue& pair : pairs) names.push_back(pair.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return {};
  const std::string shown = twice->size() > kMaxShownBytes ? "a longer text" : std::string(*twice);
  return fail(ErrorKind::kBadInput, "'" + shown + "' is given more than once");
}

}  // namespace

bool is_clean_utf8(std::string_view text) {
  return wire::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

bool percent_decode(std::string_view text, bool plus_is_blank, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return false;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high << 4 | low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    out.push_back(c);
  }
  return true;
}

Status parse_form(std::string_view text, std::string& storage, std::vector<NameValue>& out) {
  storage.clear();
  out.clear();
  // Decoding never makes text longer, so the views below stay where they are.
  storage.reserve(text.size());
  const auto decode = [&](std::string_view part, std::string_view& decoded) {
    const size_t start = storage.size();
    if (!percent_decode(part, true, storage)) return false;
    decoded = std::string_view(storage).substr(start);
    return is_clean_utf8(decoded);
  };
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    if (out.size() == kMaxFields) {
      return fail(ErrorKind::kTooLarge, "there are more than " + std::to_string(kMaxFields) +
                                            " form fields or query parameters");
    }
    const size_t equals = std::min(pair.find('='), pair.size());
    NameValue decoded;
    if (!decode(pair.substr(0, equals), decoded.name) ||
        !decode(pair.substr(std::min(equals + 1, pair.size())), decoded.value)) {
      return fail(ErrorKind::kBadInput,
                  "a form field or query parameter is not percent-encoded UTF-8");
    }
    out.push_back(decoded);
  }
  return check_doubled(out);
}

}  // namespace tandem::http
