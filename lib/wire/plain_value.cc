#include "wire/plain_value.h"

namespace tandem::wire {
namespace {

constexpr std::string_view kQuotes = "'\"";

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
