#include "base/clock.h"

#include <ctime>

namespace tandem {
namespace {

int64_t read_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

int64_t SystemClock::boot_ns() const { return read_ns(CLOCK_BOOTTIME); }
int64_t SystemClock::wall_ms() const { return read_ns(CLOCK_REALTIME) / 1'000'000; }

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace tandem
