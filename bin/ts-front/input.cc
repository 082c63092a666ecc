#include "input.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/number.h"
#include "http/call_request.h"
#include "http/form.h"
#include "toys/price.h"
#include "wire/json.h"
#include "wire/request_object.h"

namespace tandem::front {
namespace {

using wire::Json;

constexpr size_t kMaxShownBytes = 40;
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

// The media type without its parameters; empty where none is told.
std::string_view type_of(const http::Request& request) {
  std::string_view type = request.header("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type;
}

bool ends_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         http::equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool begins_with_brace(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '{';
}

bool is_form(const http::Request& request) {
  return http::equals_ignoring_case(type_of(request), kFormType) &&
         !begins_with_brace(request.body);
}

Result<Json> number_of(std::string_view field, std::string_view text) {
  const std::string_view given = text;
  if (are_digits(text)) text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  if (!text.empty() && (text[0] == '-' || are_digits(text.substr(0, 1)))) {
    auto number = wire::parse_request_json(text);
    const bool ends_in_digit = are_digits(text.substr(text.size() - 1));
    if (number && ends_in_digit && (number->as_int() != nullptr || number->as_double() != nullptr))
      return number;
  }
  const std::string shown =
      given.size() > kMaxShownBytes ? "a longer text" : "'" + std::string(given) + "'";
  return fail(ErrorKind::kBadInput, std::string(field) + " must be a number, not " + shown);
}

Result<Json> read_form(std::string_view body) {
  std::string storage;
  std::vector<http::NameValue> fields;
  const Status parsed = http::parse_form(body, storage, fields);
  if (!parsed) return fail(parsed.error());
  Json object = Json(Json::Object{});
  for (const http::NameValue& field : fields) {
    const bool is_number = field.name == "quantity" || field.name == "price";
    if (!is_number && field.name != "name") continue;
    auto value = is_number ? number_of(field.name, field.value) : Json(field.value);
    if (!value) return value;
    object.set(field.name, std::move(*value));
  }
  return object;
}

Result<Json> read_object(const http::Request& request) {
  return is_form(request) ? read_form(request.body) : wire::parse_request_object(request.body);
}

// The object of the body with `name` in it, as lib/toys reads it.
Result<std::string> object_with_name(const http::Request& request, std::string_view name) {
  auto object = read_object(request);
  if (!object) return fail(object.error());
  return object->set("name", name).dump();
}

}  // namespace

bool is_readable(const http::Request& request) {
  const std::string_view type = type_of(request);
  // What clients call a text that they were not told the type of is JSON too.
  return type.empty() || http::equals_ignoring_case(type, kFormType) ||
         http::equals_ignoring_case(type, "text/plain") || ends_ignoring_case(type, "/json") ||
         ends_ignoring_case(type, "+json") || begins_with_brace(request.body);
}

Result<toys::Purchase> read_purchase(const http::Request& request) {
  const auto object = read_object(request);
  if (!object) return fail(object.error());
  return toys::parse_purchase(object->dump());
}

Result<toys::NewToy> read_new_toy(const http::Request& request) {
  const auto object = read_object(request);
  if (!object) return fail(object.error());
  return toys::parse_new_toy(object->dump());
}

Result<toys::Purchase> read_restock(const http::Request& request, std::string_view name) {
  const auto object = object_with_name(request, name);
  if (!object) return fail(object.error());
  return toys::parse_purchase(*object);
}

Result<toys::NewPrice> read_price(const http::Request& request, std::string_view name) {
  const auto object = object_with_name(request, name);
  if (!object) return fail(object.error());
  return toys::parse_new_price(*object);
}

Result<std::string> read_key(const http::Request& request) {
  auto words = http::write_words(request);
  if (!words) return fail(words.error());
  return std::move(words->key);
}

std::optional<uint64_t> parse_order_number(std::string_view text) {
  return parse_digits<uint64_t>(text);
}

}  // namespace tandem::front
