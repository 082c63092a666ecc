// Drivers on one loop with a disk each, local coordination and real links. Nobody elects here: the
// record is written by the test, as a controller would.
#include "replica/driver.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "coord/local.h"
#include "loop/loop.h"
#include "rpc/server.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/set_aside.h"
#include "support/temporary_directory.h"
#include "wire/bytes.h"
#include "wire/envelope.h"

namespace tandem::replica {
namespace {

namespace fs = std::filesystem;

// A list of the commands that were applied.
class Commands final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry& entry) override {
    all.push_back(entry.payload);
    return repl::Applied{200, entry.payload};
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
    if (Status good = Checker(reads_poison).check(row); !good) return good;
    all.emplace_back(row);
    return {};
  }
  Status finish_restore() override { return {}; }
  std::unique_ptr<repl::RowChecker> row_checker() const override {
    if (!checks) return nullptr;
    return std::make_unique<Checker>(reads_poison);
  }

  std::vector<std::string> all;
  // A row with "poison" in it cannot be restored, unless; and nobody looks at a snapshot before it
  // is used, unless.
  bool reads_poison = false;
  bool checks = false;

 private:
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
};

// One replica with what a worker puts around it.
class Node final : public rpc::Handler {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id, uint64_t snapshot_log_bytes,
       size_t max_in_sync)
      : coord_(*coord::open_local({.root = root / "coord"}, loop)),
        server_(loop,
                {.url = "ipc://" + (root / std::to_string(id)).string() + ".sock",
                 .max_message_bytes = size_t{16} << 20},
                *this),
        driver_(loop,
                {.group = "g",
                 .id = id,
                 .directory = directory(root, id),
                 .max_in_sync = max_in_sync,
                 .keys = {.max_number = 20},
                 .max_entry_bytes = 256 << 10,
                 .segment_bytes = 1 << 20,
                 .snapshot_log_bytes = snapshot_log_bytes},
                commands, *coord_) {
    EXPECT_TRUE(driver_.open());
    EXPECT_TRUE(server_.start());
    driver_.announce(server_.url());
    driver_.start([](const Status& status) { EXPECT_TRUE(status); });
  }

  static std::string directory(const fs::path& root, repl::ReplicaId id) {
    return root / "data" / std::to_string(id);
  }
  void on_call(rpc::Reply, std::string_view) override {}
  void on_message(rpc::Peer, std::string_view payload) override {
    driver_.on_peer(payload.substr(2));
  }

  Driver& driver() { return driver_; }
  Commands commands;

 private:
  std::unique_ptr<coord::Coord> coord_;
  rpc::Server server_;
  Driver driver_;
};

class DriverTest : public testing::Test {
 protected:
  DriverTest() { coord_ = *coord::open_local({.root = root_ / "coord"}, loop_); }

