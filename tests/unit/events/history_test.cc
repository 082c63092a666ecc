#include "events/history.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace tandem::events {
namespace {

namespace fs = std::filesystem;

class HistoryTest : public testing::Test {
 protected:
  static std::string line(uint64_t id) { return R"({"id":)" + std::to_string(id) + "}"; }
  Result<History> open(HistoryLimits limits = {}) { return History::open(path_, limits); }
  std::vector<uint64_t> ids() {
    std::vector<uint64_t> ids;
    for (const History::Line& line : open()->read()) ids.push_back(line.id);
    return ids;
  }
  std::vector<std::string> files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().extension() == ".ndjson") names.push_back(entry.path());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  support::TemporaryDirectory directory_;
  const std::string path_ = directory_.file("events");
};

TEST_F(HistoryTest, ALaterLifeHasWhatWasAppended) {
  for (const uint64_t first : {5U, 7U}) {
    auto history = open();
    ASSERT_TRUE(history);
    EXPECT_TRUE(history->append(first, line(first)));
    EXPECT_TRUE(history->append(first + 1, line(first + 1)));
  }
  EXPECT_EQ(ids(), (std::vector<uint64_t>{5, 6, 7, 8}));
}

TEST_F(HistoryTest, OneProcessAtATime) {
  const auto history = open();
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kBusy);
}

TEST_F(HistoryTest, OfManyFilesTheNewestAreKept) {
  {
    auto history = open({.file_bytes = 20, .files = 3});
    for (uint64_t id = 1; id <= 100; ++id) ASSERT_TRUE(history->append(id, line(id)));
  }
  EXPECT_EQ(files().size(), 3U);
  EXPECT_EQ(ids().back(), 100U);
  EXPECT_GT(ids().front(), 90U);
}

TEST_F(HistoryTest, WhatIsNoEventIsPassedOver) {
  { ASSERT_TRUE(open()->append(5, line(5))); }
  {
    std::ofstream out(files().front(), std::ios::app);
    out << "garbage\n[7]\n{\"id\":\"6\"}\n{\"id\":4}\n{\"id\":-1}\n"
        << line(INT64_MAX) << "\n"
        << line(6) << "\n{\"id\":7";
  }
  directory_.write("events/events-x.ndjson", line(8) + "\n");
  directory_.write("events/notes.txt", line(9) + "\n");
  EXPECT_EQ(ids(), (std::vector<uint64_t>{5, 6}));
  ASSERT_TRUE(open()->append(10, line(10)));
  EXPECT_EQ(ids(), (std::vector<uint64_t>{5, 6, 10})) << "not behind half a line";
}

TEST_F(HistoryTest, AFullDiskTakesNothingOfWhatIsThere) {
  auto history = open({.file_bytes = 20, .files = 3});
  for (uint64_t id = 1; id <= 6; ++id) ASSERT_TRUE(history->append(id, line(id)));
  const std::vector<std::string> before = files();
  rlimit former{};
  getrlimit(RLIMIT_FSIZE, &former);
  signal(SIGXFSZ, SIG_IGN);
  const rlimit none{0, former.rlim_max};
  setrlimit(RLIMIT_FSIZE, &none);
  int failed = 0;
  for (uint64_t id = 7; id <= 20; ++id) failed += history->append(id, line(id)) ? 0 : 1;
  setrlimit(RLIMIT_FSIZE, &former);
  EXPECT_EQ(failed, 14);
  EXPECT_EQ(files(), before);
  EXPECT_TRUE(history->append(21, line(21)));
  history = fail(ErrorKind::kBusy, "closed");
  EXPECT_EQ(ids().back(), 21U);
}

TEST_F(HistoryTest, ADirectoryThatSomebodyRemovedIsNotMadeAgain) {
  auto history = open({.file_bytes = 1});
  ASSERT_TRUE(history->append(1, line(1)));
  fs::remove_all(path_);
  EXPECT_FALSE(history->append(2, line(2)));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(HistoryTest, WhereNoDirectoryCanBeIsAnError) {
  directory_.write("events", "a file");
  EXPECT_FALSE(open());
}

}  // namespace
}  // namespace tandem::events
