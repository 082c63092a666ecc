#include "rides/body.h"

namespace tandem::rides {

Result<std::string> require_text(const wire::Json& object, std::string_view member) {
  const wire::Json* value = object.find(member);
  if (value == nullptr) return fail(ErrorKind::kBadInput, std::string(member) + " is missing");
  const std::string* text = value->as_string();
  if (text == nullptr) {
    return fail(ErrorKind::kBadInput,
                std::string(member) + " must be a string, not " + std::string(value->type_name()));
  }
  return *text;
}

Result<std::string> require_name(const wire::Json& object, std::string_view member) {
  auto text = require_text(object, member);
  if (text && text->empty()) {
    return fail(ErrorKind::kBadInput, std::string(member) + " must not be empty");
  }
  return text;
}

}  // namespace tandem::rides
