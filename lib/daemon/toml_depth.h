// How deep a TOML text nests, looked at before it is parsed: the parser makes a table of each part
// of a dotted key, and takes such a chain apart one call inside the other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::daemon {

// Parts of keys, arrays and inline tables, one inside the other.
inline constexpr size_t kMaxTomlDepth = 64;

// kConfig with the position where it gets too deep. What is no TOML passes up to its first error,
// which is the parser's to find.
Status check_toml_depth(std::string_view text, const std::string& name);

}  // namespace tandem::daemon
