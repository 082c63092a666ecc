// Texts that have to be JSON objects, and what stands in them. Pure. Errors are kBadInput.
#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::wire {

// Fails as parse_request_json, and with "the body is empty, not a JSON object", "the body is an
// array, not a JSON object".
Result<Json> parse_request_object(std::string_view body);
// The same of what processes tell each other: fails as parse_json.
Result<Json> parse_object(std::string_view body);

// A member of an object. "source is missing".
Result<const Json*> require_member(const Json& object, std::string_view name);
// "source is missing", "source must be a string, not an integer".
Result<std::string> require_text(const Json& object, std::string_view name);
tl::unexpected<Error> wrong_type(std::string_view name, std::string_view wanted, const Json& is);

}  // namespace tandem::wire
