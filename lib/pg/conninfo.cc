#include "pg/conninfo.h"

#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "file/file.h"

namespace tandem::pg {
namespace {

struct OptionsCloser {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, OptionsCloser>;

struct MemoryCloser {
  void operator()(char* memory) const { PQfreemem(memory); }
};

// What libpq says of a malformed one quotes from it, and that may be a piece of a password:
// `missing "=" after "secret" in connection info string`.
std::string without_quotations(std::string_view text) {
  std::string safe;
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  while (true) {
    const size_t open = text.find('"');
    const size_t close = open == text.npos ? text.npos : text.find('"', open + 1);
    if (close == text.npos) break;
    const std::string_view quoted = text.substr(open, close - open + 1);
    safe += text.substr(0, open);
    safe += quoted == R"("=")" ? quoted : R"("***")";
    text.remove_prefix(close + 1);
  }
  // A quotation that does not end may hold anything.
  safe += text.substr(0, text.find('"'));
  return safe;
}

Result<Options> parse(const std::string& conninfo) {
  // libpq would take what stands before it for the whole.
  if (conninfo.find('\0') != std::string::npos) {
    return fail(ErrorKind::kConfig, "the conninfo holds a NUL byte");
  }
  char* raw_message = nullptr;
  Options options(PQconninfoParse(conninfo.c_str(), &raw_message));
  const std::unique_ptr<char, MemoryCloser> message(raw_message);
  if (options == nullptr) {
    const std::string why = message == nullptr ? "no memory left" : message.get();
    return fail(ErrorKind::kConfig, "malformed conninfo: " + without_quotations(why));
  }
  return options;
}

bool is_set(const PQconninfoOption& option) { return option.val != nullptr && *option.val != '\0'; }

void append_quoted(std::string& out, std::string_view value) {
  out += '\'';
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  out += '\'';
}

tl::unexpected<Error> bad_file(const std::string& path, const std::string& why) {
  return fail(ErrorKind::kConfig, "cannot use the password file '" + path + "': " + why);
}

}  // namespace

Result<ConninfoValues> parse_conninfo(const std::string& conninfo) {
  const auto options = parse(conninfo);
  if (!options) return fail(options.error());
  ConninfoValues values;
  for (const PQconninfoOption* option = options->get(); option->keyword != nullptr; ++option) {
    if (is_set(*option)) values.emplace_back(option->keyword, option->val);
  }
  return values;
}

std::optional<std::string> value_of(const ConninfoValues& values, std::string_view keyword) {
  for (const auto& [key, value] : values) {
    if (key == keyword && !value.empty()) return value;
  }
  return std::nullopt;
}

ConninfoValues with_id(ConninfoValues values, uint64_t id) {
  constexpr std::string_view kPlace = "{id}";
  const std::string number = std::to_string(id);
  for (auto& [keyword, value] : values) {
    size_t at = 0;
    while ((at = value.find(kPlace, at)) != std::string::npos) {
      value.replace(at, kPlace.size(), number);
      at += number.size();
    }
  }
  return values;
}

std::string masked_conninfo(const std::string& conninfo) {
  const auto options = parse(conninfo);
  if (!options) return "(malformed)";
  std::string shown;
  for (const PQconninfoOption* option = options->get(); option->keyword != nullptr; ++option) {
    if (!is_set(*option)) continue;
    if (!shown.empty()) shown += ' ';
    shown += option->keyword;
    shown += '=';
    // libpq marks what is to be hidden so: password, sslpassword and what comes later.
    if (std::strchr(option->dispchar, '*') != nullptr) {
      shown += "***";
    } else {
      append_quoted(shown, option->val);
    }
  }
  return shown;
}

Result<std::string> read_password_file(const std::string& path) {
  constexpr size_t kMostBytes = 1000;
  const auto file = file::open_regular(path, O_RDONLY, ErrorKind::kConfig);
  if (!file) return bad_file(path, file.error().message);
  struct stat about {};
  if (fstat(file->get(), &about) != 0) return bad_file(path, std::strerror(errno));
  if (about.st_uid != geteuid() && about.st_uid != 0) {
    return bad_file(path, "it belongs to neither this user nor root");
  }
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return bad_file(path, "others than its owner have access to it: chmod 600");
  }
  std::string text;
  // One more than allowed, to see that there is more.
  const Status read = file::read_at(*file, 0, kMostBytes + 2, text, path);
  if (!read) return bad_file(path, read.error().message);
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return bad_file(path, "it is empty");
  if (text.size() > kMostBytes || text.find_first_of(std::string_view("\n\0", 2)) != text.npos) {
    return bad_file(path, "it holds more than one line of at most 1000 bytes");
  }
  return text;
}

Result<ConninfoValues> operator_conninfo(const std::string& conninfo, uint64_t id,
                                         const std::string& password_file) {
  auto values = parse_conninfo(conninfo);
  if (!values) return fail(values.error());
  if (password_file.empty()) return with_id(std::move(*values), id);
  if (value_of(*values, "password")) {
    return fail(ErrorKind::kConfig, "there is a password in the conninfo and a password file");
  }
  auto password = read_password_file(password_file);
  if (!password) return fail(password.error());
  ConninfoValues made = with_id(std::move(*values), id);
  made.emplace_back("password", std::move(*password));
  return made;
}

}  // namespace tandem::pg
