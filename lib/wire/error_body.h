// The error object of all services: {"error":{"code":400,"message":"…"}}, and back. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wire/json.h"

namespace tandem::wire {

// `more`: further members as JSON text, each after its comma.
std::string error_body(int status, std::string_view message, std::string_view more = {});

// What stands in a body as "error"; nothing where the body is no JSON or has none.
std::optional<Json> error_in(std::string_view body);
// The message of it; nothing where it has none.
std::optional<std::string> error_message_in(std::string_view body);

}  // namespace tandem::wire
