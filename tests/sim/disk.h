// One simulated disk. What is written is seen at once; what was not synced is lost at a crash, all
// of it, some of it, or by the sector (a torn tail).
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "repl/events.h"
#include "repl/types.h"
#include "sim/random.h"

namespace tandem::sim {

class Log final : public repl::LogView {
 public:
  repl::Index first_index() const override { return base_ + 1; }
  repl::Index last_index() const override { return base_ + entries_.size(); }
  repl::Epoch epoch_at(repl::Index index) const override;
  std::vector<wire::Entry> read(repl::Index from, size_t max_bytes) const override;

  const wire::Entry& at(repl::Index index) const { return entries_.at(index - base_ - 1); }
  // Whether `entry` is here, or was before the log was shortened.
  bool holds(const wire::Entry& entry) const;
  void append(const wire::Entry& entry);
  void cut(repl::Index from);
  void drop_before(repl::Index first);
  void restart(repl::Index base, repl::Epoch epoch);

 private:
  repl::Index base_ = 0;
  repl::Epoch base_epoch_ = 0;
  std::deque<wire::Entry> entries_;
};

struct Snapshot {
  repl::Index index = 0;  // 0: there is none
  repl::Epoch epoch = 0;
  int64_t time_ms = 0;
  std::string rows;
  std::optional<repl::Record> record{};
};

// A log that starts anew after an installed snapshot.
struct RestartLog {
  repl::Index index = 0;
  repl::Epoch epoch = 0;
};

// What a snapshot holds is dropped from the log.
struct DropLog {
  repl::Index before = 0;
};

class Disk final : public repl::SnapshotView {
 public:
  using What = std::variant<repl::SavePromise, repl::SaveLineage, repl::SaveCommitted,
                            repl::AppendEntries, repl::CutLog, RestartLog, DropLog>;
  explicit Disk(uint64_t storage_id) : storage_id_(storage_id) {}

  void write(repl::Ticket ticket, What what);
  size_t unsynced() const { return writes_.size(); }
  // The first `count` writes reached the disk; or they are lost, and the next fsync is fine. The
  // ticket of the last of them.
  repl::Ticket sync(size_t count, bool lost = false);
  // The process or the machine is gone: chance decides what of the unsynced writes is there.
  void crash(Random& random);
  // Flips a bit in the log, below what a later record says was durable before it, or in the
  // snapshot: recovery finds that acknowledged data is lost, and gives the disk a new id before
  // anything else. False: there is nothing of the kind. REQUIRES: no process uses the disk.
  bool flip_bit(Random& random, uint64_t new_storage_id);
  // What a starting process makes of log and snapshot. False: they do not fit, and what was lost
  // may have been acknowledged, so the disk takes a new id.
  bool recover(uint64_t new_storage_id);
  void save_snapshot(Snapshot snapshot) { snapshot_ = std::move(snapshot); }

  uint64_t storage_id() const { return storage_id_; }
  uint64_t lineage() const { return lineage_; }
  repl::Epoch promise() const { return promise_; }
  repl::Position committed() const { return committed_; }
  // The newest record that log and snapshot tell of.
  std::optional<repl::Record> newest_record() const;
  // Becomes what `image` was: a copy of this disk, made earlier. REQUIRES: no process uses it.
  void go_back_to(const Disk& image);
  bool went_back() const { return went_back_; }
  bool tail_was_cut() const { return tail_was_cut_; }
  const Log& log() const { return written_; }
  const Log& durable_log() const { return durable_; }
  const Snapshot& snapshot() const { return snapshot_; }

  repl::Index index() const override { return snapshot_.index; }
  repl::Epoch epoch() const override { return snapshot_.epoch; }
  uint64_t size_bytes() const override { return snapshot_.rows.size(); }
  std::string read(uint64_t offset, size_t max_bytes) const override {
    return snapshot_.rows.substr(offset, max_bytes);
  }

 private:
  struct Write {
    repl::Ticket ticket = 0;
    What what;
    repl::Index durable_before = 0;  // the log's end on disk when this was written
  };
  void make_durable(const Write& write);
  void tear(Random& random);

  uint64_t storage_id_;
  uint64_t lineage_ = 0;
  repl::Epoch promise_ = 0;
  repl::Position committed_;
  bool went_back_ = false;
  Log durable_;
  std::map<repl::Index, repl::Index> claims_;  // of the log's records: durable when it was written
  Snapshot snapshot_;
  bool tail_was_cut_ = false;

  Log written_;  // as the process sees it
  std::deque<Write> writes_;
};

}  // namespace tandem::sim
