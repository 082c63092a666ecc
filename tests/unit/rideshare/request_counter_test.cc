#include "rideshare/request_counter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/temporary_directory.h"

namespace tandem::rideshare {
namespace {

class RequestCounterTest : public testing::Test {
 protected:
  std::unique_ptr<RequestCounter> open() {
    auto counter = RequestCounter::open(path_);
    EXPECT_TRUE(counter) << (counter ? "" : counter.error().message);
    return counter ? std::move(*counter) : nullptr;
  }
  std::string bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void overwrite(const std::string& content) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << content;
  }

  const support::TemporaryDirectory directory_;
  const std::string path_ = directory_.file("state/x.count");
};

TEST_F(RequestCounterTest, StartsAtZeroInAFileThatItMakes) {
  EXPECT_EQ(open()->value(), 0u);
  EXPECT_EQ(bytes(path_).size(), 16u);
}

TEST_F(RequestCounterTest, CountsAndResets) {
  auto counter = open();
  counter->add();
  counter->add();
  EXPECT_EQ(counter->value(), 2u);
  counter->reset();
  EXPECT_EQ(counter->value(), 0u);
}

TEST_F(RequestCounterTest, OutlivesARestart) {
  auto counter = open();
  for (int i = 0; i < 603; ++i) counter->add();
  counter.reset();
  EXPECT_EQ(open()->value(), 603u);
}

TEST_F(RequestCounterTest, OutlivesKill9) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto counter = RequestCounter::open(path_);
    if (counter) {
      for (int i = 0; i < 7; ++i) (*counter)->add();
    }
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(open()->value(), 7u);
}

TEST_F(RequestCounterTest, IsUsedByOneProcessAtATime) {
  auto first = open();
  const auto second = RequestCounter::open(path_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kBusy);
}

TEST_F(RequestCounterTest, AnyFlippedBitIsNoticedAndTheFileKeptAside) {
  auto counter = open();
  counter->add();
  counter.reset();
  const std::string good = bytes(path_);
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string damaged = good;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    overwrite(damaged);
    if (damaged[7] >= '2' && damaged[7] <= '9') continue;  // looks like another version
    EXPECT_EQ(open()->value(), 0u) << bit;
    EXPECT_EQ(bytes(path_ + ".bad"), damaged) << bit;
  }
}

TEST_F(RequestCounterTest, AnotherFormatVersionIsRefusedAndNotTouched) {
  open().reset();
  overwrite("tandemC2 and whatever it has");
  const auto counter = RequestCounter::open(path_);
  ASSERT_FALSE(counter);
  EXPECT_EQ(counter.error().kind, ErrorKind::kConfig);
  EXPECT_EQ(counter.error().message,
            "'" + path_ + "' is of format version 2, this program reads 1");
  EXPECT_EQ(bytes(path_), "tandemC2 and whatever it has");
  EXPECT_FALSE(std::filesystem::exists(path_ + ".bad"));
}

TEST_F(RequestCounterTest, AFileOfAnotherLengthIsKeptAside) {
  auto counter = open();
  counter->add();
  counter.reset();
  const std::string good = bytes(path_);
  for (const std::string& content : {good.substr(0, 15), good + "x", std::string("hello")}) {
    overwrite(content);
    EXPECT_EQ(open()->value(), 0u);
    EXPECT_EQ(bytes(path_ + ".bad"), content);
  }
}

TEST_F(RequestCounterTest, AnEmptyFileIsANewOne) {
  open().reset();
  overwrite("");
  EXPECT_EQ(open()->value(), 0u);
  EXPECT_FALSE(std::filesystem::exists(path_ + ".bad"));
}

TEST_F(RequestCounterTest, SaysWhatItCannotOpen) {
  std::filesystem::create_directories(path_);
  const auto counter = RequestCounter::open(path_);
  ASSERT_FALSE(counter);
  EXPECT_THAT(counter.error().message,
              testing::HasSubstr("count.file: cannot read '" + path_ + "'"));
  const Status checked = RequestCounter::check(path_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().kind, ErrorKind::kConfig);
  EXPECT_TRUE(RequestCounter::check(directory_.file("nowhere/x")));
  EXPECT_FALSE(std::filesystem::exists(directory_.file("nowhere")));
}

TEST_F(RequestCounterTest, WhatIsNoFileIsNotWaitedForNorKeptAside) {
  std::filesystem::create_directories(std::filesystem::path(path_).parent_path());
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const auto counter = RequestCounter::open(path_);
  ASSERT_FALSE(counter);
  EXPECT_EQ(counter.error().message, "count.file: '" + path_ + "' is not a regular file");
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
}

}  // namespace
}  // namespace tandem::rideshare
