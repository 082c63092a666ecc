#include "storage/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "storage/disk.h"
#include "storage/log.h"
#include "support/temporary_directory.h"

namespace tandem::storage {
namespace {

class DirectoryTest : public ::testing::Test {
 protected:
  const support::TemporaryDirectory scratch_;
  const std::string root_ = scratch_.path();
};

TEST_F(DirectoryTest, IsMadeForItsOwnerAlone) {
  const auto directory = Directory::open(root_ + "/a/b");
  ASSERT_TRUE(directory) << directory.error().message;
  struct stat status {};
  ASSERT_EQ(stat((root_ + "/a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0700u);
  EXPECT_TRUE((*directory)->still_ours());
}

TEST_F(DirectoryTest, WhatIsNoFileIsNotWaitedFor) {
  const std::string lock = root_ + "/lock";
  ASSERT_EQ(mkfifo(lock.c_str(), 0600), 0);
  const std::string why = "'" + lock + "' is not a regular file";
  const auto opened = Directory::open(root_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message, why);
  const auto holder = directory_holder(root_);
  ASSERT_FALSE(holder);
  EXPECT_EQ(holder.error().message, why);
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite, OpenMode::kReplace}) {
    const auto file = system_disk().open(lock, mode);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().kind, ErrorKind::kCorrupt);
    EXPECT_EQ(file.error().message, why);
  }
}

TEST_F(DirectoryTest, IsUsedByOneAtATime) {
  {
    const auto first = Directory::open(root_);
    ASSERT_TRUE(first);
    const auto second = Directory::open(root_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::kBusy);
    EXPECT_THAT(second.error().message,
                ::testing::HasSubstr("by process " + std::to_string(getpid())));
  }
  EXPECT_TRUE(Directory::open(root_));
}

TEST_F(DirectoryTest, NoticesThatItsLockWasReplaced) {
  const auto directory = Directory::open(root_);
  ASSERT_TRUE(directory);
  std::filesystem::remove(root_ + "/lock");
  EXPECT_FALSE((*directory)->still_ours());
  std::ofstream(root_ + "/lock") << "somebody else\n";
  EXPECT_FALSE((*directory)->still_ours());
}

TEST_F(DirectoryTest, TakesALockThatWasRemovedAgain) {
  auto directory = Directory::open(root_);
  ASSERT_TRUE(directory);
  const ino_t before = (*directory)->lock_inode();
  std::filesystem::remove(root_ + "/lock");
  const Status taken = (*directory)->take_again();
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_TRUE((*directory)->still_ours());
  EXPECT_NE((*directory)->lock_inode(), before);
  EXPECT_EQ(directory_holder(root_).value(), getpid());
  EXPECT_FALSE(Directory::open(root_));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(root_), {}), 1);
  directory->reset();
  EXPECT_TRUE(Directory::open(root_));
}

// Whoever has made one there may use the directory, or have used it.
TEST_F(DirectoryTest, TakesNoLockThatSomebodyElseHasMade) {
  auto directory = Directory::open(root_);
  ASSERT_TRUE(directory);
  std::filesystem::remove(root_ + "/lock");
  std::ofstream(root_ + "/lock") << "";
  const Status taken = (*directory)->take_again();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::kBusy);
  EXPECT_FALSE((*directory)->still_ours());
}

TEST_F(DirectoryTest, TakesNothingInADirectoryThatIsGoneOrAnother) {
  auto directory = Directory::open(root_);
  ASSERT_TRUE(directory);
  std::filesystem::remove_all(root_);
  EXPECT_EQ((*directory)->take_again().error().kind, ErrorKind::kNotFound);
  std::filesystem::create_directory(root_);
  EXPECT_EQ((*directory)->take_again().error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(root_));
}

TEST_F(DirectoryTest, SaysWhatCannotBeMade) {
  std::ofstream(root_ + "/file") << "no directory\n";
  const auto directory = Directory::open(root_ + "/file/below");
  ASSERT_FALSE(directory);
  EXPECT_THAT(directory.error().message, ::testing::HasSubstr(root_ + "/file"));
}

TEST_F(DirectoryTest, HoldsALogOnARealDisk) {
  const auto directory = Directory::open(root_ + "/replica");
  ASSERT_TRUE(directory);
  LogOptions options;
  options.directory = (*directory)->path();
  options.segment_bytes = 256 << 10;
  options.max_entry_bytes = 64 << 10;
  options.cache_bytes = 0;
  loop::Loop loop;
  wire::Entry entry;
  entry.epoch = 1;
  entry.payload = std::string(1000, 'x');
  for (uint64_t round = 0; round < 2; ++round) {
    auto log = Log::open(options, loop, {});
    ASSERT_TRUE(log) << log.error().message;
    ASSERT_EQ((*log)->last_index(), round * 1000);
    for (uint64_t i = 1; i <= 1000; ++i) {
      entry.index = round * 1000 + i;
      (*log)->append(std::span(&entry, 1));
      if (i % 100 == 0) loop.run_once_nowait();
    }
    while ((*log)->durable_ticket() < (*log)->last_ticket()) loop.run_once();
    std::vector<wire::Entry> entries;
    ASSERT_TRUE((*log)->read(1, 8 << 20, entries));
    ASSERT_EQ(entries.size(), (round + 1) * 1000);
    EXPECT_EQ(entries.back().index, (round + 1) * 1000);
  }
}

}  // namespace
}  // namespace tandem::storage
