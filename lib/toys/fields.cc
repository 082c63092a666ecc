#include "toys/fields.h"

#include <utility>

#include "base/ids.h"
#include "toys/price.h"
#include "toys/request.h"
#include "wire/request_object.h"
#include "wire/stored_json.h"
#include "wire/utf8.h"

namespace tandem::toys {
namespace {

constexpr size_t kMaxShownBytes = 64;

}  // namespace

Fields::Fields(const wire::Json& object) : object_(object) {
  if (object.as_object() == nullptr) {
    refuse(std::string(object.type_name()) + " is not a JSON object");
  }
}

void Fields::refuse(std::string message) {
  if (ok()) status_ = fail(ErrorKind::kBadInput, std::move(message));
}

template <typename T>
T Fields::take(Result<T> value) {
  if (value) return std::move(*value);
  if (ok()) status_ = fail(std::move(value.error()));
  return {};
}

const wire::Json* Fields::member(std::string_view name) {
  return ok() ? take(wire::require_member(object_, name)) : nullptr;
}

std::string Fields::text(std::string_view name) {
  return ok() ? take(wire::require_text(object_, name)) : "";
}

std::string Fields::toy_name(std::string_view name) {
  std::string value = text(name);
  if (!ok()) return {};
  if (const Status good = check_name(value); !good) refuse(good.error().message);
  return value;
}

std::string Fields::stored_text(std::string_view name) {
  if (!ok()) return {};
  auto text = wire::stored_text(object_, name);
  if (!text) refuse(std::string(name) + " is missing or no text");
  return std::move(text).value_or("");
}

int64_t Fields::integer(std::string_view name, int64_t min, int64_t max) {
  const wire::Json* value = member(name);
  if (value == nullptr) return {};
  const int64_t* integer = value->as_int();
  if (integer != nullptr && *integer >= min && *integer <= max) return *integer;
  const bool is_number = integer != nullptr || value->as_double() != nullptr;
  refuse(std::string(name) + " must be an integer from " + std::to_string(min) + " to " +
         std::to_string(max) + ", not " +
         (is_number ? wire::shortened(value->dump(), kMaxShownBytes)
                    : std::string(value->type_name())));
  return {};
}

uint64_t Fields::counter(std::string_view name) {
  return static_cast<uint64_t>(integer(name, 0, INT64_MAX));
}

bool Fields::boolean(std::string_view name) {
  const wire::Json* value = member(name);
  if (value == nullptr) return {};
  if (const bool* boolean = value->as_bool()) return *boolean;
  return take<bool>(wire::wrong_type(name, "a boolean", *value));
}

uint64_t Fields::id(std::string_view name) {
  const std::string value = text(name);
  if (!ok()) return {};
  const auto id = parse_hex_id(value);
  if (id) return *id;
  refuse(std::string(name) + " must be 16 lower-case hex digits");
  return {};
}

IntentId Fields::intent(std::string_view name) {
  const std::string value = text(name);
  if (!ok()) return {};
  const auto id = parse_intent_id(value);
  if (id) return *id;
  refuse(std::string(name) + ": " + id.error().message);
  return {};
}

int64_t Fields::price(std::string_view name) {
  const wire::Json* value = member(name);
  if (value == nullptr) return {};
  return take(price_of(*value, name));
}

const wire::Json::Array& Fields::array(std::string_view name) {
  static const wire::Json::Array kNone;
  const wire::Json* value = member(name);
  if (value == nullptr) return kNone;
  if (const wire::Json::Array* array = value->as_array()) return *array;
  status_ = wire::wrong_type(name, "an array", *value);
  return kNone;
}

Result<wire::Json> parse_stored_object(std::string_view row) {
  auto json = wire::parse_stored_json(row);
  if (!json) return fail(ErrorKind::kCorrupt, std::move(json.error().message));
  if (json->as_object() == nullptr) return fail(ErrorKind::kCorrupt, "a row is no JSON object");
  return json;
}

}  // namespace tandem::toys
