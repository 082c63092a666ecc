// What carries out the commands of a log: the state machine, in this process or in an engine beside
// it. It works through batches of committed entries and may take its time: whatever else a replica
// does goes on meanwhile.
//
// A process begins with what its disk holds: begin() brings the state of the newest snapshot about,
// in this process, or finds in an engine beside it the state that an earlier life of this replica
// left there. An engine of its own may be lost, and come back with an older state than it had: it
// says so by Owner::went_back(), and is given the entries from there on again.
//
// Thread: that of the driver. Every completion is called exactly once, at once or later, unless the
// applier is destroyed before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "repl/state_machine.h"
#include "repl/types.h"

namespace tandem::repl {

// Gives the rows of a snapshot, in their order, to a function whose first error ends it. On one
// thread at a time, whichever. kCorrupt: it is not usable.
class SnapshotRows {
 public:
  virtual ~SnapshotRows() = default;
  using Take = std::function<Status(std::string_view row)>;
  virtual Status for_each(const Take& take) = 0;
  // From another thread: for_each() ends before its end.
  virtual void stop() = 0;
};

// The state at an index, for a snapshot.
struct Picture {
  Index index = 0;
  int64_t time_ms = 0;  // log time of that entry
  std::unique_ptr<FrozenState> rows;
  std::unique_ptr<RowChecker> checker;  // nullptr: every row can be restored
};

// What a state begins with: the newest snapshot on the disk, and whose disk that is.
struct Origin {
  Member member;      // a state of another one's is none of this replica's
  Position position;  // where the snapshot ends; nowhere: there is none, and there are no rows
  int64_t time_ms = 0;
  std::shared_ptr<SnapshotRows> rows;
};

class Applier {
 public:
  // Who gives the batches. Called from within begin() and apply(), or later.
  class Owner {
   public:
    virtual ~Owner() = default;
    // In the order of the log; what reads see has it. nullopt: the entry is no command.
    virtual void applied(const wire::Entry& entry, const std::optional<Applied>& answer) = 0;
    // Of the batch nothing more is applied: what is left of it is to be given again.
    virtual void batch_ended() = 0;
    // The state is that of an index before the highest that was applied, and no batch is under way
    // any more. The log goes on from it: an engine that has less begins with origin() first.
    virtual void went_back(Index index) = 0;

    // The newest snapshot, now.
    virtual Origin origin() = 0;
    // Whether a state as of that entry is one of this disk's log, and what comes after it is there
    // to be applied. Entries of one member's log are the same where index and epoch are.
    virtual bool goes_on_from(const Position& position) const = 0;
  };

  virtual ~Applier() = default;

  // Brings about the state that the process begins with, and calls `done` with its index: that of
  // the owner's origin(), or one that an engine has kept and that the log goes on from. kCorrupt:
  // the rows cannot be restored; it is begun again, with an older origin. Other errors end the
  // process. An engine that cannot be reached is waited for, and trouble() says so meanwhile.
  // REQUIRES: before anything else; what was begun is done.
  virtual void begin(Owner& owner, UniqueFunction<void(Result<Index>)> done) = 0;
  // Takes committed entries that go on where the state is. Applies the first of them, and as many
  // more as it has time for. REQUIRES: not empty; no batch is under way.
  virtual void apply(std::vector<wire::Entry> batch) = 0;
  // Gives up the batch under way, as far as it is not applied: its entries are in a snapshot that
  // takes the place of the state.
  virtual void drop_batch() = 0;

  // The state as of an entry that is applied now, or later. REQUIRES: not from within apply().
  virtual void picture(UniqueFunction<void(Result<Picture>)> done) = 0;
  // Makes the state of these rows, as of `index`, beside the present one, which goes on. What of
  // them is wrong shows here. REQUIRES: nothing else is prepared.
  virtual void prepare(Index index, std::shared_ptr<SnapshotRows> rows,
                       UniqueFunction<void(Status)> done) = 0;
  // Forgets what is prepared; where that is still under way its `done` is not called.
  virtual void drop_prepared() = 0;
  // The state becomes what was prepared, with this log time. An error ends the process. REQUIRES:
  // prepare() is done, without an error; no batch is under way.
  virtual void install(int64_t time_ms, UniqueFunction<void(Status)> done) = 0;

  // Whether a command may be logged: exactly_once.h.
  virtual Status admit(std::string_view command, std::string_view key) const = 0;
  // What a command with this key was answered, as of what is applied; nullopt: it was not carried
  // out, or is forgotten. kUnavailable: the engine that keeps it is gone.
  using FirstAnswer = UniqueFunction<void(Result<std::optional<Applied>>)>;
  virtual void first_answer(std::string_view command, std::string_view key, FirstAnswer done) = 0;

  // Why nothing can be applied or read now, for people; empty: it can.
  virtual std::string trouble() const { return {}; }
};

}  // namespace tandem::repl
