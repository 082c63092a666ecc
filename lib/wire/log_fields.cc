#include "wire/log_fields.h"

namespace tandem::wire {

std::vector<log::Field> log_fields(const Json& object) {
  std::vector<log::Field> fields;
  if (object.as_object() == nullptr) return fields;
  for (const auto& [name, value] : *object.as_object()) {
    const std::string* text = value.as_string();
    log::Field& field = fields.emplace_back(name, text != nullptr ? *text : value.dump());
    field.quoted = text != nullptr;
  }
  return fields;
}

}  // namespace tandem::wire
