#include "wire/request_object.h"

#include <string>

namespace tandem::wire {

namespace {

Result<Json> only_object(std::string_view body, Result<Json> (*parse)(std::string_view)) {
  if (body.empty()) return fail(ErrorKind::kBadInput, "the body is empty, not a JSON object");
  auto json = parse(body);
  if (json && json->as_object() == nullptr) {
    return fail(ErrorKind::kBadInput,
                "the body is " + std::string(json->type_name()) + ", not a JSON object");
  }
  return json;
}

}  // namespace

Result<Json> parse_request_object(std::string_view body) {
  return only_object(body, parse_request_json);
}

Result<Json> parse_object(std::string_view body) {
  return only_object(body, [](std::string_view text) { return parse_json(text); });
}

Result<const Json*> require_member(const Json& object, std::string_view name) {
  const Json* value = object.find(name);
  if (value == nullptr) return fail(ErrorKind::kBadInput, std::string(name) + " is missing");
  return value;
}

Result<std::string> require_text(const Json& object, std::string_view name) {
  const auto value = require_member(object, name);
  if (!value) return fail(value.error());
  if (const std::string* text = (*value)->as_string()) return *text;
  return wrong_type(name, "a string", **value);
}

tl::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted, const Json& is) {
  return fail(ErrorKind::kBadInput, std::string(name) + " must be " + std::string(wanted) +
                                        ", not " + std::string(is.type_name()));
}

}  // namespace tandem::wire
