#include "product.h"

#include <utility>

#include "base/json_string.h"
#include "toys/price.h"

namespace tandem::front {
namespace {

Result<Product> read_product(const wire::Json& json) {
  const wire::Json* name = json.find("name");
  const wire::Json* price = json.find("price");
  const wire::Json* quantity = json.find("quantity");
  const wire::Json* version = json.find("version");
  const auto cents = price == nullptr ? Result<int64_t>(fail(ErrorKind::kBug, "no price"))
                                      : toys::price_of(*price, "price");
  if (name == nullptr || name->as_string() == nullptr || !cents || quantity == nullptr ||
      quantity->as_int() == nullptr || version == nullptr || version->as_int() == nullptr) {
    return fail(ErrorKind::kBug, "the catalog answered something that is no product");
  }
  return Product{*name->as_string(), *cents, *quantity->as_int(),
                 static_cast<uint64_t>(*version->as_int())};
}

}  // namespace

Result<Product> parse_product(std::string_view body) {
  const auto json = wire::parse_json(body);
  if (!json) return fail(ErrorKind::kBug, "the catalog's answer is " + json.error().message);
  return read_product(*json);
}

Result<std::vector<Product>> parse_products(std::string_view body) {
  const auto json = wire::parse_json(body);
  if (!json) return fail(ErrorKind::kBug, "the catalog's answer is " + json.error().message);
  const wire::Json* list = json->find("products");
  if (list == nullptr || list->as_array() == nullptr) {
    return fail(ErrorKind::kBug, "the catalog answered something that is no list of products");
  }
  std::vector<Product> products;
  for (const wire::Json& item : *list->as_array()) {
    auto product = read_product(item);
    if (!product) return fail(product.error());
    products.push_back(std::move(*product));
  }
  return products;
}

void append_json(std::string& out, const Product& product) {
  out += "{\"name\":";
  append_json_string(out, product.name);
  out += ",\"price\":";
  out += toys::format_price(product.price_cents);
  out += ",\"quantity\":";
  out += std::to_string(product.quantity);
  out += '}';
}

}  // namespace tandem::front
