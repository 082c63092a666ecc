// What is known of processes of this host, as an interface: who waits for a lock looks with it
// whether the lock's holder is dead, and need not wait for its session to run out then.
// consulhost/host_processes.h has that of a process, the simulator and tests have their own.
#pragma once

#include <memory>
#include <string>

#include "base/function.h"
#include "coord/coord.h"
#include "wire/json.h"

namespace tandem::consul {

class Processes {
 public:
  class Watch {
   public:
    virtual ~Watch() = default;  // stops it
  };

  virtual ~Processes() = default;
  // Names this process for good: host, boot, pid, start time, and the namespaces of both.
  virtual wire::Json self() const = 0;
  // True: the process that self() once named is dead for certain. False proves nothing.
  virtual bool proven_dead(const wire::Json& process) const = 0;
  // Calls back once when that process ends, later than the call; nullptr where that cannot be told
  // from here (it is one of another host, or dead already).
  virtual std::unique_ptr<Watch> watch(const wire::Json& process,
                                       UniqueFunction<void()> on_end) = 0;

  // Whether the entry `earlier` may be replaced by `later`, of the same id; kBusy with the reason
  // where it is seen to be of a living process with another directory. Calls back later.
  virtual void may_replace(const coord::Member& earlier, const coord::Member& later,
                           UniqueFunction<void(Status)> done) = 0;
  // coord::Coord::proven_dead.
  virtual void member_proven_dead(coord::Member member,
                                  UniqueFunction<void(Result<bool>)> done) = 0;
  // What Member::host is where the member does not say.
  virtual std::string host_name() const = 0;
};

}  // namespace tandem::consul
