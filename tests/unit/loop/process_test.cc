#include "loop/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>
#include <string>

namespace tandem::loop {
namespace {

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    reader = ends[0];
    writer = ends[1];
  }
  ~Pipe() {
    close(reader);
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_writer() {
    if (writer >= 0) close(writer);
    writer = -1;
  }
  // Everything up to the end: blocks until every writer has gone.
  std::string read_all() {
    close_writer();
    std::string text;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = read(reader, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<size_t>(got));
    }
    return text;
  }
  int reader = -1;
  int writer = -1;
};

ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.program = "/bin/sh";
  options.args = {"-c", script};
  return options;
}

struct Exit {
  int times = 0;
  int64_t status = -1;
  int signal_number = -1;
  UniqueFunction<void(int64_t, int)> callback() {
    return [this](int64_t got_status, int got_signal) {
      ++times;
      status = got_status;
      signal_number = got_signal;
    };
  }
};

void run_until(Loop& loop, const std::function<bool()>& condition) {
  while (!condition()) loop.run_once();
}

TEST(Process, TellsTheExitStatus) {
  Loop loop;
  Exit exit;
  Process process(loop, exit.callback());
  ASSERT_TRUE(process.spawn(shell("exit 42")));
  EXPECT_TRUE(process.running());
  run_until(loop, [&] { return exit.times > 0; });
  EXPECT_EQ(exit.status, 42);
  EXPECT_EQ(exit.signal_number, 0);
  EXPECT_FALSE(process.running());
  EXPECT_TRUE(process.signal(SIGTERM));
}

TEST(Process, TellsTheSignalThatEndedIt) {
  Loop loop;
  Exit exit;
  Process process(loop, exit.callback());
  ASSERT_TRUE(process.spawn(shell("exec sleep 600")));
  ASSERT_TRUE(process.signal(SIGKILL));
  run_until(loop, [&] { return exit.times > 0; });
  EXPECT_EQ(exit.signal_number, SIGKILL);
}

TEST(Process, SaysWhyAProgramCannotRun) {
  Loop loop;
  Process missing(loop, nullptr);
  ProcessOptions options;
  options.program = "/nonexistent/program";
  const Status status = missing.spawn(options);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(status.error().message, "cannot run '/nonexistent/program': no such file or directory");
  Process directory(loop, nullptr);
  options.program = "/tmp";
  EXPECT_EQ(directory.spawn(options).error().kind, ErrorKind::kPermission);
}

TEST(Process, GetsOutputEnvironmentDirectoryAndDescriptors) {
  Loop loop;
  Pipe output;
  Pipe readiness;
  Exit exit;
  Process process(loop, exit.callback());
  ProcessOptions options = shell("echo \"$RS_TEST $HOME $(pwd) $(cat | wc -c)\"; echo ready >&3");
  options.environment = {{"RS_TEST", "value with spaces"}, {"HOME", "/replaced"}};
  options.working_directory = "/usr";
  options.stdout_fd = output.writer;
  options.extra_fds = {{3, readiness.writer}};
  ASSERT_TRUE(process.spawn(options));
  run_until(loop, [&] { return exit.times > 0; });
  EXPECT_EQ(output.read_all(), "value with spaces /replaced /usr 0\n");
  EXPECT_EQ(readiness.read_all(), "ready\n");
}

TEST(Process, OutlivesTheObjectInASessionOfItsOwn) {
  Loop loop;
  Pipe alive;
  pid_t pid = 0;
  {
    Process process(loop, [](int64_t, int) { ADD_FAILURE() << "told after its destruction"; });
    ProcessOptions options = shell("exec sleep 600");
    options.extra_fds = {{3, alive.writer}};
    ASSERT_TRUE(process.spawn(options));
    pid = process.pid();
  }
  loop.run_once_nowait();
  EXPECT_EQ(getsid(pid), pid);
  const Result<ProcessIdentity> identity = process_identity(pid);
  ASSERT_TRUE(identity);
  EXPECT_TRUE(same_process(*identity));
  EXPECT_FALSE(is_stopped(*identity));
  ASSERT_EQ(kill(pid, SIGSTOP), 0);
  ASSERT_EQ(waitpid(pid, nullptr, WUNTRACED), pid);
  EXPECT_TRUE(is_stopped(*identity));
  ASSERT_EQ(kill(pid, SIGKILL), 0);
  EXPECT_EQ(alive.read_all(), "");  // returns when the child is gone
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  EXPECT_FALSE(same_process(*identity));
}

TEST(ProcessIdentity, NamesThisProcessAndNoOther) {
  const Result<ProcessIdentity> self = process_identity(getpid());
  ASSERT_TRUE(self);
  EXPECT_GT(self->start_ticks, 0U);
  EXPECT_EQ(self->boot_id.size(), 36U);
  EXPECT_TRUE(same_process(*self));
  ProcessIdentity earlier = *self;
  --earlier.start_ticks;
  EXPECT_FALSE(same_process(earlier));
  ProcessIdentity before_boot = *self;
  before_boot.boot_id.front() = before_boot.boot_id.front() == '0' ? '1' : '0';
  EXPECT_FALSE(same_process(before_boot));
}

