// The invariants of tandem-replication(7), looked at whenever something happens that could break
// one. A broken one ends the run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "repl/message.h"
#include "repl/state_machine.h"
#include "repl/types.h"
#include "sim/disk.h"
#include "sim/plan.h"

namespace tandem::sim {

[[noreturn]] void violated(std::string_view what);

class Checks {
 public:
  // The disk that replica `id` has now; a wiped one counts no more. It outlives its registration.
  void has_disk(repl::ReplicaId id, const Disk& disk) { disks_[id] = &disk; }
  bool is_there(const repl::Member& member) const;

  void record_changes(const repl::Record* before, const repl::Record& after);
  // Entries from `first` on were appended to `log`.
  void appended(const Log& log, repl::Index first);
  void cuts(const repl::Member& member, const Log& log, repl::Index from) const;
  void leads(repl::ReplicaId id, uint64_t session, repl::Epoch epoch, const Log& log);
  void stopped_leading(repl::ReplicaId id) { leading_.erase(id); }
  // The process is gone. Where not even the promise of an epoch that it led reached the disk,
  // nothing of it left the process: the next one may lead that epoch.
  void dies(repl::ReplicaId id, uint64_t session, const Disk& disk);
  // The commit index of a replica goes up from `before` to `now`.
  void leader_commits(repl::Epoch epoch, const Log& log, repl::Index before, repl::Index now);
  void follower_commits(const Log& log, repl::Index before, repl::Index now) const;
  void leaves(const repl::Message& message, const Disk& disk) const;
  void disk_is_renewed(const repl::Member& member) const;
  void applies(const wire::Entry& entry) const;
  // Log time goes no faster than the clocks that it is counted by, whatever wall clocks say.
  void has_log_time(const wire::Entry& entry, int64_t now_ns);
  // The state machine carries out the command of this key.
  void takes_effect(const std::string& key, repl::Index index);
  // A client's command was answered.
  void acknowledged(const std::string& key, const repl::Applied& answer);

  // Whether something was committed in this epoch.
  bool has_opened(repl::Epoch epoch) const {
    return std::find(committed_in_.begin(), committed_in_.end(), epoch) != committed_in_.end();
  }
  bool holds_all(const Disk& disk) const;
  // Whether this replica's disk was an earlier image of itself once.
  bool is_image(repl::ReplicaId id) const { return disks_.at(id)->went_back(); }
  // ... that lacks something yet.
  bool went_back(repl::ReplicaId id) const {
    const Disk& disk = *disks_.at(id);
    return disk.went_back() && !holds_all(disk);
  }

  const std::vector<wire::Entry>& committed() const { return committed_; }
  size_t acknowledged() const { return answers_.size(); }
  // Where the command of this key took effect.
  repl::Index effect_of(const std::string& key) const { return effects_.at(key); }

 private:
  bool was_there(const repl::Record& record) const;
  void in_sync_disks_hold(const repl::Record& record, repl::Index from) const;

  struct Identity {  // what an entry at an index and epoch is, and what is before it
    wire::Entry entry;
    repl::Epoch epoch_before = 0;
  };
  struct Leading {
    repl::Epoch epoch = 0;
    const Log* log = nullptr;
  };

  int64_t first_time_ms_ = 0;  // log time of the first entry that was applied
  std::map<repl::ReplicaId, const Disk*> disks_;
  repl::Record record_;                    // the newest that was ever there
  std::vector<repl::Record> records_;      // all
  std::vector<wire::Entry> committed_;     // at [index - 1]
  std::vector<repl::Epoch> committed_in_;  // the epoch of the first leader that committed it
  std::map<std::pair<repl::Index, repl::Epoch>, Identity> entries_;
  std::map<repl::Epoch, std::pair<repl::ReplicaId, uint64_t>> leaders_;
  std::map<repl::ReplicaId, Leading> leading_;
  std::map<std::string, repl::Applied> answers_;
  std::map<std::string, repl::Index> effects_;
};

}  // namespace tandem::sim