  Node& start(repl::ReplicaId id, uint64_t snapshot_log_bytes = 64 << 20, size_t max_in_sync = 3) {
    nodes_[id] = std::make_unique<Node>(loop_, root_, id, snapshot_log_bytes, max_in_sync);
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
    record.leader_session = *parse_hex_id(*node(id).driver().status().find("session")->as_string());
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

  Result<Written> write(repl::ReplicaId id, const std::string& command, std::string_view key = {}) {
    std::optional<Result<Written>> outcome;
    node(id).driver().write(command, key, 60'000,
                            [&](Result<Written> written) { outcome = std::move(written); });
    until([&] { return outcome.has_value(); });
    return *outcome;
  }

  uint64_t storage_id(repl::ReplicaId id) {
    return (*storage::load_identity(Node::directory(root_, id)))->storage_id;
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<coord::Coord> coord_;
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
};

TEST_F(DriverTest, AWriteIsAppliedOnBothReplicas) {
  start(1);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  const auto written = write(1, R"({"a":1})");
  ASSERT_TRUE(written);
  EXPECT_EQ(written->answer.body, R"({"a":1})");
  until([&] { return node(2).driver().applied_index() == written->index; });
  EXPECT_EQ(node(2).commands.all, node(1).commands.all);
}

TEST_F(DriverTest, EveryReplicaAnswersALinearizableReadFromWhatWasWrittenBefore) {
  start(1, 64 << 20, 2);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  start(3);  // the set is full: a reader outside
  for (int i = 0; i < 5; ++i) {
    const auto written = write(1, R"({"n":)" + std::to_string(i) + "}");
    ASSERT_TRUE(written);
    for (const repl::ReplicaId id : {1U, 2U, 3U}) {
      std::optional<Status> told;
      node(id).driver().when_readable(wire::Consistency::kLinearizable, 0, 20000,
                                      [&](Status status) { told = std::move(status); });
      until([&] { return told.has_value(); });
      ASSERT_TRUE(*told) << told->error().message;
      EXPECT_GE(node(id).driver().applied_index(), written->index) << "replica " << id;
    }
  }
}

TEST_F(DriverTest, AReadThatNobodyCanVouchForFailsInTime) {
  start(1);
  make_leader(1, 0, 1);
  start(2);
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  stop(1);
  std::optional<Status> told;
  // Leases end; the leader is gone and nobody chooses another.
  until([&] { return node(2).driver().status().find("lease")->dump() == "false"; });
  node(2).driver().when_readable(wire::Consistency::kLinearizable, 0, 100,
                                 [&](Status status) { told = std::move(status); });
  until([&] { return told.has_value(); });
  ASSERT_FALSE(*told);
  EXPECT_EQ(told->error().kind, ErrorKind::kTimeout);
}

TEST_F(DriverTest, AKeyIsCarriedOutOnce) {
  start(1);
  make_leader(1, 0, 1);
  EXPECT_TRUE(write(1, R"({"a":1})", "k"));
  EXPECT_TRUE(write(1, R"({"a":1})", "k"));
  EXPECT_EQ(write(1, R"({"a":2})", "k")->answer.status, 422);
  EXPECT_EQ(node(1).commands.all.size(), 1u);
}

TEST_F(DriverTest, NewKeysAreRefusedWhereTooManyAreRemembered) {
  start(1);
  make_leader(1, 0, 1);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(write(1, "{}", "k" + std::to_string(i)));
  const auto refused = write(1, "{}", "one more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_TRUE(write(1, "{}", "k1"));
  EXPECT_TRUE(write(1, "{}"));
}

// Whatever a door let through: what is in the log is kept for ever.
TEST_F(DriverTest, WhatTheStateCouldNotGiveBackIsNotLogged) {
  start(1);
  make_leader(1, 0, 1);
  const auto last_index = [&] { return node(1).driver().status().find("last_index")->dump(); };
  const std::string before = last_index();
  for (const std::string& key : {std::string("k\xff\xfe"), std::string("a\0b", 3),
                                 std::string(129, 'k'), std::string("\x1b[2J")}) {
    const auto refused = write(1, R"({"a":1})", key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
  }
  EXPECT_EQ(write(1, "refuse this").error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(last_index(), before);
}

TEST_F(DriverTest, OnlyALeaderTakesWrites) {
  start(1);
  const auto refused = write(1, "{}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
}

TEST_F(DriverTest, TellsWhenItTakesWritesAndWhenNoMore) {
  start(1);
  start(2);
  std::vector<std::pair<bool, repl::Epoch>> told;
  Driver& driver = node(1).driver();
  driver.on_takes_writes([&](bool takes) {
    EXPECT_EQ(driver.takes_writes(), takes);
    told.emplace_back(takes, takes ? driver.epoch() : 0);
  });
  EXPECT_EQ(driver.lineage(), 0u);
  EXPECT_EQ(driver.leader_lease_until(), 0);
  make_leader(1, 0, 1);
  until([&] { return told.size() == 1; });
  EXPECT_EQ(driver.lineage(), 77u);
  const int64_t now_ns = system_clock().boot_ns();
  EXPECT_GT(driver.leading_since_ns(), 0);
  EXPECT_LE(driver.leading_since_ns(), now_ns);
  EXPECT_GT(driver.leader_lease_until(), now_ns) << "alone in its set it always has one";
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  make_leader(2, 2, 2);
  until([&] { return told.size() == 2; });
  EXPECT_EQ(driver.leader_lease_until(), 0);
  until([&] { return node(1).driver().status().find("in_sync")->dump() == "true"; });
  make_leader(1, 4, 3);
  until([&] { return told.size() == 3; });
  driver.drain([] {});
  const std::vector<std::pair<bool, repl::Epoch>> all{{true, 1}, {false, 0}, {true, 3}, {false, 0}};
  EXPECT_EQ(told, all);
}

TEST_F(DriverTest, AReplicaWithoutDataAnswersNoRead) {
  start(1);
  std::optional<Status> told;
  node(1).driver().when_readable(wire::Consistency::kEventual, 0, 1000,
                                 [&](Status status) { told = std::move(status); });
  ASSERT_TRUE(told);
  EXPECT_FALSE(*told);
  make_leader(1, 0, 1);
  node(1).driver().when_readable(wire::Consistency::kEventual, 0, 1000,
                                 [&](Status status) { told = std::move(status); });
  EXPECT_TRUE(*told);
}

TEST_F(DriverTest, ACommandTooBigForAnEntryIsRefused) {
  start(1);
  make_leader(1, 0, 1);
  const auto refused = write(1, std::string(256 << 10, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(write(1, "{}"));
}

TEST_F(DriverTest, ARestartedLeaderHasItsWritesAndLeadsNoMoreInItsEpoch) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, R"({"a":1})"));
  stop(1);
  start(1);
  EXPECT_FALSE(node(1).driver().leading());
  make_leader(1, 1, 2);
  EXPECT_EQ(node(1).commands.all, std::vector<std::string>{R"({"a":1})"});
}

TEST_F(DriverTest, ALearnerComesUpByASnapshotWhereTheLogIsGone) {
  start(1, 64 << 10);
  make_leader(1, 0, 1);
  const std::string body(100 << 10, 'x');
  // Segments of a MiB: the first ones go once two snapshots are past them.
  until([&] {
    EXPECT_TRUE(write(1, '"' + std::to_string(node(1).commands.all.size()) + body + '"'));
    return node(1).driver().status().find("first_index")->dump() != "1";
  });
  start(2);
  until([&] { return node(2).driver().applied_index() == node(1).driver().applied_index(); });
  EXPECT_NE(node(2).driver().status().find("snapshot_index")->dump(), "0");
  EXPECT_EQ(node(2).commands.all, node(1).commands.all);

  // And again from its own disk.
  stop(2);
  start(2);
  EXPECT_FALSE(node(2).commands.all.empty());
  until([&] { return node(2).commands.all == node(1).commands.all; });
}

class DriverSnapshotTest : public DriverTest {
 protected:
  static constexpr uint64_t kEvery = 64 << 10;

  int64_t number(repl::ReplicaId id, std::string_view name) {
    return *node(id).driver().status().find(name)->as_int();
  }
  void write_large(repl::ReplicaId id) {
    EXPECT_TRUE(write(id, '"' + std::to_string(next_++) + std::string(100 << 10, 'x') + '"'));
  }
  // Writes until a later snapshot than now is there.
  void take_snapshot(repl::ReplicaId id) {
    const int64_t before = number(id, "snapshot_index");
    until([&] {
      write_large(id);
      return number(id, "snapshot_index") > before;
    });
  }
  void drop_log(repl::ReplicaId id) {
    until([&] {
      write_large(id);
      return number(id, "first_index") > 1;
    });
  }
  std::vector<std::string> files(repl::ReplicaId id, std::string_view part) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(Node::directory(root_, id))) {
      const std::string name = entry.path().filename();
      if (name.find(part) != std::string::npos) found.push_back(entry.path());
    }
    return found;
  }

 private:
  int next_ = 0;
};

TEST_F(DriverSnapshotTest, WhereTheNewestCannotBeRestoredTheOneBeforeItAndTheLogAre) {
  start(1, kEvery);
  make_leader(1, 0, 1);
  take_snapshot(1);
  ASSERT_TRUE(write(1, "poison"));
  take_snapshot(1);
  const uint64_t identity = storage_id(1);
  const std::vector<std::string> before = node(1).commands.all;
  stop(1);
  start(1, kEvery);
  EXPECT_EQ(storage_id(1), identity) << "nothing is lost";
  EXPECT_EQ(files(1, ".unreadable").size(), 1u);
  make_leader(1, 1, 2);
  EXPECT_EQ(node(1).commands.all, before);
}

TEST_F(DriverSnapshotTest, WhatCannotBeReadBackReplacesNothing) {
  start(1, kEvery).commands.checks = true;
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "poison"));
  for (int i = 0; i < 40; ++i) write_large(1);
  EXPECT_EQ(number(1, "snapshot_index"), 0);
  EXPECT_EQ(number(1, "first_index"), 1);
  until([&] { return files(1, "snap-").empty(); });
  const std::vector<std::string> before = node(1).commands.all;
  // Where it can be, the next one is as any other.
  node(1).commands.reads_poison = true;
  drop_log(1);
  EXPECT_GT(number(1, "snapshot_index"), 0);
  EXPECT_EQ(std::vector(node(1).commands.all.begin(),
                        node(1).commands.all.begin() + static_cast<ptrdiff_t>(before.size())),
            before);
}

TEST_F(DriverSnapshotTest, WithoutAnyTheDataIsSetAsideAndAnotherReplicasIsInstalled) {
  start(1, kEvery);
  make_leader(1, 0, 1);
  drop_log(1);
  start(2, kEvery);
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  ASSERT_GT(number(2, "first_index"), 1);
  const uint64_t identity = storage_id(2);
  stop(2);
  for (const std::string& file : files(2, "snap-")) std::ofstream(file) << "{}\n";
  start(2, kEvery);
  EXPECT_NE(storage_id(2), identity);
  EXPECT_EQ(node(2).driver().applied_index(), 0u);
  ASSERT_EQ(files(2, "set-aside-").size(), 1u);
  EXPECT_TRUE(fs::exists(files(2, "set-aside-")[0] + "/identity"));
  until([&] { return node(2).commands.all == node(1).commands.all; });
}

TEST_F(DriverSnapshotTest, AReceivedOneThatCannotBeRestoredIsNotInstalled) {
  start(1, kEvery);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "poison"));
  drop_log(1);
  Node& learner = start(2, kEvery);
  learner.commands.checks = true;
  // The leader sends all of it, and begins again.
  until([&] { return !files(2, ".incoming").empty(); });
  until([&] { return files(2, ".incoming").empty(); });
  EXPECT_EQ(learner.driver().applied_index(), 0u);
  learner.commands.reads_poison = true;
  until([&] { return learner.commands.all == node(1).commands.all; });
}

