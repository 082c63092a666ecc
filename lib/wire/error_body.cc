#include "wire/error_body.h"

#include "base/json_string.h"

namespace tandem::wire {

std::string error_body(int status, std::string_view message, std::string_view more) {
  std::string body = "{\"error\":{\"code\":" + std::to_string(status) + ",\"message\":";
  append_json_string(body, message);
  body += more;
  return body += "}}";
}

std::optional<Json> error_in(std::string_view body) {
  const auto json = parse_json(body);
  const Json* error = json ? json->find("error") : nullptr;
  return error != nullptr ? std::optional(*error) : std::nullopt;
}

std::optional<std::string> error_message_in(std::string_view body) {
  const auto error = error_in(body);
  const Json* message = error ? error->find("message") : nullptr;
  const std::string* text = message != nullptr ? message->as_string() : nullptr;
  return text != nullptr ? std::optional(*text) : std::nullopt;
}

}  // namespace tandem::wire
