#include "consulhost/host_processes.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_directory.h"

namespace tandem::consulhost {
namespace {

class HostProcessesTest : public testing::Test {
 protected:
  // Another process of this program, which names itself as it is asked to.
  class Child {
   public:
    explicit Child(const std::string& host_name) {
      int ends[2];
      EXPECT_EQ(pipe(ends), 0);
      pid_ = fork();
      if (pid_ == 0) {
        loop::Loop loop;
        const std::string self = HostProcesses(loop, host_name).self().dump();
        if (write(ends[1], self.data(), self.size()) < 0) _exit(1);
        close(ends[1]);
        pause();
        _exit(0);
      }
      close(ends[1]);
      char buffer[1000];
      std::string text;
      for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;) {
        text.append(buffer, static_cast<size_t>(n));
      }
      close(ends[0]);
      name = wire::parse_json(text).value();
    }
    ~Child() { end(); }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    void kill_it() const { kill(pid_, SIGKILL); }
    void end() {
      if (pid_ == 0) return;
      kill_it();
      waitpid(pid_, nullptr, 0);
      pid_ = 0;
    }
    wire::Json name;

   private:
    pid_t pid_ = 0;
  };

  // Of a child that has ended, with one field as another host would have it.
  bool dead_with(const std::string& key, wire::Json value) {
    Child child("here");
    child.end();
    EXPECT_TRUE(processes_.proven_dead(child.name));
    child.name.set(key, std::move(value));
    return processes_.proven_dead(child.name);
  }

  loop::Loop loop_;
  HostProcesses processes_{loop_, "here"};
};

TEST_F(HostProcessesTest, ProvesTheDeathOfAProcessThatHasEnded) {
  Child child("here");
  EXPECT_FALSE(processes_.proven_dead(child.name));
  child.end();
  EXPECT_TRUE(processes_.proven_dead(child.name));
  EXPECT_FALSE(processes_.proven_dead(processes_.self()));
}

TEST_F(HostProcessesTest, ProvesNothingOfAnotherHostBootOrNamespace) {
  EXPECT_FALSE(dead_with("host", "there"));
  EXPECT_FALSE(dead_with("boot_id", "0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41"));
  EXPECT_FALSE(dead_with("pid_namespace", 1));
  EXPECT_FALSE(dead_with("pid_namespace", nullptr));
  EXPECT_FALSE(dead_with("time_namespace", 1));
  EXPECT_FALSE(dead_with("pid", 0));
  EXPECT_FALSE(dead_with("pid", -1));
  EXPECT_FALSE(dead_with("start_ticks", "x"));
  EXPECT_FALSE(processes_.proven_dead(wire::Json()));
}

TEST_F(HostProcessesTest, ProvesTheDeathOfAProcessOfAnOlderProgram) {
  Child child("here");
  child.end();
  wire::Json::Object older = *child.name.as_object();
  std::erase_if(older, [](const auto& member) { return member.first == "time_namespace"; });
  ASSERT_LT(older.size(), child.name.as_object()->size());
  EXPECT_TRUE(processes_.proven_dead(wire::Json(older)));
}

TEST_F(HostProcessesTest, TellsTheEndOfAnotherProcessOnce) {
  Child child("here");
  int ended = 0;
  const auto watch = processes_.watch(child.name, [&] { ++ended; });
  ASSERT_NE(watch, nullptr);
  child.kill_it();
  while (ended == 0) loop_.run_once();
  EXPECT_EQ(ended, 1);
  EXPECT_TRUE(processes_.proven_dead(child.name)) << "although nobody has reaped it";
}

TEST_F(HostProcessesTest, WatchesNobodyElsewhereAndNobodyThatHasEnded) {
  Child child("here");
  wire::Json elsewhere = child.name;
  elsewhere.set("host", "there");
  EXPECT_EQ(processes_.watch(elsewhere, [] {}), nullptr);
  child.end();
  EXPECT_EQ(processes_.watch(child.name, [] {}), nullptr);
}

// What locks prove is the test of the local back end; here, that they are asked.
class MemberLocks : public HostProcessesTest {
 protected:
  MemberLocks() {
    member_.id = 1;
    member_.pid = getpid();
    member_.host = processes_.host_name();
    member_.boot_id = *processes_.self().find("boot_id")->as_string();
    member_.lock_path = scratch_.file("lock");
    lock_ = open(member_.lock_path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_EQ(flock(lock_, LOCK_EX), 0);
    struct stat about {};
    EXPECT_EQ(fstat(lock_, &about), 0);
    member_.lock_device = about.st_dev;
    member_.lock_inode = about.st_ino;
  }
  ~MemberLocks() override { let_go(); }
  void let_go() {
    if (lock_ >= 0) close(lock_);
    lock_ = -1;
  }
  bool dead() {
    std::optional<bool> answer;
    processes_.member_proven_dead(member_, [&](const Result<bool>& is) { answer = is.value(); });
    EXPECT_FALSE(answer.has_value()) << "called back from inside the call";
    while (!answer) loop_.run_once();
    return *answer;
  }
  Status replaced_by(const coord::Member& later) {
    std::optional<Status> answer;
    processes_.may_replace(member_, later, [&](Status status) { answer = std::move(status); });
    while (!answer) loop_.run_once();
    return *answer;
  }

  support::TemporaryDirectory scratch_;
  coord::Member member_;
  int lock_ = -1;
};

TEST_F(MemberLocks, ProveTheDeathOfWhoseLockIsFree) {
  EXPECT_FALSE(dead());
  let_go();
  EXPECT_TRUE(dead());
}

TEST_F(MemberLocks, KeepALivingMemberFromBeingReplacedByOneWithAnotherDirectory) {
  EXPECT_TRUE(replaced_by(member_));
  coord::Member other = member_;
  other.lock_inode += 1;
  const Status refused = replaced_by(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBusy);
  let_go();
  EXPECT_TRUE(replaced_by(other));
}

}  // namespace
}  // namespace tandem::consulhost
