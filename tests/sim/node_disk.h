// A simulated disk (disk.h) as the driver of a replica writes and reads it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "repl/surroundings.h"
#include "sim/checks.h"
#include "sim/disk.h"

namespace tandem::sim {

class Node;

class NodeLog final : public repl::DurableLog {
 public:
  explicit NodeLog(Node& node) : node_(node) {}

  repl::Index first_index() const override;
  repl::Index last_index() const override;
  repl::Epoch epoch_at(repl::Index index) const override;
  std::vector<wire::Entry> read(repl::Index from, size_t max_bytes) const override;

  repl::Ticket append(const std::vector<wire::Entry>& entries) override;
  repl::Ticket cut(repl::Index from) override;
  repl::Ticket save_promise(repl::Epoch epoch) override;
  repl::Ticket save_committed(const repl::Position& position) override;
  repl::Ticket save_lineage(uint64_t lineage) override;
  repl::Ticket restart_after_snapshot() override;
  void drop_before(repl::Index index) override;
  void flush() override {}
  bool has_space() const override;
  bool fit_in_reserve(const std::vector<wire::Entry>&, bool for_commands) const override {
    return !for_commands;
  }

 private:
  repl::Ticket write(Disk::What what);

  Node& node_;
  repl::Ticket last_ticket_ = 0;
};

// The rows of a snapshot, one a line, and what ends them.
class SnapshotText final : public repl::SnapshotRows {
 public:
  explicit SnapshotText(std::string text) : text_(std::move(text)) {}
  Status for_each(const Take& take) override;
  void stop() override {}
  static std::string of(const repl::FrozenState& state);

 private:
  const std::string text_;
};

class NodeSnapshots final : public repl::SnapshotStore {
 public:
  explicit NodeSnapshots(Node& node) : node_(node) {}

  repl::Index index() const override;
  repl::Epoch epoch() const override;
  uint64_t size_bytes() const override;
  std::string read(uint64_t offset, size_t max_bytes) const override;
  int64_t time_ms() const override;

  void write(repl::Picture picture, const std::optional<repl::Record>& newest_record,
             UniqueFunction<void(Status)> done) override;
  bool writing() const override { return writing_; }
  Incoming receive(const repl::SnapshotChunk& chunk) override;
  uint64_t received_bytes() const override { return incoming_.rows.size(); }
  std::shared_ptr<repl::SnapshotRows> received() override;
  Incoming put_in_place() override;
  void stop_receiving() override { incoming_ = {}; }
  Incoming judge(const Error& error) override { violated(error.message); }

 private:
  Node& node_;
  Snapshot incoming_;
  bool writing_ = false;
};

}  // namespace tandem::sim
