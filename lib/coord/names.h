// Names of groups and locks. They become file names or keys: nothing that could leave the directory
// of the coordination, or be hidden in it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::coord {

// 1 to 64 letters, digits, '-', '_' and '.', the first one no '.'; else kBadInput, and the message
// begins with `what`.
Status check_name(std::string_view what, const std::string& name);
// For the settings that name a group: a Coord takes only names that were checked.
Status check_group_name(const std::string& name);

}  // namespace tandem::coord
