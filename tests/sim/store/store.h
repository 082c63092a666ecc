// What the processes of one simulated store share.
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "base/function.h"
#include "sim/group.h"
#include "sim/store/ledger.h"
#include "sim/store/steps.h"
#include "sim/store/store_plan.h"
#include "sim/store/wires.h"
#include "sim/universe.h"

namespace tandem::sim {

struct Store {
  // Draws the plan.
  explicit Store(Universe& all);

  // A process passes a step: it may die there or be stopped.
  void passes(Step step, Process& process);
  // The group whose replicas have this role.
  Group& group(Role role) { return role == Role::kOrders ? orders : catalog; }
  // How long somebody waits for one answer.
  int64_t patience_ns() { return universe.between_ns(10 * kMs, plan.patience_ns); }

  Universe& universe;
  const StorePlan plan;
  Wires wires;
  Ledger ledger;
  Group orders;
  Group catalog;
  std::array<uint64_t, kSteps> steps{};  // at which something happened
};

}  // namespace tandem::sim
