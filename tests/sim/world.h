// What all parts of one simulated run share.
#pragma once

#include <array>
#include <cstdint>

#include "sim/checks.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tandem::sim {

struct World {
  World(uint64_t seed, bool verbose)
      : random(seed), plan(draw_plan(random)), trace(schedule, verbose) {}

  uint64_t new_id() { return random.next() | 1; }
  int64_t now() const { return schedule.now(); }
  int64_t wall_ms() const { return 1'700'000'000'000 + now() / kMs; }
  // Whether a fault of this chance comes now.
  bool strikes(uint32_t permille) { return !healed && random.chance(permille); }
  int64_t between_ns(int64_t first_ns, int64_t last_ns) {
    return random.between<int64_t>(first_ns, last_ns);
  }

  Random random;
  const Plan plan;
  Schedule schedule;
  Trace trace;
  Checks checks;
  bool healed = false;
  std::array<uint64_t, kFaults> faults{};  // that came
};

}  // namespace tandem::sim
