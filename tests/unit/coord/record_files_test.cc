#include "coord/record_files.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>
#include <vector>

#include "coord/spare_files.h"
#include "file/directories.h"
#include "file/file.h"
#include "support/temporary_directory.h"

namespace tandem::coord {
namespace {

class RecordFilesTest : public ::testing::Test {
 protected:
  // Makes versions expected + 1 … up to `version`.
  void advance_to(uint64_t version) {
    for (uint64_t v = files_.peek().value(); v < version; ++v) {
      const auto outcome = files_.swap(v, "text " + std::to_string(v + 1));
      ASSERT_TRUE(outcome) << outcome.error().message;
      ASSERT_EQ(*outcome, SwapOutcome::kApplied);
    }
  }
  support::TemporaryDirectory scratch_;
  RecordFiles files_{scratch_.file("group")};
};

TEST_F(RecordFilesTest, ThereIsNoneAtFirst) { EXPECT_EQ(files_.read().value(), Versioned{}); }

TEST_F(RecordFilesTest, SwapMakesTheNextVersion) {
  EXPECT_EQ(files_.swap(0, "first").value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.read().value(), (Versioned{1, "first", {}}));
  EXPECT_EQ(files_.swap(1, "second\nwith two lines").value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.read().value(), (Versioned{2, "second\nwith two lines", {}}));
}

TEST_F(RecordFilesTest, SwapFromAnotherVersionIsRefused) {
  advance_to(3);
  EXPECT_EQ(files_.swap(2, "late").value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.swap(7, "early").value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.read().value(), (Versioned{3, "text 3", {}}));
}

// Whoever waited for the other end of a FIFO would coordinate nothing any more.
TEST_F(RecordFilesTest, WhatIsNoFileIsNotWaitedFor) {
  advance_to(1);
  std::vector<std::string> versions;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch_.file("group"))) {
    if (std::ifstream file(entry.path()); entry.is_regular_file()) {
      const std::string content{std::istreambuf_iterator<char>(file), {}};
      if (content.find("text 1") != std::string::npos) versions.push_back(entry.path());
    }
  }
  ASSERT_EQ(versions.size(), 1u);
  for (const std::string& path : {versions.front(), scratch_.file("group") + "/floor"}) {
    std::filesystem::remove(path);
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const auto read = files_.read();
    ASSERT_FALSE(read) << path;
    EXPECT_EQ(read.error().message, "'" + path + "' is not a regular file");
    std::filesystem::remove(path);
  }
}

// The number was used before the record went back, and again since.
TEST_F(RecordFilesTest, SwapFromAnotherTextOfTheSameVersionIsRefused) {
  advance_to(3);
  EXPECT_EQ(files_.swap({3, "another 3"}, "late").value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.swap({3, "text 3"}, "next").value(), SwapOutcome::kApplied);
}

TEST_F(RecordFilesTest, OneOfTwoSwapsWins) {
  advance_to(3);
  RecordSwap slow(files_, 3);
  ASSERT_EQ(slow.prepare("slow").value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.swap(3, "fast").value(), SwapOutcome::kApplied);
  EXPECT_EQ(slow.link().value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.read().value(), (Versioned{4, "fast", {}}));
}

TEST_F(RecordFilesTest, OldVersionsArePruned) {
  advance_to(10 * RecordFiles::kKeep);
  const auto listing = files_.list().value();
  EXPECT_LE(listing.versions.size(), 2 * RecordFiles::kKeep);
  EXPECT_GE(listing.versions.size(), RecordFiles::kKeep);
  EXPECT_EQ(listing.newest(), 10 * RecordFiles::kKeep);
  EXPECT_LT(listing.floor, listing.versions.front());
}

TEST_F(RecordFilesTest, AWriterStoppedUntilItsVersionWasPrunedHasNotSwapped) {
  advance_to(3);
  RecordSwap stopped(files_, 3);
  ASSERT_EQ(stopped.prepare("from long ago").value(), SwapOutcome::kApplied);
  advance_to(5 * RecordFiles::kKeep);
  // The name is free again, so the link itself works …
  ASSERT_EQ(stopped.link().value(), SwapOutcome::kApplied);
  // … but is never told as a success, and nobody reads it.
  const auto settled = stopped.settle();
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(files_.read()->version, 5 * RecordFiles::kKeep);
  EXPECT_EQ(files_.swap(4, "on top of it").value(), SwapOutcome::kRefused);
  // The next pruning takes it away.
  advance_to(10 * RecordFiles::kKeep);
  EXPECT_NE(access(files_.version_path(4).c_str(), F_OK), 0);
}

TEST_F(RecordFilesTest, AListThatMissesTheNewestVersionsIsNotBelieved) {
  advance_to(5 * RecordFiles::kKeep);
  // What a reader sees whose list was overtaken: an old version alone, or nothing.
  const auto before = files_.list().value();
  for (const uint64_t version : before.versions) {
    unlink(files_.version_path(version).c_str());
  }
  EXPECT_FALSE(files_.list()->sound());
  const uint64_t floor = before.floor;
  const auto damaged = [&](const Versioned& read) {
    return read.version == floor && read.text.empty() &&
           read.damage.find("its newest version is missing") != std::string::npos;
  };
  EXPECT_TRUE(damaged(*files_.read()));
  EXPECT_EQ(files_.peek().value(), floor);
  std::ofstream(files_.version_path(4)) << "void\n";
  EXPECT_FALSE(files_.list()->sound());
  EXPECT_TRUE(damaged(*files_.read()));
  EXPECT_EQ(files_.swap(4, "on top of it").value(), SwapOutcome::kRefused);
  // Who knows what it was goes on from there.
  EXPECT_EQ(files_.swap(floor, "made again").value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.read().value(), (Versioned{floor + 1, "made again", {}}));
}

