#include "wire/plain_value.h"

#include <string>

namespace tandem::wire {
namespace {

constexpr std::string_view kQuotes = "'\"";

// What an editor makes of quotes, and what other languages have for them.
constexpr std::string_view kOtherQuotes[] = {
    "\u201c", "\u201d", "\u201e", "\u201f", "\u2018", "\u2019", "\u201a", "\u201b",
    "\u00ab", "\u00bb", "\u2039", "\u203a", "\u2032", "\u2033", "\u00b4", "`"};

// The one of them where the value begins or ends, or "".
std::string_view other_quote(std::string_view text) {
  for (const std::string_view quote : kOtherQuotes) {
    if (text.starts_with(quote) || text.ends_with(quote)) return quote;
  }
  return {};
}

bool is_quoted(std::string_view text) {
  return text.size() >= 2 && text.front() == text.back() &&
         kQuotes.find(text.front()) != std::string_view::npos;
}

bool touches_quote(std::string_view text) {
  return !text.empty() && (kQuotes.find(text.front()) != std::string_view::npos ||
                           kQuotes.find(text.back()) != std::string_view::npos);
}

}  // namespace

Result<std::string_view> plain_value(std::string_view text) {
  if (!is_quoted(text)) {
    if (text.starts_with('=')) {
      return fail(ErrorKind::kBadInput, "a value that begins with '=' needs quotes around it");
    }
    if (text.ends_with(';')) {
      return fail(ErrorKind::kBadInput, "a value that ends with ';' needs quotes around it");
    }
    if (const std::string_view other = other_quote(text); !other.empty()) {
      return fail(ErrorKind::kBadInput,
                  "quotes are ' or \", not " + std::string(other) + ", which need them around");
    }
    if (touches_quote(text)) return fail(ErrorKind::kBadInput, "one of its quotes has no other");
    return text;
  }
  const std::string_view inner = text.substr(1, text.size() - 2);
  if (touches_quote(inner) || inner.find(text.front()) != std::string_view::npos) {
    return fail(ErrorKind::kBadInput,
                "a value has one pair of quotes around it, and no other of its kind");
  }
  return inner;
}

}  // namespace tandem::wire
