// Which worker processes there are to be: whom to start and when, whom to retire, whom to kill, and
// what follows from how a process ended. Pure: what happens is told, with the time, and each
// question gives what is to be done now; Fleet does it, with processes and directories, and tells.
//
// A worker has a number for good; a slot is what is known of one and what is wanted of it. Members
// of the in-sync set have every acknowledged write: they come back before anything else. Those that
// are too many go one step at a time (retirement.h), and none is started again that is on its way.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "directory_fate.h"
#include "process_end.h"
#include "repl/types.h"
#include "retirement.h"

namespace tandem::orch {

struct Slot {
  repl::ReplicaId id = 0;

  // --- its process ---
  pid_t pid = 0;         // 0: none
  uint64_t session = 0;  // 0: it has not registered yet
  int64_t started_ms = 0;
  bool told_to_stop = false;
  int64_t stop_by_ms = 0;  // one that was told to stop is killed then
  bool overdue = false;    // it was killed for being late
  bool crashed = false;    // it was killed as an operator wanted, and its end is not seen yet

  // --- the one before ---
  std::optional<int64_t> exit_status;  // nullopt: not known
  int failures = 0;                    // in a row, without having run for a while
  std::string failure;                 // how it ended last, where it failed (cause_of)
  int64_t next_start_ms = 0;

  // --- what it is for ---
  bool retiring = false;
  repl::Epoch kept_out_of = 0;  // the epoch whose leader keeps it out of the set
  bool held = false;            // not to be retired
  bool helper = false;          // does not count

  bool running() const { return pid != 0; }
};

// The group as it is known now.
struct GroupFacts {
  const repl::Record* record = nullptr;  // nullptr: there is none
  bool leader_open = false;
  repl::ReplicaId leader() const { return record == nullptr ? 0 : record->leader; }
};

struct FleetLimits {
  uint32_t min_slaves = 1;
  uint32_t max_slaves = 8;
  int64_t start_timeout_ms = 300'000;  // 0: as long as it takes
  int64_t stop_timeout_ms = 5000;
};

class FleetPlan {
 public:
  explicit FleetPlan(const FleetLimits& limits) : limits_(limits), slaves_(limits.min_slaves) {}

  // --- what is known ---
  const std::map<repl::ReplicaId, Slot>& slots() const { return slots_; }
  // nullptr: there is no such worker.
  const Slot* find(repl::ReplicaId id) const;
  // There is a worker of this number: a directory, an entry of the registry, a member of the set.
  const Slot& add(repl::ReplicaId id);
  // One of a number that none had.
  repl::ReplicaId add_new() { return add(last_id_ + 1).id; }
  // Its directory is gone.
  void remove(repl::ReplicaId id) { slots_.erase(id); }

  // --- what happens to a process; REQUIRES: there is such a worker ---
  // It was started, or adopted.
  void runs(repl::ReplicaId id, pid_t pid, int64_t now_ms);
  // It says that it waits for something: start_timeout_ms begins anew.
  void still_starts(repl::ReplicaId id, int64_t now_ms) { at(id).started_ms = now_ms; }
  // This session has registered as this process, which lives. False: another one runs here, so the
  // entry is that of a dead one, whose pid may be in use again.
  bool registered(repl::ReplicaId id, pid_t pid, uint64_t session);
  // It could not be started: it is tried again after a pause, a longer one each time.
  void cannot_start(repl::ReplicaId id, int64_t now_ms);
  // Not before then.
  void postpone(repl::ReplicaId id, int64_t until_ms) { at(id).next_start_ms = until_ms; }
  // Its directory was made ready for the next one.
  void prepared(repl::ReplicaId id) { at(id).exit_status.reset(); }
  void told_to_stop(repl::ReplicaId id, int64_t now_ms);
  void crashed(repl::ReplicaId id) { at(id).crashed = true; }
  struct Ended {
    pid_t pid = 0;
    uint64_t session = 0;  // 0: it never registered
    bool asked = false;    // it was told to stop
  };
  // `end`: nullopt where it was no child.
  Ended ended(repl::ReplicaId id, const std::optional<ProcessEnd>& end, const GroupFacts& group,
              int64_t now_ms);
  // A worker ended as its configuration is refused, and none has come up since.
  bool config_refused() const { return config_refused_; }