TEST(ProcessIdentity, CountsFieldsAfterTheNameWhateverItHolds) {
  Loop loop;
  Pipe output;
  Exit exit;
  Process process(loop, exit.callback());
  ProcessOptions options =
      shell("printf 'a) R 1 (b' >/proc/self/comm; cut -d ')' -f 3 /proc/$$/stat; exec sleep 600");
  options.stdout_fd = output.writer;
  ASSERT_TRUE(process.spawn(options));
  std::array<char, 512> line{};
  ASSERT_GT(read(output.reader, line.data(), line.size()), 0);
  const Result<ProcessIdentity> identity = process_identity(process.pid());
  ASSERT_TRUE(identity);
  const Result<ProcessIdentity> self = process_identity(getpid());
  EXPECT_GE(identity->start_ticks, self->start_ticks);
  EXPECT_TRUE(process.signal(SIGKILL));
  run_until(loop, [&] { return exit.times > 0; });
}

TEST(ProcessIdentity, OfNobodyIsNotFound) {
  EXPECT_EQ(process_identity(0x3fffffff).error().kind, ErrorKind::kNotFound);
}

TEST(ProvenEnded, OfALivingProcessIsNever) {
  const Result<ProcessIdentity> self = process_identity(getpid());
  ASSERT_TRUE(self);
  EXPECT_FALSE(proven_ended(*self));
  // A signal to these would reach others.
  for (const pid_t pid : {0, -1, -getpid()}) EXPECT_FALSE(proven_ended({pid, 1, self->boot_id}));
}

TEST(ProvenEnded, OfAnEarlierProcessWithThisPidButNotOfAnotherBoot) {
  ProcessIdentity earlier = process_identity(getpid()).value();
  earlier.start_ticks -= 1;
  EXPECT_TRUE(proven_ended(earlier));
  earlier.boot_id = "0c7f1bb5-9f0e-4b4c-a2a9-3c1f2f7d9d41";
  EXPECT_FALSE(proven_ended(earlier));
}

TEST(ProvenEnded, OfAZombieAndOfAReapedProcess) {
  const pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  const ProcessIdentity child = process_identity(pid).value();
  EXPECT_FALSE(proven_ended(child));
  kill(pid, SIGKILL);
  siginfo_t about{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &about, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(proven_ended(child));
  ASSERT_EQ(waitpid(pid, nullptr, 0), pid);
  EXPECT_TRUE(proven_ended(child));
}

TEST(ProcessWatch, FiresOnceWhenTheProcessEnds) {
  Loop loop;
  Exit exit;
  Process process(loop, exit.callback());
  ASSERT_TRUE(process.spawn(shell("exec sleep 600")));
  const Result<ProcessIdentity> identity = process_identity(process.pid());
  ASSERT_TRUE(identity);
  int ended = 0;
  ProcessWatch watch(loop, [&] { ++ended; });
  ASSERT_TRUE(watch.start(*identity));
  loop.run_once_nowait();
  EXPECT_EQ(ended, 0);
  ASSERT_TRUE(watch.signal(SIGKILL));
  run_until(loop, [&] { return ended > 0 && exit.times > 0; });
  loop.run_once_nowait();
  EXPECT_EQ(ended, 1);
  EXPECT_EQ(watch.signal(SIGKILL).error().kind, ErrorKind::kNotFound);
}

TEST(ProcessWatch, DoesNotWatchAProcessThatHasEndedOrAnotherOneWithItsPid) {
  Loop loop;
  Exit exit;
  Process process(loop, exit.callback());
  ASSERT_TRUE(process.spawn(shell("exec sleep 600")));
  const Result<ProcessIdentity> identity = process_identity(process.pid());
  ASSERT_TRUE(identity);
  ProcessIdentity earlier = *identity;
  --earlier.start_ticks;
  ProcessWatch other(loop, [] { ADD_FAILURE(); });
  EXPECT_EQ(other.start(earlier).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(other.signal(SIGKILL).error().kind, ErrorKind::kNotFound);
  EXPECT_TRUE(process.signal(SIGKILL));
  run_until(loop, [&] { return exit.times > 0; });
  ProcessWatch late(loop, [] { ADD_FAILURE(); });
  EXPECT_EQ(late.start(*identity).error().kind, ErrorKind::kNotFound);
}

TEST(ProcessWatch, MayBeDestroyedBeforeTheEnd) {
  Loop loop;
  Exit exit;
  Process process(loop, exit.callback());
  ASSERT_TRUE(process.spawn(shell("exec sleep 600")));
  {
    ProcessWatch watch(loop, [] { ADD_FAILURE(); });
    ASSERT_TRUE(watch.start(*process_identity(process.pid())));
  }
  EXPECT_TRUE(process.signal(SIGKILL));
  run_until(loop, [&] { return exit.times > 0; });
}

}  // namespace
}  // namespace tandem::loop
