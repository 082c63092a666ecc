#include "wire/error_body.h"

#include "wire/json.h"

namespace tandem::wire {

std::optional<std::string> error_message(std::string_view body) {
  const auto json = parse_json(body);
  const Json* error = json ? json->find("error") : nullptr;
  const Json* message = error == nullptr ? nullptr : error->find("message");
  if (message == nullptr || message->as_string() == nullptr) return std::nullopt;
  return *message->as_string();
}

}  // namespace tandem::wire
