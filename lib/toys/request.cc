#include "toys/request.h"

#include <set>

#include "base/number.h"
#include "toys/fields.h"
#include "toys/price.h"
#include "wire/csv.h"
#include "wire/request_object.h"
#include "wire/utf8.h"

namespace tandem::toys {
namespace {

// What is wrong with a record, or empty; a good one is appended to `toys`.
std::string take_record(const std::vector<std::string>& fields, std::vector<NewToy>& toys,
                        std::set<std::string, std::less<>>& names) {
  NewToy toy{fields[0], 0, 0};
  if (const Status good = check_name(toy.name); !good) return good.error().message;
  const auto cents = parse_price(fields[1], "price");
  if (!cents) return cents.error().message;
  toy.price_cents = *cents;
  const auto quantity = parse_digits<int64_t>(fields[2]);
  if (!quantity || *quantity > kMaxQuantity) {
    return "quantity must be an integer from 0 to " + std::to_string(kMaxQuantity);
  }
  toy.quantity = *quantity;
  if (!names.insert(toy.name).second) return "the toy '" + toy.name + "' is there already";
  toys.push_back(std::move(toy));
  return toys.size() > kMaxToys ? "more than " + std::to_string(kMaxToys) + " toys" : "";
}

}  // namespace

Status check_name(std::string_view name) {
  if (name.empty()) return fail(ErrorKind::kBadInput, "name must not be empty");
  if (name.size() > kMaxNameBytes) {
    return fail(ErrorKind::kBadInput,
                "name must not be longer than " + std::to_string(kMaxNameBytes) + " bytes");
  }
  if (!wire::is_utf8(name)) return fail(ErrorKind::kBadInput, "name must be UTF-8 text");
  if (wire::has_control_character(name)) {
    return fail(ErrorKind::kBadInput, "name must not hold control characters");
  }
  return {};
}

Result<Purchase> parse_purchase(std::string_view body) {
  return read_fields(wire::parse_request_object(body), [](Fields& in) {
    return Purchase{in.toy_name("name"), in.integer("quantity", 1, kMaxQuantity)};
  });
}

Result<NewToy> parse_new_toy(std::string_view body) {
  return read_fields(wire::parse_request_object(body), [](Fields& in) {
    return NewToy{in.toy_name("name"), in.price("price"), in.integer("quantity", 0, kMaxQuantity)};
  });
}

Result<NewPrice> parse_new_price(std::string_view body) {
  return read_fields(wire::parse_request_object(body), [](Fields& in) {
    return NewPrice{in.toy_name("name"), in.price("price")};
  });
}

Result<std::string> parse_toy_name(std::string_view body) {
  return read_fields(wire::parse_request_object(body),
                     [](Fields& in) { return in.toy_name("name"); });
}

Result<uint64_t> parse_order_number(std::string_view body) {
  return read_fields(wire::parse_request_object(body),
                     [](Fields& in) { return in.counter("number"); });
}

Result<int64_t> parse_hold(std::string_view body, int64_t max_ms) {
  return read_fields(wire::parse_request_object(body),
                     [max_ms](Fields& in) { return in.integer("ms", 1, max_ms); });
}

Result<std::string> parse_release(std::string_view body) {
  return read_fields(wire::parse_request_object(body), [](Fields& in) { return in.text("hold"); });
}

Result<std::vector<NewToy>> parse_toys_csv(std::string_view text, std::string_view file) {
  std::vector<NewToy> toys;
  std::set<std::string, std::less<>> names;
  const std::string place = std::string(file) + ':';
  const Status read =
      wire::read_csv(text,
                     {.columns = "name,price,quantity",
                      .place = place,
                      .header_is_columns = true,
                      .has_comments = true},
                     [&](auto& fields) { return take_record(fields, toys, names); });
  if (!read) return fail(read.error());
  return toys;
}

}  // namespace tandem::toys
