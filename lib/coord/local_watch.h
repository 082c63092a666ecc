// Watches what is in a directory of a group: inotify on it, and a slow poll for what that misses.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "coord/coord.h"
#include "coord/record_files.h"
#include "loop/loop.h"

namespace tandem::coord {

std::unique_ptr<Watch> watch_local_record(loop::Loop& loop, const RecordFiles& files,
                                          uint64_t poll_ms,
                                          UniqueFunction<void(const Versioned&)> on_change);
// `directory`: of the members, below that of `files`.
std::unique_ptr<Watch> watch_local_members(
    loop::Loop& loop, const RecordFiles& files, const std::string& directory, uint64_t poll_ms,
    UniqueFunction<void(const std::vector<Member>&)> on_change);

}  // namespace tandem::coord