// One that is restarted again and again would have it far behind what it has to apply.
TEST_F(DriverTest, ARestartBringsNoSnapshotAboutByItself) {
  start(1, 2 << 20);
  make_leader(1, 0, 1);
  // More than is applied in one turn, less than makes a snapshot due.
  constexpr size_t kEntries = 30'000;
  for (size_t i = 1; i <= kEntries; ++i) {
    const auto nothing = [](const Result<Written>&) {};
    if (i % 10'000 != 0) {
      node(1).driver().write("1", {}, 60'000, nothing);
    } else {
      ASSERT_TRUE(write(1, "1"));
    }
  }
  ASSERT_EQ(node(1).driver().status().find("snapshot_index")->dump(), "0");
  stop(1);
  start(1, 2 << 20);
  make_leader(1, 1, 2);
  ASSERT_EQ(node(1).commands.all.size(), kEntries);
  const auto snapshot_index = [&] {
    return *node(1).driver().status().find("snapshot_index")->as_int();
  };
  until([&] {
    EXPECT_TRUE(write(1, std::string(100 << 10, 'x')));
    return snapshot_index() != 0;
  });
  EXPECT_GT(snapshot_index(), static_cast<int64_t>(kEntries));
}

TEST_F(DriverTest, DataWithoutAnIdentityIsSetAside) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  const uint64_t before = storage_id(1);
  stop(1);
  fs::remove(fs::path(Node::directory(root_, 1)) / "identity");
  start(1);
  EXPECT_NE(storage_id(1), before);
  EXPECT_EQ(node(1).driver().status().find("last_index")->dump(), "0");
  size_t aside = 0;
  for (const auto& entry : fs::directory_iterator(Node::directory(root_, 1))) {
    if (!entry.path().filename().string().starts_with("set-aside-")) continue;
    ++aside;
    EXPECT_TRUE(fs::exists(entry.path() / "promise"));
  }
  EXPECT_EQ(aside, 1u);
}

