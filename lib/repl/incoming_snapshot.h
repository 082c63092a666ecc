// A snapshot of the leader's on its way to being the state of this replica:
//
//   chunks → the store (all of it there) → the applier prepares a state of its rows, beside the
//   present one → the newest on the disk → the applier installs it → the log goes on after it
//
// Until it is prepared the replica goes on as it was, and the snapshot can be dropped; from
// installing() on nothing else happens to state, log or core before it is over.
//
// Answers to chunks carry how much is there. A chunk that is answered with its own offset is sent
// again with the next heartbeat: so the leader hears that this replica is there and busy, and what
// comes again finds the snapshot prepared. Whether it is still wanted then the core looks at as
// with every chunk.
//
// Pure, as the driver is, whose part it is.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "repl/surroundings.h"

namespace tandem::repl {

class IncomingSnapshot {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // So much of it is there: to be told the leader.
    virtual void have_of_snapshot(Index index, uint64_t bytes) = 0;
    // It takes the place of the state now. The batch under way is dropped.
    virtual void installs(Index index) = 0;
    // The state is that of the snapshot; the log is not yet.
    virtual void state_replaced(Index index) = 0;
    // All is over: the log goes on after it.
    virtual void log_replaced(Index index, int64_t time_ms) = 0;
  };

  // Both outlive it.
  IncomingSnapshot(Owner& owner, const Surroundings& around) : owner_(owner), around_(around) {}
  IncomingSnapshot(const IncomingSnapshot&) = delete;
  IncomingSnapshot& operator=(const IncomingSnapshot&) = delete;

  bool installing() const { return installing_; }
  // `busy`: another snapshot is being made; it is asked for again meanwhile. REQUIRES: !installing().
  void take(const SnapshotChunk& chunk, bool busy);
  // What it would bring has come as entries.
  void state_reached(Index applied);
  // See Driver.
  void durable(Ticket log);
  // When tick() has something to do (Clock::boot_ns).
  int64_t next_deadline_ns() const { return again_ ? again_->at_ns : INT64_MAX; }
  void tick();

 private:
  struct Preparing {  // it is there, and read
    Index index = 0;
    std::optional<Status> read = {};  // once it is
  };
  struct Restart {  // of the log, after it was installed
    Ticket ticket = 0;
    Index index = 0;
    int64_t time_ms = 0;
  };
  struct Again {  // it begins anew then
    Index index = 0;
    int64_t at_ns = 0;
  };

  void prepare(const SnapshotChunk& last);
  void install(const SnapshotChunk& last);
  void installed(const Status& status);
  void receive_anew(Index index, SnapshotStore::Incoming why);
  void drop();

  Owner& owner_;
  const Surroundings& around_;
  std::optional<Preparing> preparing_;
  bool installing_ = false;
  std::optional<Restart> restart_;
  std::optional<Again> again_;
};

}  // namespace tandem::repl
