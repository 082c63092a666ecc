// The log on disk as the driver of a replica writes and reads it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "repl/surroundings.h"
#include "replica/snapshots.h"
#include "storage/identity.h"
#include "storage/log.h"

namespace tandem::replica {

class DiskLog final : public repl::DurableLog {
 public:
  struct Options {
    std::string directory;       // of the identity
    uint64_t reserve_bytes = 0;  // of a segment, that commands leave free on a full disk
  };
  // What cannot be read any more is given to `failed`, which ends the process. The others outlive
  // this.
  DiskLog(Options options, storage::Identity& identity, const Snapshots& snapshots,
          std::function<void(const Error&)> failed);
  // The log is this one from now on. REQUIRES: before anything else, and before anything was
  // written to the one before.
  void use(storage::Log& log) { log_ = &log; }

  repl::Index first_index() const override { return log_->first_index(); }
  repl::Index last_index() const override { return log_->last_index(); }
  repl::Epoch epoch_at(repl::Index index) const override { return log_->epoch_at(index); }
  std::vector<wire::Entry> read(repl::Index from, size_t max_bytes) const override;

  repl::Ticket append(const std::vector<wire::Entry>& entries) override {
    return log_->append(entries);
  }
  repl::Ticket cut(repl::Index from) override { return log_->cut(from); }
  repl::Ticket save_promise(repl::Epoch epoch) override { return log_->save_promise(epoch); }
  repl::Ticket save_committed(const repl::Position& position) override {
    return log_->save_committed(position.epoch, position.index);
  }
  repl::Ticket save_lineage(uint64_t lineage) override;
  repl::Ticket restart_after_snapshot() override;
  void drop_before(repl::Index index) override { log_->drop_before(index); }
  void flush() override { log_->flush(); }
  bool has_space() const override { return log_->has_space(); }
  bool fit_in_reserve(const std::vector<wire::Entry>& entries, bool for_commands) const override {
    return log_->fit_in_segment(entries, for_commands ? options_.reserve_bytes : 0);
  }

 private:
  const Options options_;
  storage::Log* log_ = nullptr;
  storage::Identity& identity_;
  const Snapshots& snapshots_;
  const std::function<void(const Error&)> failed_;
};

}  // namespace tandem::replica
