#include "coord/temporary_name.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "coord/record_files.h"
#include "file/file.h"
#include "loop/process.h"
#include "support/temporary_directory.h"

namespace tandem::coord {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRandom = "0123456789abcdef";

// The identity of a process that has ended.
loop::ProcessIdentity dead_process() {
  int pipe_fds[2];
  EXPECT_EQ(pipe(pipe_fds), 0);
  const pid_t pid = fork();
  if (pid == 0) {
    char byte;
    _exit(read(pipe_fds[0], &byte, 1) == 1 ? 0 : 1);
  }
  const auto identity = loop::process_identity(pid);
  EXPECT_TRUE(identity);
  EXPECT_EQ(write(pipe_fds[1], "x", 1), 1);
  waitpid(pid, nullptr, 0);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  return *identity;
}

std::string name_of(const loop::ProcessIdentity& identity) {
  return std::to_string(identity.pid) + "." + std::to_string(identity.start_ticks) + "." +
         identity.boot_id + "." + kRandom;
}

TEST(TemporaryName, IsInUseWhileItsProcessLives) {
  EXPECT_FALSE(is_abandoned(temporary_name()));
  EXPECT_NE(temporary_name(), temporary_name());
  loop::ProcessIdentity self = loop::process_identity(getpid()).value();
  EXPECT_FALSE(is_abandoned(name_of(self)));
  // The number is in use again.
  ++self.start_ticks;
  EXPECT_TRUE(is_abandoned(name_of(self)));
  --self.start_ticks;
  self.boot_id = "00000000-0000-0000-0000-000000000000";
  EXPECT_TRUE(is_abandoned(name_of(self)));
  EXPECT_TRUE(is_abandoned(name_of(dead_process())));
}

TEST(TemporaryName, ThoseOfEarlierProgramsGoWithTheProcessOfTheirNumber) {
  EXPECT_FALSE(is_abandoned(std::to_string(getpid()) + "-" + kRandom));
  EXPECT_TRUE(is_abandoned(std::to_string(dead_process().pid) + "-" + kRandom));
}

TEST(TemporaryName, WhatNobodyNamesSoStays) {
  for (const char* name : {"", "a", "1", "999999999-x", "x-0123456789abcdef", "1.2.3", "-1.2.b.c",
                           "999999999.0.b.0123456789abcdef"}) {
    EXPECT_FALSE(is_abandoned(name)) << name;
  }
}

// Whatever a wall clock says: files of a living process stay, those of a dead one go.
TEST(TemporaryName, TimesOfFilesDoNotCount) {
  const support::TemporaryDirectory scratch;
  const RecordFiles files{scratch.file("group")};
  ASSERT_TRUE(files.make_directories());
  const fs::path directory = scratch.file("group") + "/tmp";
  const auto make = [&](const std::string& name, time_t mtime) {
    const fs::path path = directory / name;
    EXPECT_TRUE(file::write_new(path, "x"));
    const timespec times[2] = {{mtime, 0}, {mtime, 0}};
    EXPECT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    return path;
  };
  const loop::ProcessIdentity dead = dead_process();
  constexpr time_t kPast = 1'000'000'000;
  constexpr time_t kFuture = 4'000'000'000;
  const fs::path old = make(temporary_name(), kPast);
  const fs::path young = make(temporary_name(), kFuture);
  const fs::path left_old = make(name_of(dead), kPast);
  const fs::path left_young = make(name_of(dead) + "0", kFuture);
  ASSERT_TRUE(files.remove_abandoned_temporaries());
  EXPECT_TRUE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
  EXPECT_FALSE(fs::exists(left_old));
  EXPECT_FALSE(fs::exists(left_young));
}

}  // namespace
}  // namespace tandem::coord
