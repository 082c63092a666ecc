#include "coord/local.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "coord/member_locks.h"
#include "support/temporary_directory.h"
#include "wire/sealed_text.h"

namespace tandem::coord {
namespace {

// What local files alone have; what both back ends promise is in consulhost/contract_test.cc.
class LocalTest : public ::testing::Test {
 protected:
  LocalTest() : coord_(open(3'600'000)) {}

  // Polls are far apart: what a test waits for is told by the kernel.
  std::unique_ptr<Coord> open(uint64_t poll_ms) {
    return std::move(open_local({scratch_.file("coord"), poll_ms}, loop_).value());
  }
  template <typename Done>
  void run_until(Done done) {
    while (!done()) loop_.run_once();
  }
  template <typename T, typename Start>
  T wait(Start start) {
    std::optional<T> result;
    start(UniqueFunction<void(T)>([&result](T value) { result.emplace(std::move(value)); }));
    run_until([&result] { return result.has_value(); });
    return std::move(*result);
  }
  SwapOutcome swap(uint64_t expected, const std::string& text) {
    return wait<Result<SwapOutcome>>(
               [&](auto done) { coord_->swap_record("g", expected, text, std::move(done)); })
        .value();
  }
  Result<std::optional<std::string>> holder() {
    return wait<Result<std::optional<std::string>>>(
        [&](auto done) { coord_->lock_holder("g", "active", std::move(done)); });
  }
  std::string lock_path() const { return scratch_.file("coord/g/locks/active"); }

