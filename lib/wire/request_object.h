// A request's body that has to be a JSON object. Pure.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::wire {

// Fails as parse_request_json, and with kBadInput: "the body is empty, not a JSON object", "the
// body is an array, not a JSON object".
Result<Json> parse_request_object(std::string_view body);

}  // namespace tandem::wire
