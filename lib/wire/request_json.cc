// parse_request_json() of json.h.
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>

#include "wire/json.h"

namespace tandem::wire {
namespace {

constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kInNumber = "0123456789.eE+-";

// The digits at the front of `text` are taken off. False where there are none.
bool take_digits(std::string_view& text) {
  const size_t end = std::min(text.find_first_not_of(kDigits), text.size());
  text.remove_prefix(end);
  return end > 0;
}

// A number as RFC 8259 writes it: what is none shall not become one.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool zero_first = text.starts_with('0');
  const size_t before = text.size();
  if (!take_digits(text) || (zero_first && before - text.size() > 1)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return take_digits(text) && text.empty();
}

bool is_out_of_range(std::string_view number) {
  if (!is_number(number)) return false;
  const char* end = number.data() + number.size();
  const size_t exponent = number.find_first_of("eE");
  if (exponent == std::string_view::npos && number.find('.') == std::string_view::npos) {
    int64_t integer = 0;
    return std::from_chars(number.data(), end, integer).ec == std::errc::result_out_of_range;
  }
  // What is too near to 0 is read as 0.
  if (exponent != std::string_view::npos && number[exponent + 1] == '-') return false;
  double real = 0;
  return std::from_chars(number.data(), end, real).ec == std::errc::result_out_of_range;
}

// The same JSON, with numbers that Json can hold. Strings stay as they are. Empty where it holds
// more numbers than a request may hold values.
std::string with_held_numbers(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  size_t numbers = 0;
  bool in_string = false;
  for (size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (in_string && c == '\\') {
      out += json.substr(i, 2);
      i += 2;
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != '-' && kDigits.find(c) == std::string_view::npos)) {
      out += c;
      ++i;
      continue;
    }
    if (++numbers > kMaxRequestValues) return {};
    const size_t end = std::min(json.find_first_not_of(kInNumber, i), json.size());
    const std::string_view number = json.substr(i, end - i);
    if (is_out_of_range(number)) {
      out += c == '-' ? "-1e308" : "1e308";
    } else {
      out += number;
    }
    i = end;
  }
  return out;
}

}  // namespace

Result<Json> parse_request_json(std::string_view text) {
  Result<Json> json = parse_json(text, kMaxJsonBytes, kMaxRequestValues);
  if (json || json.error().kind == ErrorKind::kTooLarge || text.size() > kMaxJsonBytes) return json;
  // Seldom needed, so what is fine costs nothing.
  const std::string held = with_held_numbers(text);
  if (held.empty() || held == text) return json;
  Result<Json> again = parse_json(held, kMaxJsonBytes, kMaxRequestValues);
  return again ? std::move(again) : std::move(json);
}

}  // namespace tandem::wire
