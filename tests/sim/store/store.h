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
  explicit Store(Universe& universe);

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

// Asks the replicas of a group, as lib/group's gateway does: what changes something goes to the
// leader, as far as is known, again with the same key where no answer came.
class Gateway {
 public:
  // All of them outlive this. `owner` is the process that asks, at this address.
  Gateway(Store& store, Role group, const Address& from, Process& owner)
      : store_(store), group_(group), from_(from), owner_(owner) {}

  // `done` gets a final answer, or what the last try came to when the time is over.
  void submit(Call call, int64_t budget_ns, Wires::Done done);
  // The session of whoever is taken for the leader; 0: it is not up.
  uint64_t leader_session();
  // Asks whoever is taken for the leader, once.
  void ask_leader(Call call, int64_t patience_ns, Wires::Done done);

 private:
  struct Try {
    Call call;
    int64_t deadline_ns = 0;  // own clock
    Wires::Done done;
    uint32_t tries = 0;
  };
  void attempt(Try what);
  repl::ReplicaId any_replica();
  void find_leader();

  Store& store_;
  const Role group_;
  const Address from_;
  Process& owner_;
  repl::ReplicaId leader_ = 0;  // 0: to be looked for
};

}  // namespace tandem::sim