TEST_F(DriverTest, ALogThatEndsBeforeItsSnapshotMakesAnotherMember) {
  start(1, 64 << 10);
  make_leader(1, 0, 1);
  until([&] {
    EXPECT_TRUE(write(1, '"' + std::string(100 << 10, 'x') + '"'));
    // One of entry 1 would hold no command: that entry opens the epoch.
    return *node(1).driver().status().find("snapshot_index")->as_int() > 1;
  });
  const uint64_t before = storage_id(1);
  const auto held = node(1).commands.all.size();
  stop(1);
  // As if the disk had never written the log.
  const fs::path segment = fs::path(Node::directory(root_, 1)) / "log-00000000000000000001";
  std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  file << std::string(fs::file_size(segment) - 4096, '\0');
  file.close();
  start(1);
  EXPECT_NE(storage_id(1), before);
  EXPECT_LE(node(1).commands.all.size(), held);
  EXPECT_GT(node(1).commands.all.size(), 0u);
  // As it was found.
  const auto aside = storage::list_set_aside(Node::directory(root_, 1)).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(storage::load_identity(aside[0].path).value()->storage_id, before);
  EXPECT_TRUE(fs::exists(aside[0].path + "/log-00000000000000000001"));
}

TEST_F(DriverTest, ASuspectLogIsSetAsideAsItIs) {
  start(1);
  make_leader(1, 0, 1);
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(write(1, "{}"));
  const uint64_t before = storage_id(1);
  stop(1);
  const std::string directory = Node::directory(root_, 1);
  // Nothing else is left of the log than a name.
  fs::remove(directory + "/promise");
  const std::string segment = "/log-00000000000000000001";
  const auto bytes = storage::read_file(storage::system_disk(), directory + segment).value();
  start(1);
  EXPECT_NE(storage_id(1), before);
  const wire::Json status = node(1).driver().status();
  const auto& aside = *status.find("set_aside")->as_array();
  ASSERT_EQ(aside.size(), 1u);
  const std::string path = *aside[0].find("path")->as_string();
  EXPECT_EQ(*aside[0].find("reason")->as_string(), "the promise file is missing");
  EXPECT_EQ(storage::read_file(storage::system_disk(), path + segment).value(), bytes);
  EXPECT_EQ(storage::load_identity(path).value()->storage_id, before);
}

