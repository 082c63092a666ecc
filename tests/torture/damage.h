// Damage to the files of a replica that is down.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace tandem::torture {

// The last bytes of the log, up to a few sectors, become zeros or rubbish: what a crash leaves of
// writes that were under way, and what a disk that lied about a sync leaves of acknowledged ones.
// Gives what was done.
Result<std::string> tear_tail(const std::string& directory, uint64_t choice);

// The promise file of a replica knows nothing any more of what was durable or committed; its
// promise stays.
Status forget_what_was_durable(const std::string& directory);

// One bit of one file that holds data is flipped.
Result<std::string> flip_bit(const std::string& directory, uint64_t choice);

// A file that takes all the space there is, and its end.
Status fill_disk(const std::string& directory);
void free_disk(const std::string& directory);

}  // namespace tandem::torture
