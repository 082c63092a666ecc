#include "toys/request.h"

#include <charconv>
#include <set>

#include "toys/fields.h"
#include "toys/price.h"
#include "wire/csv.h"
#include "wire/utf8.h"

namespace tandem::toys {
namespace {

constexpr size_t kMaxReported = 10;

bool read_quantity(std::string_view text, int64_t& quantity) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), quantity);
  return error == std::errc{} && end == text.data() + text.size() && !text.starts_with('-') &&
         quantity <= kMaxQuantity;
}

// What is wrong with a line, or empty; a good one is appended to `toys`.
std::string take_record(std::string_view line, std::vector<NewToy>& toys,
                        std::set<std::string, std::less<>>& names) {
  std::vector<std::string> fields;
  if (!wire::split_csv_record(line, fields)) return "broken quotes";
  if (fields.size() != 3) {
    return "expected 'name,price,quantity', not " + std::to_string(fields.size()) + " field(s)";
  }
  NewToy toy{fields[0], 0, 0};
  if (const Status good = check_name(toy.name); !good) return good.error().message;
  const auto cents = parse_price(fields[1], "price");
  if (!cents) return cents.error().message;
  toy.price_cents = *cents;
  if (!read_quantity(fields[2], toy.quantity)) {
    return "quantity must be an integer from 0 to " + std::to_string(kMaxQuantity);
  }
  if (!names.insert(toy.name).second) return "the toy '" + toy.name + "' is there already";
  toys.push_back(std::move(toy));
  return {};
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
  const auto object = parse_request_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  Purchase purchase{in.toy_name("name"), in.integer("quantity", 1, kMaxQuantity)};
  if (!in.ok()) return fail(in.error());
  return purchase;
}

Result<NewToy> parse_new_toy(std::string_view body) {
  const auto object = parse_request_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  NewToy toy{in.toy_name("name"), in.price("price"), in.integer("quantity", 0, kMaxQuantity)};
  if (!in.ok()) return fail(in.error());
  return toy;
}

Result<NewPrice> parse_new_price(std::string_view body) {
  const auto object = parse_request_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  NewPrice price{in.toy_name("name"), in.price("price")};
  if (!in.ok()) return fail(in.error());
  return price;
}

Result<std::string> parse_toy_name(std::string_view body) {
  const auto object = parse_request_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  std::string name = in.toy_name("name");
  if (!in.ok()) return fail(in.error());
  return name;
}

Result<uint64_t> parse_order_number(std::string_view body) {
  const auto object = parse_request_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  const uint64_t number = in.counter("number");
  if (!in.ok()) return fail(in.error());
  return number;
}

Result<std::vector<NewToy>> parse_toys_csv(std::string_view text, std::string_view file) {
  text = wire::without_byte_order_mark(text);
  std::vector<NewToy> toys;
  std::set<std::string, std::less<>> names;
  std::string problems;
  size_t bad = 0;
  bool header_seen = false;
  for (size_t number = 1; !text.empty(); ++number) {
    const std::string_view line = wire::take_line(text);
    if (line.empty() || line.starts_with('#')) continue;
    std::string problem;
    if (header_seen) {
      problem = take_record(line, toys, names);
      if (problem.empty() && toys.size() > kMaxToys) {
        problem = "more than " + std::to_string(kMaxToys) + " toys";
      }
    } else if (line != "name,price,quantity") {
      problem = "the first line must be 'name,price,quantity'";
    }
    header_seen = true;
    if (problem.empty() || ++bad > kMaxReported) continue;
    problems +=
        (bad > 1 ? "; " : "") + std::string(file) + ':' + std::to_string(number) + ": " + problem;
  }
  if (bad > kMaxReported) problems += "; and " + std::to_string(bad - kMaxReported) + " more";
  if (bad > 0) return fail(ErrorKind::kBadInput, std::move(problems));
  if (!header_seen) {
    return fail(ErrorKind::kBadInput,
                std::string(file) + ":1: the first line must be 'name,price,quantity'");
  }
  return toys;
}

}  // namespace tandem::toys
