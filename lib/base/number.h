// Numbers that are a whole text: what only begins with one is none, as is what has a plus, a space
// or a prefix. Pure.
#pragma once

#include <charconv>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>

namespace tandem {

// Nothing for what is no number, for one that a Number cannot hold and for one out of the bounds.
template <typename Number>
std::optional<Number> parse_number(std::string_view text,
                                   Number least = std::numeric_limits<Number>::lowest(),
                                   Number most = std::numeric_limits<Number>::max()) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  // Written so that what compares with nothing is refused, too.
  if (!(number >= least && number <= most)) return std::nullopt;
  return number;
}

// Hex digits of either case.
template <typename Number>
std::optional<Number> parse_hex(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One decimal digit or more, and nothing else.
inline bool are_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Of digits the number, or the largest where they say more than a Number holds.
template <typename Number>
std::optional<Number> parse_digits(std::string_view text) {
  if (!are_digits(text)) return std::nullopt;
  return parse_number<Number>(text).value_or(std::numeric_limits<Number>::max());
}

}  // namespace tandem
