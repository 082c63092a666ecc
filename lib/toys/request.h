// What clients ask of the store, read out of JSON bodies: strict about types and ranges, silent
// about unknown keys. Errors are kBadInput and name the field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem::toys {

constexpr size_t kMaxNameBytes = 100;
constexpr int64_t kMaxQuantity = 1'000'000'000;
constexpr size_t kMaxToys = 10'000;  // that a catalog holds: all of them are one answer

// A name of a toy: 1 to kMaxNameBytes bytes of UTF-8 without control characters.
Status check_name(std::string_view name);

struct Purchase {  // {"name":"Tux","quantity":1}; of a restock too
  std::string name;
  int64_t quantity = 0;
  bool operator==(const Purchase&) const = default;
};
Result<Purchase> parse_purchase(std::string_view body);

struct NewToy {  // {"name":"Tux","price":15.99,"quantity":100}; a quantity of 0 is allowed here
  std::string name;
  int64_t price_cents = 0;
  int64_t quantity = 0;
  bool operator==(const NewToy&) const = default;
};
Result<NewToy> parse_new_toy(std::string_view body);

struct NewPrice {  // {"name":"Tux","price":9.99}
  std::string name;
  int64_t price_cents = 0;
};
Result<NewPrice> parse_new_price(std::string_view body);

// {"name":"Tux"}
Result<std::string> parse_toy_name(std::string_view body);
// {"number":7}: from 0 on.
Result<uint64_t> parse_order_number(std::string_view body);

// {"ms":2000}: how long purchases are held; from 1 on.
Result<int64_t> parse_hold(std::string_view body, int64_t max_ms);
// {"hold":NAME}: the name.
Result<std::string> parse_release(std::string_view body);

// The initial toys as CSV: a header line "name,price,quantity", then one toy a line; blank lines
// and lines that begin with # are skipped. Errors name each bad line (the first ten) as file:line,
// `file` being how the caller names the text.
Result<std::vector<NewToy>> parse_toys_csv(std::string_view text, std::string_view file = "csv");

}  // namespace tandem::toys
