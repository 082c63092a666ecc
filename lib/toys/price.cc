#include "toys/price.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/number.h"
#include "wire/utf8.h"

namespace tandem::toys {
namespace {

constexpr int64_t kMaxUnits = kMaxPriceCents / 100;
constexpr auto kMaxPrice = static_cast<double>(kMaxUnits);
constexpr size_t kMaxShownBytes = 64;
constexpr size_t kMaxDigits = 16;  // more is above kMaxPriceCents, or only zeros in front

tl::unexpected<Error> refuse(std::string_view field, std::string_view what) {
  return fail(ErrorKind::kBadInput, std::string(field) +
                                        " must be a number from 0 to 1000000000 with at most two "
                                        "decimals, not " +
                                        std::string(what));
}

// Digits, and a dot with one or two digits behind it where there are cents.
bool read_price(std::string_view text, int64_t& cents) {
  const size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  std::string_view decimals = dot == std::string_view::npos ? "0" : text.substr(dot + 1);
  const auto units = parse_digits<int64_t>(whole);
  if (!units || whole.size() > kMaxDigits || decimals.size() > 2 || !are_digits(decimals)) {
    return false;
  }
  const int64_t tens = decimals[0] - '0';
  const int64_t ones = decimals.size() == 2 ? decimals[1] - '0' : 0;
  if (*units > kMaxUnits) return false;
  cents = *units * 100 + tens * 10 + ones;
  return cents <= kMaxPriceCents;
}

}  // namespace

std::string format_price(int64_t cents) {
  std::string text = std::to_string(cents / 100) + '.';
  text += static_cast<char>('0' + cents % 100 / 10);
  text += static_cast<char>('0' + cents % 10);
  return text;
}

Result<int64_t> parse_price(std::string_view text, std::string_view field) {
  int64_t cents = 0;
  if (read_price(text, cents)) return cents;
  return refuse(field,
                text.size() > 2 * kMaxDigits ? "a longer text" : "'" + std::string(text) + "'");
}

Result<int64_t> price_of(const wire::Json& value, std::string_view field) {
  const int64_t* integer = value.as_int();
  const double* number = value.as_double();
  if (integer == nullptr && number == nullptr) return refuse(field, value.type_name());
  // The shortest text that is this double is what was meant: 15.99 is not 15.9900000000000002.
  char buffer[64];
  int64_t cents = 0;
  if (const std::string* given = value.as_given()) {
    // More digits than a double has: none of them may be lost.
    std::string_view text = *given;
    if (text.find('.') != std::string_view::npos) {
      text = text.substr(0, std::max(text.find_last_not_of('0') + 1, text.find('.') + 2));
    }
    if (read_price(text, cents)) return cents;
  } else if (integer != nullptr || *number == std::trunc(*number)) {
    const double whole = integer != nullptr ? static_cast<double>(*integer) : *number;
    if (whole >= 0 && whole <= kMaxPrice) {
      return static_cast<int64_t>(whole) * 100;
    }
  } else if (*number > 0 && *number < kMaxPrice) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, *number, std::chars_format::fixed);
    if (end.ec == std::errc{} &&
        read_price({buffer, static_cast<size_t>(end.ptr - buffer)}, cents)) {
      return cents;
    }
  }
  return refuse(field, wire::shortened(value.dump(), kMaxShownBytes));
}

}  // namespace tandem::toys
