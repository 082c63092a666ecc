#include "storage/set_aside.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "storage/disk.h"
#include "storage/identity.h"
#include "support/temporary_directory.h"

namespace tandem::storage {
namespace {

namespace fs = std::filesystem;

class SetAsideTest : public testing::Test {
 protected:
  SetAsideTest() {
    directory_.write("lock", "7\n");
    fill(77);
  }

  void fill(uint64_t lineage, uint64_t storage_id = 5) {
    ASSERT_TRUE(save_identity(path(), {lineage, storage_id}));
    directory_.write("promise", "slots");
    directory_.write("log-00000000000000000001", "records");
    directory_.write("snap-00000000000000000001.ndjson", "rows");
  }
  const std::string& path() const { return directory_.path(); }
  std::vector<SetAside> list() const { return list_set_aside(path()).value(); }
  static std::string text_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> names() const {
    auto names = system_disk().list(path()).value();
    std::sort(names.begin(), names.end());
    return names;
  }

  support::TemporaryDirectory directory_;
};

TEST_F(SetAsideTest, EverythingButTheLockIsMovedWithTheReason) {
  const auto aside = set_data_aside(path(), "a reason");
  ASSERT_TRUE(aside) << aside.error().message;
  EXPECT_EQ(names().size(), 2u);
  EXPECT_EQ(names().front(), "lock");
  EXPECT_EQ(text_of(*aside + "/log-00000000000000000001"), "records");
  EXPECT_EQ(text_of(*aside + "/promise"), "slots");
  EXPECT_EQ(load_identity(*aside).value()->storage_id, 5u);
  ASSERT_EQ(list().size(), 1u);
  EXPECT_EQ(list()[0].path, *aside);
  EXPECT_EQ(list()[0].reason, "a reason");
  EXPECT_EQ(list()[0].lineage, 77u);
  EXPECT_GT(list()[0].bytes, 0u);
  EXPECT_GT(list()[0].time_ms, 0);
}

TEST_F(SetAsideTest, NothingIsMadeOfNothing) {
  ASSERT_TRUE(set_data_aside(path(), "once"));
  EXPECT_EQ(set_data_aside(path(), "twice").value(), "");
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(SetAsideTest, AMarkIsThereUntilTheDataIsAside) {
  EXPECT_FALSE(distrust_mark(path()).value());
  ASSERT_TRUE(mark_distrusted(path(), {"cannot sync 'x\xff'"}));
  EXPECT_EQ(distrust_mark(path()).value()->reason, "cannot sync 'x?'");
  EXPECT_EQ(distrust_mark(path()).value()->kind, Distrust::Kind::kFailed);
  const auto aside = set_data_aside(path(), "distrusted");
  ASSERT_TRUE(aside);
  EXPECT_FALSE(distrust_mark(path()).value());
  EXPECT_TRUE(fs::exists(*aside + "/distrusted"));
}

TEST_F(SetAsideTest, AMarkTellsAnOldDiskFromOneThatFailed) {
  ASSERT_TRUE(mark_distrusted(path(), {"it went back", Distrust::Kind::kOld}));
  EXPECT_EQ(distrust_mark(path()).value()->kind, Distrust::Kind::kOld);
  ASSERT_TRUE(mark_distrusted(path(), {"cannot sync"}));
  EXPECT_EQ(distrust_mark(path()).value()->kind, Distrust::Kind::kFailed);
}

TEST_F(SetAsideTest, ADamagedMarkIsAMark) {
  directory_.write("distrusted", "");
  EXPECT_TRUE(distrust_mark(path()).value().has_value());
  ASSERT_TRUE(clear_distrust(path()));
  EXPECT_FALSE(distrust_mark(path()).value().has_value());
  EXPECT_TRUE(clear_distrust(path()));
}

// A process that dies in the middle leaves no directory that looks like a whole one, and the next
// one goes on with the same.
TEST_F(SetAsideTest, AMoveThatWasCutShortIsGoneOnWith) {
  const auto aside = set_data_aside(path(), "first");
  ASSERT_TRUE(aside);
  fs::rename(*aside + "/promise", path() + "/promise");
  std::ofstream(*aside + "/moving").flush();
  EXPECT_EQ(set_data_aside(path(), "second").value(), *aside);
  EXPECT_EQ(text_of(*aside + "/promise"), "slots");
  EXPECT_FALSE(fs::exists(*aside + "/moving"));
  EXPECT_EQ(list().size(), 1u);
}

TEST_F(SetAsideTest, ACopyLeavesEverythingAndSharesNoLog) {
  const auto aside = copy_data_aside(path(), "suspect");
  ASSERT_TRUE(aside) << aside.error().message;
  EXPECT_EQ(list()[0].reason, "suspect");
  for (const char* name : {"identity", "promise", "log-00000000000000000001"}) {
    EXPECT_EQ(text_of(*aside + "/" + name), text_of(path() + "/" + name));
    EXPECT_EQ(fs::hard_link_count(path() + "/" + name), 1u) << name;
  }
  EXPECT_EQ(text_of(*aside + "/snap-00000000000000000001.ndjson"), "rows");
}

TEST_F(SetAsideTest, AnUnfinishedCopyIsRemovedAndNotListed) {
  fs::create_directory(directory_.file("set-aside-5.tmp"));
  EXPECT_TRUE(list().empty());
  ASSERT_TRUE(copy_data_aside(path(), "suspect"));
  EXPECT_FALSE(fs::exists(directory_.file("set-aside-5.tmp")));
}

// The first one is the one of worth where something goes wrong at each start.
TEST_F(SetAsideTest, NothingIsRemovedToMakeRoom) {
  const std::string first = set_data_aside(path(), "first").value();
  for (size_t i = 1; i < kMaxSetAside; ++i) {
    fill(77);
    ASSERT_TRUE(set_data_aside(path(), "again"));
  }
  EXPECT_TRUE(fs::exists(first));
  EXPECT_EQ(list().size(), kMaxSetAside);
  fill(77);
  const auto refused = set_data_aside(path(), "once more");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(copy_data_aside(path(), "once more"));
  EXPECT_TRUE(fs::exists(directory_.file("identity")));
}

TEST_F(SetAsideTest, PruningKeepsTheNewestAndWhatIsOfAnotherLineage) {
  const std::string other = (fill(78), set_data_aside(path(), "another database").value());
  std::vector<std::string> paths;
  for (size_t i = 0; i < kKeepSetAside + 2; ++i) {
    fill(77);
    paths.push_back(set_data_aside(path(), "again").value());
  }
  fs::create_directory(directory_.file("set-aside-1"));  // of an earlier program: no note
  ASSERT_TRUE(prune_set_aside(path(), 77));
  EXPECT_FALSE(fs::exists(paths[0]));
  EXPECT_FALSE(fs::exists(paths[1]));
  EXPECT_TRUE(fs::exists(paths[2]));
  EXPECT_TRUE(fs::exists(other));
  EXPECT_EQ(list().size(), kKeepSetAside + 2);
}

TEST_F(SetAsideTest, WhatWasGivenUpIsNeverRemoved) {
  const std::string given_up = (fill(77, 9), set_data_aside(path(), "given up").value());
  EXPECT_EQ(list()[0].storage_id, 9U);
  for (size_t i = 0; i < kKeepSetAside + 2; ++i) {
    fill(77);
    ASSERT_TRUE(set_data_aside(path(), "again"));
  }
  ASSERT_TRUE(prune_set_aside(path(), 77, {9, 10}));
  EXPECT_TRUE(fs::exists(given_up));
  EXPECT_EQ(list().size(), kKeepSetAside + 1);
  fill(77);
  EXPECT_FALSE(remove_directory(path(), 77, {9}).value());
  EXPECT_EQ(names(), std::vector{fs::path(given_up).filename().string()});
}

TEST_F(SetAsideTest, ADirectoryIsRemovedButForWhatIsOfAnotherLineage) {
  ASSERT_TRUE(set_data_aside(path(), "of no use"));
  fill(77);
  EXPECT_TRUE(remove_directory(path(), 77, {9}).value());
  EXPECT_FALSE(fs::exists(path()));
  EXPECT_TRUE(remove_directory(path(), 77, {9}).value());
  fs::create_directory(path());
  const std::string other = (fill(78), set_data_aside(path(), "another database").value());
  EXPECT_FALSE(remove_directory(path(), 77, {}).value());
  EXPECT_TRUE(fs::exists(other));
}

}  // namespace
}  // namespace tandem::storage
