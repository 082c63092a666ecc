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
  Universe(uint64_t seed, bool verbose) : random(seed), trace(schedule, verbose) {}

  uint64_t new_id() { return random.next() | 1; }
  int64_t now() const { return schedule.now(); }
  int64_t wall_ms() const { return 1'700'000'000'000 + now() / kMs; }
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

  Random random;
  Schedule schedule;
  Trace trace;
  bool healed = false;
  std::array<uint64_t, kFaults> faults{};  // that came
};

}  // namespace tandem::sim
