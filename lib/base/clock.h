// Time as an interface, so that pure code takes it as an argument and tests move it by hand.
#pragma once

#include <cstdint>

namespace tandem {

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since boot, time asleep included (CLOCK_BOOTTIME): what leases and deadlines use.
  virtual int64_t boot_ns() const = 0;
  // Milliseconds since 1970-01-01 UTC; may jump.
  virtual int64_t wall_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t boot_ns() const override;
  int64_t wall_ms() const override;
};

// The one SystemClock of the process.
const Clock& system_clock();

}  // namespace tandem
