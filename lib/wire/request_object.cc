#include "wire/request_object.h"

#include <string>

namespace tandem::wire {

Result<Json> parse_request_object(std::string_view body) {
  if (body.empty()) return fail(ErrorKind::kBadInput, "the body is empty, not a JSON object");
  auto json = parse_request_json(body);
  if (json && json->as_object() == nullptr) {
    return fail(ErrorKind::kBadInput,
                "the body is " + std::string(json->type_name()) + ", not a JSON object");
  }
  return json;
}

}  // namespace tandem::wire