  support::TemporaryDirectory scratch_;
  loop::Loop loop_;
  std::unique_ptr<Coord> coord_;
};

TEST_F(LocalTest, NothingIsCalledAfterItIsGone) {
  coord_->read_record("g", [](const Result<Versioned>&) { FAIL(); });
  coord_->read_record("g", [](const Result<Versioned>&) { FAIL(); });
  coord_.reset();
  loop_.run();
}

TEST_F(LocalTest, NamesCannotLeaveTheDirectory) {
  for (const std::string group : {"..", "a/b", "", ".hidden", "a b"}) {
    const auto record =
        wait<Result<Versioned>>([&](auto done) { coord_->read_record(group, std::move(done)); });
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().kind, ErrorKind::kBadInput) << group;
  }
}

TEST_F(LocalTest, SaysWhichRootCannotBeMade) {
  std::ofstream(scratch_.file("file")) << "no directory\n";
  const auto coord = open_local({scratch_.file("file/below")}, loop_);
  ASSERT_FALSE(coord);
  EXPECT_THAT(coord.error().message, ::testing::HasSubstr(scratch_.file("file")));
}

TEST_F(LocalTest, WatchPollsWhereItIsToldOfNothing) {
  ASSERT_EQ(swap(0, "one"), SwapOutcome::kApplied);
  const auto polling = open(1);
  uint64_t seen = 0;
  const auto watch =
      polling->watch_record("g", [&seen](const Versioned& record) { seen = record.version; });
  run_until([&] { return seen == 1; });
  // The directory that is watched goes away, and with it all that inotify would tell.
  const std::string record = scratch_.file("coord/g/record");
  // Its place is never empty, since a poll may be looking at it right now.
  std::filesystem::copy(record, record + ".new");
  ASSERT_EQ(
      renameat2(AT_FDCWD, record.c_str(), AT_FDCWD, (record + ".new").c_str(), RENAME_EXCHANGE), 0);
  ASSERT_EQ(swap(1, "two"), SwapOutcome::kApplied);
  run_until([&] { return seen == 2; });
}

TEST_F(LocalTest, TheLockIsTakenAtOnceWhenItsHolderIsKilled) {
  std::filesystem::create_directories(scratch_.file("coord/g/locks"));
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int fd = ::open(lock_path().c_str(), O_RDWR | O_CREAT, 0600);
    const bool locked = fd >= 0 && flock(fd, LOCK_EX) == 0;
    if (write(ready[1], locked ? "y" : "n", 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  bool held = false;
  const auto lock = coord_->lock("g", "active", "me", {[&] { held = true; }, nullptr});
  holder();  // gives the first attempt the time to fail
  EXPECT_FALSE(held);
  kill(child, SIGKILL);
  run_until([&] { return held; });
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_F(LocalTest, ALockWhoseFileIsTakenAwayIsLost) {
  bool held = false;
  std::string lost;
  const auto lock =
      coord_->lock("g", "active", "me",
                   {[&] { held = true; }, [&](const Error& error) { lost = error.message; }});
  run_until([&] { return held; });
  std::filesystem::remove(lock_path());
  run_until([&] { return !lost.empty(); });
  EXPECT_FALSE(lock->held());
  EXPECT_THAT(lost, ::testing::HasSubstr(lock_path()));
}

TEST_F(LocalTest, ALockIsWaitedForWhereItCannotBeMade) {
  const auto polling = open(1);
  std::filesystem::create_directories(lock_path());
  bool held = false;
  const auto lock = polling->lock("g", "active", "me", {[&] { held = true; }, nullptr});
  run_until([&] { return !polling->trouble().empty(); });
  EXPECT_THAT(polling->trouble(), ::testing::HasSubstr(lock_path()));
  std::filesystem::remove(lock_path());
  run_until([&] { return held; });
  EXPECT_EQ(polling->trouble(), "");
}

TEST_F(LocalTest, WithoutTheRootNothingIsWaitedFor) {
  const auto polling = open(1);
  bool held = false;
  std::optional<Error> lost;
  const auto lock = polling->lock(
      "g", "active", "me", {[&] { held = true; }, [&](const Error& error) { lost = error; }});
  run_until([&] { return held; });
  std::filesystem::remove_all(scratch_.file("coord"));
  run_until([&] { return lost && lost->kind == ErrorKind::kNotFound; });
  EXPECT_FALSE(lock->held());
}

// --- members ---

class MembersTest : public LocalTest {
 protected:
  Member member(uint32_t id) {
    Member made;
    made.id = id;
    made.storage_id = 0xfedcba9876543210;
    made.session = 77 + id;
    made.address = "ipc:///tmp/x";
    made.pid = getpid();
    made.start_ticks = 123456;
    made.boot_id = this_host({}).boot_id;
    made.host = this_host({}).name;
    made.lock_path = scratch_.file("lock");
    made.extra.set("role", "worker");
    return made;
  }
  void add(const Member& made) {
    const Status status =
        wait<Status>([&](auto done) { coord_->register_member("g", made, std::move(done)); });
    ASSERT_TRUE(status) << status.error().message;
  }
  std::vector<Member> all() {
    return wait<Result<std::vector<Member>>>(
               [&](auto done) { coord_->members("g", std::move(done)); })
        .value();
  }
  bool dead(const Member& made) {
    return wait<Result<bool>>([&](auto done) { coord_->proven_dead(made, std::move(done)); })
        .value();
  }
  // A lock file like that of a storage directory, held by an open file of its own.
  int hold(Member& made) {
    const int fd = ::open(made.lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    struct stat status {};
    EXPECT_EQ(fstat(fd, &status), 0);
    made.lock_device = status.st_dev;
    made.lock_inode = status.st_ino;
    return fd;
  }
};

TEST_F(MembersTest, DamagedFilesArePassedOver) {
  add(member(1));
  add(member(2));
  std::ofstream(scratch_.file("coord/g/members/1"), std::ios::app) << "x";
  EXPECT_EQ(all(), std::vector<Member>{member(2)});
}

TEST_F(MembersTest, TheIdOfALivingProcessIsNotTaken) {
  const auto enter = [&](const Member& made) {
    return wait<Status>([&](auto done) { coord_->register_member("g", made, std::move(done)); });
  };
  Member living = member(1);
  const int lock = hold(living);
  add(living);
  Member other = member(1);
  other.session = 5;
  other.lock_path = scratch_.file("other");
  const int other_lock = hold(other);
  const Status refused = enter(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(refused.error().message, "replica 1 runs already: process " + std::to_string(getpid()) +
                                         " holds '" + living.lock_path + "'");
  EXPECT_EQ(all(), std::vector<Member>{living});
  // Another session on the same directory has its lock, so that the first one is dead.
  Member next = living;
  next.session = 6;
  EXPECT_TRUE(enter(next));
  close(lock);
  EXPECT_TRUE(enter(other));
  // A directory that was wiped: nothing can be told of who had it.
  std::filesystem::remove(other.lock_path);
  EXPECT_TRUE(enter(next));
  close(other_lock);
}

TEST_F(MembersTest, AFreeLockProvesDeath) {
  Member made = member(1);
  const int fd = hold(made);
  EXPECT_FALSE(dead(made));
  close(fd);
  EXPECT_TRUE(dead(made));
}

// Of another host it may be another file, with the same path and inode where both are cloned.
TEST_F(MembersTest, ALockProvesNothingOfAnotherHostOrAnotherLifeOfThisOne) {
  Member made = member(1);
  close(hold(made));
  EXPECT_TRUE(dead(made));
  Member elsewhere = made;
  elsewhere.host = "elsewhere";
  EXPECT_FALSE(dead(elsewhere));
  Member before = made;
  before.boot_id = "0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41";
  EXPECT_FALSE(dead(before));
  before.boot_id.clear();
  EXPECT_FALSE(dead(before));
  Member older = made;  // of a program that names no host
  older.host.clear();
  EXPECT_TRUE(dead(older));
}

TEST_F(MembersTest, AnEntryOfAnotherFormatIsNotReplaced) {
  add(member(1));
  const std::string later = wire::seal_text(R"({"format":"tandem-member-2"})");
  std::ofstream(scratch_.file("coord/g/members/1")) << later;
  const Status refused =
      wait<Status>([&](auto done) { coord_->register_member("g", member(1), std::move(done)); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConfig);
  EXPECT_TRUE(all().empty());
}

TEST_F(MembersTest, AnotherLockFileProvesNothing) {
  Member made = member(1);
  EXPECT_FALSE(dead(made));  // there is none
  const int fd = hold(made);
  std::filesystem::remove(made.lock_path);
  EXPECT_FALSE(dead(made));
  std::ofstream(made.lock_path) << "new\n";
  EXPECT_FALSE(dead(made));
  close(fd);
}

}  // namespace
}  // namespace tandem::coord
