// Directories, as file.h has files. All calls block.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace tandem::file {

// Makes the directory and those above it where they are missing (0700), each durable in the one
// above.
Status make_directories(const std::string& path);
// Makes the directories above a file where they are missing, as the umask has it and not durable.
// What fails is told as `failed` and the directory.
Status make_parents(const std::string& path, const std::string& failed);
// kUnavailable where there is none: whoever removed it wants nothing made there again.
Status directory_is_there(const std::string& path);
// Makes renames, removals and new names in the directory durable.
Status sync_directory(const std::string& path);
// The names in a directory, in no order, without "." and "..".
Result<std::vector<std::string>> list_directory(const std::string& path);

}  // namespace tandem::file
