#include "pg/connect_error.h"

#include <string_view>

#include "pg/failure.h"

namespace tandem::pg {
namespace {

bool is_code_character(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

struct Code {
  size_t begin = std::string::npos;  // of "XXXXX: "
  std::string sqlstate;
};

// The last "FATAL:  57P03: text", in whatever language.
Code find_code(std::string_view text) {
  Code last;
  for (size_t at = text.find(":  "); at != text.npos; at = text.find(":  ", at + 1)) {
    const std::string_view rest = text.substr(at + 3);
    if (rest.size() < 7 || rest.substr(5, 2) != ": ") continue;
    bool fits = true;
    for (const char c : rest.substr(0, 5)) fits = fits && is_code_character(c);
    if (fits) last = {at + 3, std::string(rest.substr(0, 5))};
  }
  return last;
}

std::string without_location(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    // "LOCATION:  InitPostgres, postinit.c:1007"
    if (!line.starts_with("LOCATION:")) kept.append(line).append("\n");
  }
  return in_one_line(kept);
}

ErrorKind kind_without_code(std::string_view text, bool needs_password) {
  if (needs_password) return ErrorKind::kPermission;
  // What libpq finds before it asks anybody: 'invalid sslmode value: "foo"', and so on.
  for (const std::string_view mistake : {"invalid ", "could not match ", "Unix-domain socket path ",
                                         "could not parse network address "}) {
    if (text.starts_with(mistake)) return ErrorKind::kConfig;
  }
  return ErrorKind::kUnavailable;
}

}  // namespace

Error options_error(const std::string& text) {
  return {ErrorKind::kConfig, "cannot connect to PostgreSQL: " + in_one_line(text)};
}

Error connect_error(const std::string& text, bool needs_password) {
  const Code code = find_code(text);
  if (code.sqlstate.empty()) {
    return {kind_without_code(text, needs_password),
            "cannot connect to PostgreSQL: " + without_location(text)};
  }
  std::string message = text;
  message.erase(code.begin, 7);
  return {
      kind_of_sqlstate(code.sqlstate),
      "cannot connect to PostgreSQL: " + without_location(message) + " (" + code.sqlstate + ")"};
}

}  // namespace tandem::pg
