// The restart of a worker that nobody notices: it is taken out of the in-sync set first, or, where
// it is the master, hands leadership over; then it is told to stop, started again on its directory,
// and waited for until it is in sync again. One at a time.
//
// Where the set may not get smaller, or the master has nobody to hand over to, one more worker
// helps out meanwhile. It is in the set before anybody leaves it, and goes when all is done.
//
// Nothing is kept about a restart: where this program ends in the middle of one, the next one finds
// a worker missing and starts it, or one too many and retires it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "base/function.h"
#include "config.h"
#include "events.h"
#include "fleet.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "loop/loop.h"

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
    repl::ReplicaId id = 0;
    uint64_t old_session = 0;
    bool was_member = false;
    bool told_to_stop = false;
    bool transferring = false;
    repl::ReplicaId helper = 0;
    int64_t deadline_ms = 0;
    repl::Index catch_up_to = 0;  // of the new process; 0: it has not registered yet
    std::string state;            // what is waited for
    Done done;
  };

  void make_free_to_go();
  void hand_over();
  void call_helper(const std::string& why);
  bool came_back();
  void wait_for(const std::string& what);
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