TEST_F(DriverTest, ADistrustedDiskIsSetAsideWhereAnotherMemberHasTheData) {
  start(1);
  start(2);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  until([&] { return node(2).driver().status().find("in_sync")->dump() == "true"; });
  const uint64_t before = storage_id(2);
  stop(2);
  ASSERT_TRUE(storage::mark_distrusted(Node::directory(root_, 2), "cannot sync"));
  start(2);
  EXPECT_NE(storage_id(2), before);
  const auto aside = storage::list_set_aside(Node::directory(root_, 2)).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(aside[0].reason, "cannot sync");
  EXPECT_FALSE(storage::distrust_reason(Node::directory(root_, 2)).value());
}

TEST_F(DriverTest, WhatMakesItFindableIsMadeAgain) {
  start(1);
  make_leader(1, 0, 1);
  const fs::path entry = root_ / "coord/g/members/1";
  const fs::path lock = fs::path(Node::directory(root_, 1)) / "lock";
  fs::remove(entry);
  until([&] { return fs::exists(entry); });
  fs::remove(lock);
  until([&] { return fs::exists(lock); });
  EXPECT_EQ(storage::directory_holder(Node::directory(root_, 1)).value(), getpid());
  // The entry names the new lock.
  std::optional<coord::Member> member;
  until([&] {
    coord_->members("g", [&](const Result<std::vector<coord::Member>>& members) {
      if (members && members->size() == 1) member = members->front();
    });
    struct stat status {};
    return member && stat(lock.c_str(), &status) == 0 && member->lock_inode == status.st_ino;
  });
  EXPECT_EQ(member->lock_path, lock);
  EXPECT_TRUE(write(1, "{}"));
}

TEST_F(DriverTest, ADistrustedDiskIsUsedWhereNobodyElseHasTheData) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  const uint64_t before = storage_id(1);
  stop(1);
  ASSERT_TRUE(storage::mark_distrusted(Node::directory(root_, 1), "cannot sync"));
  start(1);
  EXPECT_EQ(storage_id(1), before);
  EXPECT_TRUE(storage::list_set_aside(Node::directory(root_, 1)).value().empty());
  EXPECT_FALSE(storage::distrust_reason(Node::directory(root_, 1)).value());
}

}  // namespace
}  // namespace tandem::replica
