#include "directories.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/set_aside.h"
#include "support/temporary_directory.h"

namespace tandem::orch {
namespace {

namespace fs = std::filesystem;

class DirectoriesTest : public testing::Test {
 protected:
  // Of a replica of lineage 7.
  void fill(repl::ReplicaId id, uint64_t storage_id) {
    fs::create_directories(directories.path(id));
    ASSERT_TRUE(storage::save_identity(directories.path(id), {7, storage_id}));
    write(id, "promise");
    write(id, "log-00000000000000000001");
  }
  void write(repl::ReplicaId id, const std::string& name) const {
    std::ofstream(directories.path(id) + "/" + name) << "x";
  }
  bool has(repl::ReplicaId id, const std::string& name) const {
    return fs::exists(directories.path(id) + "/" + name);
  }

  support::TemporaryDirectory root;
  Directories directories{root.path()};
};

TEST_F(DirectoriesTest, OnlyNumbersAreWorkers) {
  for (const char* name : {"3", "12", "0", "x", "4x", "-5", "99999999999"}) {
    fs::create_directories(root.path() + "/" + name);
  }
  auto ids = directories.ids();
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(ids, (std::vector<repl::ReplicaId>{3, 12}));
  EXPECT_TRUE(Directories(root.path() + "/nowhere").ids().empty());
}

TEST_F(DirectoriesTest, DataIsWhatBelongsToADatabaseOrCannotBeTold) {
  EXPECT_FALSE(directories.holds_data(1));
  fs::create_directories(directories.path(1));
  EXPECT_FALSE(directories.holds_data(1));
  write(1, "promise");
  EXPECT_TRUE(directories.holds_data(1)) << "its identity is gone";
  ASSERT_TRUE(storage::save_identity(directories.path(1), {0, 5}));
  EXPECT_FALSE(directories.holds_data(1)) << "of no database yet";
  ASSERT_TRUE(storage::save_identity(directories.path(1), {7, 5}));
  EXPECT_TRUE(directories.holds_data(1));
  ASSERT_TRUE(storage::save_identity(directories.path(1), {0, 5}));
  for (const char* restore : {"replacement", "replacing"}) {
    fs::create_directories(directories.path(1) + "/" + restore);
    EXPECT_TRUE(directories.holds_data(1)) << restore;
    fs::remove(directories.path(1) + "/" + restore);
  }
  std::ofstream(directories.path(1) + "/identity") << "torn";
  EXPECT_TRUE(directories.holds_data(1));
}

TEST_F(DirectoriesTest, TheMarkOfADistrustedDiskIsSeenWithItsKind) {
  fill(1, 5);
  EXPECT_FALSE(directories.look(1).marked);
  ASSERT_TRUE(storage::mark_distrusted(directories.path(1), {"fsync failed"}));
  EXPECT_TRUE(directories.look(1).marked);
  EXPECT_FALSE(directories.look(1).old);
  ASSERT_TRUE(
      storage::mark_distrusted(directories.path(1), {"went back", storage::Distrust::Kind::kOld}));
  EXPECT_TRUE(directories.look(1).old);
}

TEST_F(DirectoriesTest, PreparingLeavesAloneWhatIsTrusted) {
  fill(1, 5);
  const auto aside = directories.prepare(1, StartFate::kStart);
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, "");
  EXPECT_TRUE(has(1, "log-00000000000000000001"));
}

TEST_F(DirectoriesTest, ADiskIsMarkedForItsWorkerOrTrustedAgain) {
  fill(1, 5);
  ASSERT_TRUE(directories.prepare(1, StartFate::kStartNew));
  EXPECT_TRUE(directories.look(1).marked);
  EXPECT_FALSE(directories.look(1).old);
  ASSERT_TRUE(
      storage::mark_distrusted(directories.path(1), {"went back", storage::Distrust::Kind::kOld}));
  ASSERT_TRUE(directories.prepare(1, StartFate::kStartNew));
  EXPECT_TRUE(directories.look(1).old) << "the worker's own mark stays";
  ASSERT_TRUE(directories.prepare(1, StartFate::kTrust));
  EXPECT_FALSE(directories.look(1).marked);
  EXPECT_TRUE(has(1, "log-00000000000000000001")) << "none of it removes data";
}

TEST_F(DirectoriesTest, WhatWasGivenUpIsMovedAsideOnce) {
  fill(1, 5);
  directories.give_up({1, 5});
  EXPECT_TRUE(directories.look(1).given_up);
  const auto aside = directories.prepare(1, StartFate::kMoveAway);
  ASSERT_TRUE(aside) << aside.error().message;
  EXPECT_TRUE(fs::exists(*aside + "/log-00000000000000000001"));
  EXPECT_FALSE(has(1, "log-00000000000000000001"));
  fill(1, 5);
  EXPECT_FALSE(directories.look(1).given_up) << "that is done";
}

TEST_F(DirectoriesTest, AnotherStorageInThatPlaceIsNotTouched) {
  fill(1, 6);
  directories.give_up({1, 5});
  EXPECT_FALSE(directories.look(1).given_up);
  const auto aside = directories.prepare(1, StartFate::kMoveAway);
  ASSERT_TRUE(aside);
  EXPECT_EQ(*aside, "");
  EXPECT_TRUE(has(1, "log-00000000000000000001"));
}

TEST_F(DirectoriesTest, NothingIsMovedFromUnderAProcessThatHasTheDirectory) {
  fill(1, 5);
  directories.give_up({1, 5});
  {
    const auto holder = storage::Directory::open(directories.path(1));
    ASSERT_TRUE(holder);
    EXPECT_FALSE(directories.prepare(1, StartFate::kMoveAway));
    EXPECT_TRUE(has(1, "log-00000000000000000001"));
    EXPECT_TRUE(directories.look(1).given_up) << "it is tried again";
  }
  EXPECT_TRUE(directories.prepare(1, StartFate::kMoveAway));
}

TEST_F(DirectoriesTest, RemovingLeavesWhatWasSetAsideAndIsOfWorth) {
  fill(1, 5);
  repl::Record record;
  record.lineage = 7;
  auto removed = directories.remove(1, record);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(*removed);
  EXPECT_FALSE(fs::exists(directories.path(1)));

  fill(1, 5);
  directories.give_up({1, 5});
  ASSERT_TRUE(directories.prepare(1, StartFate::kMoveAway));
  fill(1, 6);
  record.given_up = {{1, 5}};
  removed = directories.remove(1, record);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_FALSE(*removed) << "only it has what was given up";
  EXPECT_FALSE(has(1, "log-00000000000000000001"));
}

}  // namespace
}  // namespace tandem::orch
