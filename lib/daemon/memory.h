// How the memory of a daemon behaves: what is freed goes back to the system, and where there is
// none left the process says so in its last line.
#pragma once

#include <cstdint>

namespace tandem::daemon {

// At start, before any thread.
void prepare_memory();

// What of this process is in RAM.
uint64_t resident_bytes();

}  // namespace tandem::daemon
