// Logs in whose directory a directory, a pipe that nobody writes to, or a link to itself has the name
// of a file: an operator's mistake, or a file system that was repaired. On the system's disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "storage/log_fixture.h"
#include "storage/set_aside.h"
#include "support/temporary_directory.h"

namespace tandem::storage {
namespace {

namespace fs = std::filesystem;

enum class NoFile { kDirectory, kPipe, kLink };

class NoFileTest : public ::testing::TestWithParam<NoFile> {
 protected:
  static constexpr uint64_t kEntries = 60;  // in three segments

  NoFileTest() {
    options_.directory = scratch_.path();
    options_.segment_bytes = kSegmentHeaderBytes + 2048;
    options_.max_entry_bytes = 1024;
    open();
    append(1, kEntries);
    log_.reset();
    for (const auto& entry : fs::directory_iterator(scratch_.path())) {
      uint64_t index = 0;
      if (parse_segment_name(entry.path().filename().string(), index)) firsts_.insert(index);
    }
    EXPECT_EQ(firsts_.size(), 3u);
  }

  void open() {
    LogHooks hooks;
    hooks.on_suspect = [this](const std::string& reason) -> Status {
      suspect_reasons_.push_back(reason);
      // Nothing has been changed yet.
      EXPECT_TRUE(replaced_.empty() || !is_file(replaced_)) << replaced_;
      return {};
    };
    auto opened = Log::open(options_, loop_, std::move(hooks));
    ASSERT_TRUE(opened) << opened.error().message;
    log_ = std::move(*opened);
  }
  void append(uint64_t first, uint64_t count) {
    std::vector<wire::Entry> entries;
    for (uint64_t i = first; i < first + count; ++i) entries.push_back(entry(i));
    const Ticket ticket = log_->append(entries);
    while (log_->durable_ticket() < ticket) loop_.run_once();
  }
  static bool is_file(const std::string& path) {
    std::error_code unknown;
    return fs::is_regular_file(path, unknown);
  }
  uint64_t first_of(int segment) const { return *std::next(firsts_.begin(), segment); }

  // What has this name from now on is no file.
  void replace(const std::string& name) {
    replaced_ = scratch_.file(name);
    fs::remove(replaced_);
    if (GetParam() == NoFile::kPipe) {
      ASSERT_EQ(mkfifo(replaced_.c_str(), 0600), 0);
    } else if (GetParam() == NoFile::kLink) {
      fs::create_symlink(name, replaced_);
    } else {
      fs::create_directories(replaced_ + "/in-it");
    }
  }
  // Whatever somebody keeps in a directory is still there.
  void expect_kept(const std::string& name) {
    if (GetParam() != NoFile::kDirectory) return;
    EXPECT_TRUE(fs::is_directory(scratch_.file(name + ".unreadable/in-it")));
  }
  // The entries up to `last` are there, more can be written, and the next start finds all well.
  void expect_usable(uint64_t last) {
    for (int start = 0; start < 2; ++start) {
      ASSERT_EQ(log_->last_index(), last);
      std::vector<wire::Entry> found;
      if (last > 0) {
        ASSERT_TRUE(log_->read(1, 1 << 20, found));
      }
      ASSERT_EQ(found.size(), last);
      for (uint64_t i = 1; i <= last; ++i) EXPECT_EQ(found[i - 1], entry(i));
      append(last + 1, kEntries);
      last += kEntries;
      suspect_reasons_.clear();
      log_.reset();
      open();
      EXPECT_TRUE(suspect_reasons_.empty());
    }
  }

  support::TemporaryDirectory scratch_;
  loop::Loop loop_;
  LogOptions options_;
  std::set<uint64_t> firsts_;
  std::string replaced_;
  std::vector<std::string> suspect_reasons_;
  std::unique_ptr<Log> log_;
};

TEST_P(NoFileTest, ASegmentThatIsNoneIsLostWithWhatFollows) {
  for (const int segment : {2, 1, 0}) {
    const std::string name = segment_name(first_of(segment));
    replace(name);
    open();
    ASSERT_EQ(suspect_reasons_.size(), 1u) << name;
    EXPECT_THAT(suspect_reasons_[0], testing::HasSubstr(name));
    suspect_reasons_.clear();
    EXPECT_EQ(log_->last_index(), first_of(segment) - 1);
    expect_kept(name);
    log_.reset();
    fs::remove_all(scratch_.file(name + ".unreadable"));
  }
  open();
  expect_usable(0);
}

TEST_P(NoFileTest, OneInTheMiddleGivesItsNameToANewOne) {
  const std::string name = segment_name(first_of(1));
  replace(name);
  open();
  expect_usable(first_of(1) - 1);
  expect_kept(name);
  // The same mistake again takes nothing of what was moved away before.
  log_.reset();
  replace(name);
  open();
  expect_kept(name);
  if (GetParam() == NoFile::kDirectory) {
    EXPECT_TRUE(fs::is_directory(scratch_.file(name + ".unreadable.2/in-it")));
  }
}

TEST_P(NoFileTest, APromiseFileThatIsNoneIsLost) {
  replace(std::string(kPromiseName));
  open();
  ASSERT_EQ(suspect_reasons_.size(), 1u);
  EXPECT_THAT(suspect_reasons_[0], testing::HasSubstr("promise"));
  expect_usable(kEntries);
  expect_kept(std::string(kPromiseName));
}

TEST_P(NoFileTest, UnfinishedFilesThatAreNoneStopNothing) {
  for (const std::string& name : {next_segment_name(0), next_segment_name(1)}) {
    replace(name);
    open();
    EXPECT_TRUE(suspect_reasons_.empty());
    expect_kept(name);
    log_.reset();
  }
  replace(std::string(kPromiseName));
  replace(std::string(kPromiseName) + ".tmp");
  open();
  expect_usable(kEntries);
  expect_kept(std::string(kPromiseName) + ".tmp");
}

TEST_P(NoFileTest, AMarkThatIsNoneIsOne) {
  replace("distrusted");
  const auto mark = distrust_mark(scratch_.path());
  ASSERT_TRUE(mark) << mark.error().message;
  ASSERT_TRUE(mark->has_value());
  EXPECT_EQ((*mark)->kind, Distrust::Kind::kFailed);
  ASSERT_TRUE(mark_distrusted(scratch_.path(), {"a reason"}));
  EXPECT_EQ(distrust_mark(scratch_.path()).value()->reason, "a reason");
  expect_kept("distrusted");
  replace("distrusted");
  const Status cleared = clear_distrust(scratch_.path());
  ASSERT_TRUE(cleared) << cleared.error().message;
  EXPECT_FALSE(distrust_mark(scratch_.path()).value());
}

// What is set aside of a suspect log are its files.
TEST_P(NoFileTest, WhatIsNoneIsNotCopiedAside) {
  replace(segment_name(first_of(1)));
  const auto aside = copy_data_aside(scratch_.path(), "a reason");
  ASSERT_TRUE(aside) << aside.error().message;
  EXPECT_TRUE(is_file(*aside + "/" + segment_name(first_of(0))));
  EXPECT_FALSE(fs::exists(*aside + "/" + segment_name(first_of(1))));
}

std::string name_of(const ::testing::TestParamInfo<NoFile>& test) {
  if (test.param == NoFile::kDirectory) return "Directory";
  return test.param == NoFile::kPipe ? "Pipe" : "Link";
}
INSTANTIATE_TEST_SUITE_P(All, NoFileTest,
                         ::testing::Values(NoFile::kDirectory, NoFile::kPipe, NoFile::kLink),
                         name_of);

}  // namespace
}  // namespace tandem::storage
