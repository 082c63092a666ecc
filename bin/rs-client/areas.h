// The areas of rides by their names, out of what rs-rides lists (rs-rides(8), GET /api/v1/areas).
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/json.h"

namespace tandem::client {

// The number of the one area that is meant by its name or a part of it, in any case. kUsage,
// with the areas that could be meant, where it is not one. `areas` is an answer of GET areas.
Result<std::string> area_number(const wire::Json& areas, const std::string& word);
// Those whose name has the word in it, in any case; all where it is empty.
wire::Json::Array matching_areas(const wire::Json& areas, std::string_view word);

}  // namespace tandem::client
