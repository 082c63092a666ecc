// Reading members of a request body, with errors that name the member. Shared by the calls of both
// services; pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::rides {

// The member of an object. Fails with kBadInput where it is missing or no string.
Result<std::string> require_text(const wire::Json& object, std::string_view member);

// As require_text, and not empty.
Result<std::string> require_name(const wire::Json& object, std::string_view member);

}  // namespace tandem::rides
