// A part of a daemon: something that is started before the process is ready and drained before it
// ends. Daemon::run starts parts in their order and drains them in reverse. Destroying a part, at
// any time, releases everything; draining only makes the end gentle.
#pragma once

#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"

namespace tandem::daemon {

class Part {
 public:
  virtual ~Part() = default;

  // One word for log lines.
  virtual std::string_view name() const = 0;

  // Calls done exactly once, now or later, on the loop. An error ends the process with the exit
  // status that belongs to it. Has its own deadline where it waits for others.
  virtual void start(UniqueFunction<void(Status)> done) = 0;

  // Between start() and its done: what it waits for, for people; empty: nothing that it could name.
  // Asked twice a second, and told to whoever started the process.
  virtual std::string waits_for() const { return {}; }

  // Takes nothing new, finishes what is in flight, then calls done exactly once, now or later.
  // May come before start() has called its done, which is then no longer waited for.
  virtual void drain(UniqueFunction<void()> done) = 0;

  // The drain time is over or the operator is impatient: let go of what is in flight. Comes for
  // every part that has not finished draining, after its drain(); the loop stops right after it.
  virtual void hurry() {}
};

}  // namespace tandem::daemon
