// What all parts of one simulated group share: its plan, its invariants, and the universe.
#pragma once

#include <cstdint>
#include <string_view>

#include "sim/checks.h"
#include "sim/plan.h"
#include "sim/universe.h"

namespace tandem::sim {

struct World {
  // `name` is what the trace calls the group.
  World(Universe& all, const Plan& of_group, std::string_view name)
      : universe(all),
        random(all.random),
        schedule(all.schedule),
        plan(of_group),
        trace(all.trace, name) {}

  uint64_t new_id() { return universe.new_id(); }
  int64_t now() const { return universe.now(); }
  bool strikes(uint32_t permille) { return universe.strikes(permille); }
  int64_t between_ns(int64_t first_ns, int64_t last_ns) {
    return universe.between_ns(first_ns, last_ns);
  }

  Universe& universe;
  Random& random;
  Schedule& schedule;
  const Plan plan;
  NamedTrace trace;
  Checks checks;
};

}  // namespace tandem::sim