  // --- how many there are to be ---
  // Those that run were started by an earlier life of this program, as scaling or an operator
  // wanted: they are kept, up to the maximum. The next window tells how many it takes.
  void keep_adopted();
  uint32_t slaves() const { return slaves_; }
  uint32_t within_limits(uint32_t slaves) const;
  void set_slaves(uint32_t slaves) { slaves_ = slaves; }
  void set_limits(uint32_t min_slaves, uint32_t max_slaves);
  // kConflict: there are as many as there may be.
  Status room_for_one_more() const;

  // --- what is to be done now ---
  struct Late {
    repl::ReplicaId id = 0;
    bool hangs = false;  // before it was ready; else it was told to stop and has not
  };
  // To be killed; named once.
  std::vector<Late> late(int64_t now_ms);
  struct Start {
    repl::ReplicaId id = 0;
    std::string reason;
  };
  // There is no record that can be used: all that there are may know what it was.
  std::vector<Start> everybody(int64_t now_ms) const;
  // Who begins a new group.
  repl::ReplicaId first();
  // Members of the set. REQUIRES, as for what follows: there is a record.
  std::vector<Start> missing_members(const GroupFacts& group, int64_t now_ms);
  // Makes the number of workers right: adds some, or marks some as retiring, which it gives.
  std::vector<repl::ReplicaId> fit(const GroupFacts& group);
  // All others that are to run.
  std::vector<Start> missing(int64_t now_ms) const;
  struct Leaving {
    repl::ReplicaId id = 0;
    RetirementStep step = RetirementStep::kWait;
  };
  // Of the retiring, what is next. One that was chosen as master stays, and is not named.
  std::vector<Leaving> leaving(const GroupFacts& group);
  // The leader of this epoch keeps it out of the set.
  void kept_out(repl::ReplicaId id, repl::Epoch epoch);

  // --- what an operator wants ---
  // Marks a helper as retiring; false where it is none, or is marked already.
  bool retire_helper(repl::ReplicaId id);
  void make_helper(repl::ReplicaId id) { at(id).helper = true; }
  // While a worker is held it is not chosen to go. False where it was, or there is none.
  bool hold(repl::ReplicaId id);
  void let_go(repl::ReplicaId id);
  // Whom crash/master kills, and crash/slave: the slave with the highest pid. nullptr: there is
  // none.
  const Slot* master_to_crash(const GroupFacts& group) const;
  const Slot* slave_to_crash(const GroupFacts& group) const;
  // Whether no other member of the set that lives, and is to go on living, is among the good
  // copies. False of one that is no member itself.
  bool is_last_good_copy(repl::ReplicaId id, const GroupFacts& group,
                         const std::set<repl::ReplicaId>& good_copies) const;

  // Completes what its directory tells. `good_copies`: members of the set that are seen to have
  // everything; `failed`: those whose disk is known to have failed.
  DirectoryFacts facts_of(repl::ReplicaId id, DirectoryFacts of_directory, const GroupFacts& group,
                          const std::set<repl::ReplicaId>& good_copies,
                          const std::set<repl::ReplicaId>& failed) const;

 private:
  Slot& at(repl::ReplicaId id) { return slots_.at(id); }
  Slot* surplus(const GroupFacts& group);

  FleetLimits limits_;
  std::map<repl::ReplicaId, Slot> slots_;
  repl::ReplicaId last_id_ = 0;
  uint32_t slaves_;
  bool config_refused_ = false;
};

}  // namespace tandem::orch
