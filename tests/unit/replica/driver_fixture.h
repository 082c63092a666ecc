// Drivers on one loop with a disk each, local coordination and real links. Nobody elects here: the
// record is written by the test, as a controller would.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "coord/local.h"
#include "loop/loop.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/host.h"
#include "rpc/server.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/set_aside.h"
#include "support/temporary_directory.h"
#include "wire/bytes.h"
#include "wire/envelope.h"

namespace tandem::replica {
namespace fs = std::filesystem;

// A list of the commands that were applied.
class Commands final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry& entry) override {
    all.push_back(entry.payload);
    return repl::Applied{200, entry.payload};
  }
  // What begins with "long" takes long: as long as `held` says so.
  repl::Applying begin(const wire::Entry& entry) override {
    if (!entry.payload.starts_with("long")) return apply(entry);
    return std::make_unique<Long>(*this, entry);
  }
  Status admit(std::string_view command) const override {
    if (command.starts_with("refuse")) return fail(ErrorKind::kBadInput, "refused");
    return {};
  }
  std::unique_ptr<repl::FrozenState> freeze() const override {
    return std::make_unique<Frozen>(all);
  }
  void reset() override { all.clear(); }
  Status restore_row(std::string_view row) override {
    if (origin_ != nullptr) origin_->wait_while_restores_are_held();
    if (Status good = Checker(reads_poison).check(row); !good) return good;
    all.emplace_back(row);
    return {};
  }
  Status finish_restore() override { return {}; }
  std::unique_ptr<repl::StateMachine> make_empty() const override {
    auto made = std::make_unique<Commands>();
    made->reads_poison = reads_poison;
    made->origin_ = this;
    return made;
  }
  void swap_state(repl::StateMachine& made) override { all.swap(static_cast<Commands&>(made).all); }
  std::unique_ptr<repl::RowChecker> row_checker() const override {
    if (!checks) return nullptr;
    return std::make_unique<Checker>(reads_poison);
  }

  std::vector<std::string> all;
  // A row with "poison" in it cannot be restored, unless; and nobody looks at a snapshot before it
  // is used, unless.
  bool reads_poison = false;
  bool checks = false;
  std::atomic<bool> held = false;
  // Restoring a snapshot beside this one waits; how many have begun to.
  std::atomic<bool> restores_held = false;
  mutable std::atomic<int> restores_waited = 0;

 private:
  // The test's own thread never does: it is the loop's, too.
  void wait_while_restores_are_held() const {
    if (!restores_held || std::this_thread::get_id() == thread_) return;
    ++restores_waited;
    while (restores_held) std::this_thread::yield();
  }

  class Long final : public repl::LongCommand {
   public:
    Long(Commands& machine, wire::Entry entry) : machine_(machine), entry_(std::move(entry)) {}
    void run(const std::function<bool()>& stopped) override {
      while (machine_.held && !stopped()) std::this_thread::yield();
    }
    repl::Applied finish() override { return machine_.apply(entry_); }

   private:
    Commands& machine_;
    const wire::Entry entry_;
  };
  class Checker final : public repl::RowChecker {
   public:
    explicit Checker(bool reads_poison) : reads_poison_(reads_poison) {}
    Status check(std::string_view row) override {
      if (reads_poison_ || row.find("poison") == std::string_view::npos) return {};
      return fail(ErrorKind::kCorrupt, "a poisoned row");
    }

   private:
    bool reads_poison_;
  };
  class Frozen final : public repl::FrozenState {
   public:
    explicit Frozen(std::vector<std::string> rows) : rows_(std::move(rows)) {}
    bool write_rows(const repl::RowSink& sink) const override {
      for (const std::string& row : rows_) {
        if (!sink(row)) return false;
      }
      return true;
    }

   private:
    std::vector<std::string> rows_;
  };

  const Commands* origin_ = nullptr;
  const std::thread::id thread_ = std::this_thread::get_id();
};

