// Prices: whole cents inside, a JSON number with two decimals outside.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::toys {

constexpr int64_t kMaxPriceCents = 100'000'000'000;  // a thousand million

// "15.99", "20.00".
std::string format_price(int64_t cents);
// kBadInput where it is no such number, negative or above kMaxPriceCents; the message begins with
// `field`. Of a JSON number, and of a text of digits with at most two decimals (forms send text).
Result<int64_t> price_of(const wire::Json& value, std::string_view field);
Result<int64_t> parse_price(std::string_view text, std::string_view field);

}  // namespace tandem::toys
