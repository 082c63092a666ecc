// Restarts workers so that nobody notices, one at a time: does what restart_plan.h says.
//
// Nothing is kept about a restart: where this program ends in the middle of one, the next one finds
// a worker missing and starts it, or one too many and retires it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

#include "base/function.h"
#include "config.h"
#include "events.h"
#include "fleet.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "loop/loop.h"
#include "restart_plan.h"

namespace tandem::orch {

class Restarter {
 public:
  using Done = UniqueFunction<void(Result<pid_t>)>;

  Restarter(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
            group::Leadership& leadership, Fleet& fleet, Events& events);

  // Gives the pid of the new process once it is in sync. Errors: kNotFound (no such worker),
  // kConflict (another restart is under way), kUnavailable (there is no open master; it was
  // retired; this program stops), kTimeout; the message says how far it came.
  void restart(repl::ReplicaId id, Done done);
  // Looks at what is and does what is next; cheap, called on every change and by a timer.
  void tick();
  void stop();

 private:
  struct Task {
    RestartPlan plan;
    Done done;
  };

  RestartFacts facts_of(repl::ReplicaId id) const;
  void carry_out(const RestartStep& step);
  void hand_over(repl::ReplicaId to);
  void finish(Result<pid_t> result);

  loop::Loop& loop_;
  const OrchConfig& config_;
  group::Replicas& workers_;
  group::Leadership& leadership_;
  Fleet& fleet_;
  Events& events_;
  std::optional<Task> task_;
};

}  // namespace tandem::orch
