// The one clock of a run.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace tandem::torture {

// Microseconds since boot. Any thread.
inline int64_t now_us() { return system_clock().boot_ns() / 1000; }

}  // namespace tandem::torture
