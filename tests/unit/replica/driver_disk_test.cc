// Drivers whose snapshots, logs and directories are not what they were.
#include <sys/stat.h>

#include <algorithm>

#include "driver_fixture.h"
#include "storage/snapshot_format.h"

namespace tandem::replica {
namespace {

class DriverSnapshotTest : public DriverTest {
 protected:
  static constexpr uint64_t kEvery = 64 << 10;

  int64_t number(repl::ReplicaId id, std::string_view name) {
    return *node(id).host().status().find(name)->as_int();
  }
  void write_large(repl::ReplicaId id) {
    EXPECT_TRUE(write(id, '"' + std::to_string(next_++) + std::string(100 << 10, 'x') + '"'));
  }
  // Writes until a snapshot is there that holds all that is written by now.
  void take_snapshot(repl::ReplicaId id) {
    const int64_t written = number(id, "applied_index");
    until([&] {
      write_large(id);
      return number(id, "snapshot_index") >= written;
    });
  }
  void drop_log(repl::ReplicaId id) {
    until([&] {
      write_large(id);
      return number(id, "first_index") > 1;
    });
  }
  // Each makes the state larger by the same.
  int writes_between_snapshots_of(int writes) {
    start(1, kEvery);
    make_leader(1, 0, 1);
    for (int i = 0; i < writes; ++i) write_large(1);
    take_snapshot(1);
    const int64_t large = number(1, "snapshot_index");
    int more = 0;
    until([&] {
      write_large(1);
      ++more;
      return number(1, "snapshot_index") > large;
    });
    return more;
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

TEST_F(DriverSnapshotTest, OfALargeStateItsSizeIsLoggedBeforeTheNext) {
  EXPECT_GE(writes_between_snapshots_of(32), 32);
}

// Where it is kept over a restart, which then reads the log alone.
TEST_F(DriverSnapshotTest, OfALargeStateThatIsKeptAPartOfItsSizeIs) {
  size_counts_bytes_ = kEvery;
  EXPECT_LT(writes_between_snapshots_of(32), 16);
}

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
  EXPECT_FALSE(files(1, ".unreadable").empty());
  make_leader(1, 1, 2);
  EXPECT_EQ(node(1).commands.all, before);
}

// An operator's mistake: a directory, or a pipe that nobody writes to.
TEST_F(DriverSnapshotTest, WhereTheNewestIsNoFileTheOneBeforeItAndTheLogAre) {
  start(1, kEvery);
  make_leader(1, 0, 1);
  take_snapshot(1);
  repl::Epoch epoch = 1;
  for (const bool pipe : {false, true}) {
    take_snapshot(1);
    const uint64_t identity = storage_id(1);
    const std::vector<std::string> before = node(1).commands.all;
    const std::vector<std::string> snapshots = files(1, "snap-");
    const std::string newest = *std::max_element(snapshots.begin(), snapshots.end());
    stop(1);
    fs::remove(newest);
    if (pipe) {
      ASSERT_EQ(mkfifo(newest.c_str(), 0600), 0);
    } else {
      fs::create_directories(newest + "/in-it");
    }
    start(1, kEvery);
    EXPECT_EQ(storage_id(1), identity) << "nothing is lost";
    make_leader(1, epoch, epoch + 1);
    ++epoch;
    EXPECT_EQ(node(1).commands.all, before);
  }
}

TEST_F(DriverSnapshotTest, AnOlderOneThatCannotBeRemovedStopsNoNewOne) {
  start(1, kEvery);
  make_leader(1, 0, 1);
  fs::create_directories(Node::directory(root_, 1) + "/" + storage::snapshot_name(1) + "/in-it");
  for (int i = 0; i < 3; ++i) take_snapshot(1);
  EXPECT_EQ(files(1, "snap-").size(), 3U);
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
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
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

class IncomingSnapshotTest : public DriverSnapshotTest {
 protected:
  // A learner that has got a snapshot and reads it, for as long as that is held.
  Node& read_snapshot_at_learner() {
    start(1, kEvery);
    make_leader(1, 0, 1);
    drop_log(1);
    Node& learner = start(2, kEvery);
    learner.commands.restores_held = true;
    until([&] { return learner.commands.restores_waited == 1; });
    return learner;
  }
};

TEST_F(IncomingSnapshotTest, WhileOneIsReadTheLeaderIsAnswered) {
  Node& learner = read_snapshot_at_learner();
  const int heard = node(1).heard;
  until([&] { return node(1).heard >= heard + 3; });
  EXPECT_EQ(learner.driver().applied_index(), 0u);
  EXPECT_TRUE(learner.commands.all.empty());
  learner.commands.restores_held = false;
  until([&] { return learner.commands.all == node(1).commands.all; });
  EXPECT_NE(number(2, "snapshot_index"), 0);
  EXPECT_TRUE(files(2, ".incoming").empty());
}

TEST_F(IncomingSnapshotTest, ANewerOneTakesThePlaceOfOneThatIsRead) {
  Node& learner = read_snapshot_at_learner();
  const int64_t first = number(1, "snapshot_index");
  while (number(1, "snapshot_index") == first) take_snapshot(1);
  const int64_t next = number(1, "snapshot_index");
  learner.commands.restores_held = false;
  until([&] { return learner.commands.all == node(1).commands.all; });
  EXPECT_GE(number(2, "snapshot_index"), next);
}

// One that is restarted again and again would have it far behind what it has to apply.

TEST_F(DriverTest, DataWithoutAnIdentityIsSetAside) {
  const uint64_t before = write_and_stop(1);
  fs::remove(fs::path(Node::directory(root_, 1)) / "identity");
  start(1);
  EXPECT_NE(storage_id(1), before);
  EXPECT_EQ(node(1).host().status().find("last_index")->dump(), "0");
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
    return *node(1).host().status().find("snapshot_index")->as_int() > 1;
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
  const wire::Json status = node(1).host().status();
  const auto& aside = *status.find("set_aside")->as_array();
  ASSERT_EQ(aside.size(), 1u);
  const std::string path = *aside[0].find("path")->as_string();
  EXPECT_EQ(*aside[0].find("reason")->as_string(), "the promise file is missing");
  EXPECT_EQ(storage::read_file(storage::system_disk(), path + segment).value(), bytes);
  EXPECT_EQ(storage::load_identity(path).value()->storage_id, before);
}

// As a segment that is damaged, and a promise file that is.
TEST_F(DriverTest, WhereASegmentOrThePromiseFileIsNoneTheDiskJoinsAsANewOne) {
  for (const std::string name : {"log-00000000000000000001", "promise"}) {
    start(1);
    const uint64_t before = storage_id(1);
    stop(1);
    const fs::path path = fs::path(Node::directory(root_, 1)) / name;
    fs::rename(path, path.string() + ".was");
    fs::create_directories(path / "in-it");
    start(1);
    EXPECT_NE(storage_id(1), before) << name;
    EXPECT_TRUE(fs::exists(path.string() + ".unreadable/in-it"));
    stop(1);
    EXPECT_TRUE(fs::is_regular_file(path));
  }
}

TEST_F(DriverTest, WhereTheIdentityIsNoneAllIsSetAside) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  const uint64_t before = storage_id(1);
  stop(1);
  const fs::path directory = Node::directory(root_, 1);
  fs::remove(directory / "identity");
  fs::create_directories(directory / "identity/in-it");
  start(1);
  EXPECT_NE(storage_id(1), before);
  const auto aside = storage::list_set_aside(directory).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_TRUE(fs::exists(aside[0].path + "/identity/in-it"));
  EXPECT_TRUE(fs::exists(aside[0].path + "/log-00000000000000000001"));
}

TEST_F(DriverTest, AMarkThatIsNoFileIsOneAndIsClearedWhereNobodyElseHasTheData) {
  start(1);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  const uint64_t before = storage_id(1);
  stop(1);
  const fs::path mark = fs::path(Node::directory(root_, 1)) / "distrusted";
  fs::create_directories(mark / "in-it");
  start(1);
  EXPECT_EQ(storage_id(1), before);
  EXPECT_FALSE(fs::exists(mark));
  EXPECT_TRUE(fs::exists(mark.string() + ".unreadable/in-it"));
}

TEST_F(DriverTest, ADistrustedDiskIsSetAsideWhereAnotherMemberHasTheData) {
  start(1);
  start(2);
  make_leader(1, 0, 1);
  ASSERT_TRUE(write(1, "{}"));
  until([&] { return node(2).host().status().find("in_sync")->dump() == "true"; });
  const uint64_t before = storage_id(2);
  stop(2);
  ASSERT_TRUE(storage::mark_distrusted(Node::directory(root_, 2), {"cannot sync"}));
  start(2);
  EXPECT_NE(storage_id(2), before);
  const auto aside = storage::list_set_aside(Node::directory(root_, 2)).value();
  ASSERT_EQ(aside.size(), 1u);
  EXPECT_EQ(aside[0].reason, "cannot sync");
  EXPECT_FALSE(storage::distrust_mark(Node::directory(root_, 2)).value());
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
  const uint64_t before = write_and_stop(1);
  ASSERT_TRUE(storage::mark_distrusted(Node::directory(root_, 1), {"cannot sync"}));
  start(1);
  EXPECT_EQ(storage_id(1), before);
  EXPECT_TRUE(storage::list_set_aside(Node::directory(root_, 1)).value().empty());
  EXPECT_FALSE(storage::distrust_mark(Node::directory(root_, 1)).value());
}

}  // namespace
}  // namespace tandem::replica
