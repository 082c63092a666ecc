// What all parts of one simulated run share.
#pragma once

#include <cstdint>

#include "sim/checks.h"
#include "sim/network.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/record_store.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tandem::sim {

struct World {
  World(uint64_t seed, bool verbose)
      : random(seed), plan(draw_plan(random)), trace(schedule, verbose) {}

  uint64_t new_id() { return random.next() | 1; }
  int64_t wall_ms() const { return 1'700'000'000'000 + schedule.now() / kMs; }

  Random random;
  const Plan plan;
  Schedule schedule;
  Trace trace;
  Checks checks;
  Network network{schedule, random, trace, plan};
  RecordStore store{schedule, random, trace, plan, checks};
  bool healed = false;
};

}  // namespace tandem::sim
