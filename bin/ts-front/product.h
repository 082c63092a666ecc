// A product as the catalog tells it: {"name":"Tux","price":15.99,"quantity":100,"version":7}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::front {

struct Product {
  std::string name;
  int64_t price_cents = 0;
  int64_t quantity = 0;
  uint64_t version = 0;
  bool operator==(const Product&) const = default;
};

// kBug: the catalog said something else.
Result<Product> parse_product(std::string_view body);
// Of {"products":[…]}.
Result<std::vector<Product>> parse_products(std::string_view body);

// {"name":"Tux","price":15.99,"quantity":100}: what clients see.
void append_json(std::string& out, const Product& product);

}  // namespace tandem::front