// One replica with what a worker puts around it.
class Node final : public rpc::Handler {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id, const repl::DriverLimits& limits,
       size_t max_in_sync)
      : coord_(*coord::open_local({.root = root / "coord"}, loop)),
        server_(loop,
                {.url = "ipc://" + (root / std::to_string(id)).string() + ".sock",
                 .max_message_bytes = size_t{16} << 20},
                *this),
        jobs_(loop),
        host_(loop,
              {.group = "g",
               .id = id,
               .directory = directory(root, id),
               .max_in_sync = max_in_sync,
               .segment_bytes = 1 << 20,
               .limits = limits},
              applier_, *coord_) {
    EXPECT_TRUE(host_.open());
    EXPECT_TRUE(server_.start());
    host_.announce(server_.url());
  }
  void start() {
    host_.start([](const Status& status) { EXPECT_TRUE(status); });
  }

  static std::string directory(const fs::path& root, repl::ReplicaId id) {
    return root / "data" / std::to_string(id);
  }
  void on_call(rpc::Reply, std::string_view) override {}
  void on_message(rpc::Peer, std::string_view payload) override {
    ++heard;
    host_.on_peer(payload.substr(2));
  }

  Host& host() { return host_; }
  repl::Driver& driver() { return host_.driver(); }
  Commands commands;
  int heard = 0;  // messages

 private:
  std::unique_ptr<coord::Coord> coord_;
  rpc::Server server_;
  BackgroundJobs jobs_;
  repl::MemoryApplier applier_{commands, {.max_number = 20}, system_clock(), jobs_};
  Host host_;
};

class DriverTest : public testing::Test {
 protected:
  DriverTest() { coord_ = *coord::open_local({.root = root_ / "coord"}, loop_); }

  Node& start(repl::ReplicaId id, uint64_t snapshot_log_bytes = 64 << 20, size_t max_in_sync = 3) {
    Node& made = make(id, snapshot_log_bytes, max_in_sync);
    made.start();
    until([&] { return !made.driver().begins(); });
    return made;
  }
  // The process is there, and starts next.
  Node& make(repl::ReplicaId id, uint64_t snapshot_log_bytes = 64 << 20, size_t max_in_sync = 3) {
    const repl::DriverLimits limits{.max_entry_bytes = 256 << 10,
                                    .snapshot_log_bytes = snapshot_log_bytes,
                                    .snapshot_size_counts_bytes = size_counts_bytes_};
    nodes_[id] = std::make_unique<Node>(loop_, root_, id, limits, max_in_sync);
    return *nodes_[id];
  }
  Node& node(repl::ReplicaId id) { return *nodes_.at(id); }
  void stop(repl::ReplicaId id) { nodes_.erase(id); }

  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }

  void make_leader(repl::ReplicaId id, uint64_t expected_version, repl::Epoch epoch) {
    const auto identity = storage::load_identity(Node::directory(root_, id));
    repl::Record record;
    record.lineage = 77;
    record.epoch = epoch;
    record.version = expected_version + 1;
    record.leader = id;
    record.leader_session = *parse_hex_id(*node(id).host().status().find("session")->as_string());
    record.in_sync = {repl::Member{id, (*identity)->storage_id}};
    bool done = false;
    coord_->swap_record("g", expected_version, repl::to_text(record),
                        [&](Result<coord::SwapOutcome> outcome) {
                          EXPECT_EQ(*outcome, coord::SwapOutcome::kApplied);
                          done = true;
                        });
    until([&] { return done; });
    until([&] { return node(id).driver().takes_writes(); });
  }

  Result<repl::Written> write(repl::ReplicaId id, const std::string& command,
                              std::string_view key = {}) {
    std::optional<Result<repl::Written>> outcome;
    node(id).driver().write(command, key, 60'000,
                            [&](Result<repl::Written> written) { outcome = std::move(written); });
    until([&] { return outcome.has_value(); });
    return *outcome;
  }

  // A replica that led alone, wrote once and has stopped; gives its storage id.
  uint64_t write_and_stop(repl::ReplicaId id) {
    start(id);
    make_leader(id, 0, 1);
    EXPECT_TRUE(write(id, "{}"));
    const uint64_t storage = storage_id(id);
    stop(id);
    return storage;
  }
  uint64_t storage_id(repl::ReplicaId id) {
    return (*storage::load_identity(Node::directory(root_, id)))->storage_id;
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<coord::Coord> coord_;
  uint64_t size_counts_bytes_ = std::numeric_limits<uint64_t>::max();
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
};

}  // namespace tandem::replica
