// What everything in one simulated run shares: chance, time, and the account of what happened.
#pragma once

#include <array>
#include <cstdint>

#include "sim/plan.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tandem::sim {

struct Universe {
  static constexpr int64_t kWallStepNs = 300 * kMs;
  static constexpr int64_t kDayMs = 24LL * 60 * 60 * 1000;

  Universe(uint64_t seed, bool verbose)
      : wall_seed(seed * 7919), random(seed), trace(schedule, verbose) {}

  uint64_t new_id() { return random.next() | 1; }
  int64_t now() const { return schedule.now(); }
  // Wall clocks are set to anything at any time, each for itself; that takes no chance from others.
  int64_t wall_ms(uint64_t process) const {
    Random step(wall_seed + process * 1'000'003 + static_cast<uint64_t>(now() / kWallStepNs));
    const int64_t off_ms = step.chance(300) ? 0 : step.between<int64_t>(-kDayMs, kDayMs);
    return 1'700'000'000'000 + now() / kMs + off_ms;
  }
  // Whether a fault of this chance comes now.
  bool strikes(uint32_t permille) { return !healed && random.chance(permille); }
  // How long something takes on its way now.
  int64_t delay_ns(const Plan& plan) {
    if (strikes(plan.late)) return between_ns(kMs, plan.late_ns);
    return between_ns(kMs / 20, plan.delay_ns);
  }
  int64_t between_ns(int64_t first_ns, int64_t last_ns) {
    return random.between<int64_t>(first_ns, last_ns);
  }

  const uint64_t wall_seed;
  uint64_t processes = 0;
  Random random;
  Schedule schedule;
  Trace trace;
  bool healed = false;
  std::array<uint64_t, kFaults> faults{};  // that came
};

}  // namespace tandem::sim