TEST_F(RecordFilesTest, ADamagedFloorStopsNobody) {
  advance_to(5 * RecordFiles::kKeep);
  std::ofstream(files_.version_path(4)) << "void\n";
  const std::string path = files_.group_directory() + "/floor";
  const uint64_t floor = files_.list()->floor;
  std::ofstream(path) << "rubbish";
  EXPECT_EQ(files_.list()->floor, files_.list()->versions.at(1) - 1);
  EXPECT_EQ(files_.read()->version, 5 * RecordFiles::kKeep);
  advance_to(8 * RecordFiles::kKeep);
  EXPECT_GT(files_.list()->floor, floor);
  EXPECT_NE(access(files_.version_path(4).c_str(), F_OK), 0) << "and pruning goes on";
}

TEST_F(RecordFilesTest, AWriterOvertakenBeforeItSettledDoesNotKnow) {
  advance_to(3);
  RecordSwap stopped(files_, 3);
  ASSERT_EQ(stopped.prepare("four").value(), SwapOutcome::kApplied);
  ASSERT_EQ(stopped.link().value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.read().value(), (Versioned{4, "four", {}}));
  advance_to(5);
  EXPECT_EQ(stopped.settle().error().kind, ErrorKind::kUnknown);
}

TEST_F(RecordFilesTest, FilesOfDeadWritersAreInNobodysWay) {
  advance_to(1);
  std::ofstream(files_.temporary_path()) << "half a rec";
  advance_to(2);
  EXPECT_EQ(files_.read()->version, 2u);
}

TEST_F(RecordFilesTest, FilesOfDeadWritersAreRemoved) {
  advance_to(1);
  const std::string of_the_living = files_.temporary_path();
  const std::string of_nobody = scratch_.file("group") + "/tmp/999999999-0123456789abcdef";
  std::ofstream(of_the_living) << "half a rec";
  std::ofstream(of_nobody) << "half a rec";
  advance_to(3 * RecordFiles::kKeep);
  EXPECT_EQ(access(of_the_living.c_str(), F_OK), 0);
  EXPECT_NE(access(of_nobody.c_str(), F_OK), 0);
}

// The older version, which is good, does not take its place.
TEST_F(RecordFilesTest, ADamagedRecordIsToldWithItsPathAndItsNumber) {
  for (const char* text : {"", "more\n", "half of a file"}) {
    advance_to(2);
    std::ofstream(files_.version_path(2)) << text;
    const auto record = files_.read();
    ASSERT_TRUE(record);
    EXPECT_EQ(record->version, 2u);
    EXPECT_EQ(record->text, "");
    EXPECT_EQ(record->damage,
              "record file '" + files_.version_path(2) + "' is damaged: its checksum is wrong");
  }
}

TEST_F(RecordFilesTest, ASwapFromADamagedVersionMakesTheNext) {
  advance_to(3);
  std::ofstream(files_.version_path(3)) << "rubbish";
  EXPECT_EQ(files_.swap(2, "older").value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.swap(4, "newer").value(), SwapOutcome::kRefused);
  EXPECT_EQ(files_.swap(3, "put right").value(), SwapOutcome::kApplied);
  EXPECT_EQ(files_.read().value(), (Versioned{4, "put right", {}}));
}

TEST_F(RecordFilesTest, SpareFilesAreMadeWhileThereIsRoom) {
  advance_to(1);
  const auto spares = file::list_directory(scratch_.file("group/spare"));
  ASSERT_TRUE(spares);
  EXPECT_EQ(spares->size(), SpareFiles::kWanted);
  for (const std::string& name : *spares) {
    EXPECT_EQ(std::filesystem::file_size(scratch_.file("group/spare/" + name)), SpareFiles::kBytes);
  }
  advance_to(5);
  EXPECT_EQ(file::list_directory(scratch_.file("group/spare"))->size(), SpareFiles::kWanted);
}

TEST_F(RecordFilesTest, ANameIsGivenToOneOfTwo) {
  scratch_.write("a", "a");
  scratch_.write("b", "b");
  EXPECT_TRUE(file::name_exclusively(scratch_.file("a"), scratch_.file("to")).value());
  EXPECT_FALSE(file::name_exclusively(scratch_.file("b"), scratch_.file("to")).value());
  EXPECT_EQ(file::read_if_there(scratch_.file("to")).value(), "a");
}

TEST_F(RecordFilesTest, APlaceThatCannotBeWrittenIsToldWithItsPath) {
  std::ofstream(scratch_.file("group")) << "no directory\n";
  const auto outcome = files_.swap(0, "text");
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, ::testing::HasSubstr(scratch_.file("group")));
}

TEST_F(RecordFilesTest, ManyWritersEachVersionOnce) {
  constexpr int kWriters = 4;
  constexpr uint64_t kVersions = 100;
  std::vector<std::vector<uint64_t>> applied(kWriters);
  std::atomic<bool> fell_back{false};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      const RecordFiles mine(files_.group_directory());
      uint64_t last = 0;
      while (last < kVersions) {
        const auto record = mine.read();
        if (!record) continue;
        if (record->version < last) fell_back = true;
        last = record->version;
        const auto outcome = mine.swap(last, std::to_string(w));
        if (outcome && *outcome == SwapOutcome::kApplied) {
          applied[static_cast<size_t>(w)].push_back(last + 1);
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_FALSE(fell_back);
  std::set<uint64_t> all;
  for (const auto& versions : applied) {
    for (const uint64_t version : versions) EXPECT_TRUE(all.insert(version).second) << version;
  }
}

}  // namespace
}  // namespace tandem::coord
