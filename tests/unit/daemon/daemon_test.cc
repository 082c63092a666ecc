// The life of a daemon with fake parts, in a child process each. The parts write what happens to
// them to stdout.
#include "daemon/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <thread>
#include <utility>

#include "daemon/child.h"

namespace tandem::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

void say(const std::string& text) { CHECK(write_stdout(text + "\n")); }

class FakePart final : public Part {
 public:
  explicit FakePart(std::string name) : name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  void start(UniqueFunction<void(Status)> done) override {
    say("start " + name_);
    if (on_start) on_start();
    if (start_hangs) {
      start_done = std::move(done);
    } else {
      done(start_status);
    }
  }
  void drain(UniqueFunction<void()> done) override {
    say("drain " + name_);
    if (on_drain) on_drain();
    if (drain_hangs) {
      drain_done = std::move(done);
    } else {
      done();
    }
  }
  void hurry() override { say("hurry " + name_); }
  std::string waits_for() const override { return when_asked ? when_asked() : ""; }

  std::function<std::string()> when_asked;
  std::function<void()> on_start;
  std::function<void()> on_drain;
  Status start_status;
  bool start_hangs = false;
  bool drain_hangs = false;
  UniqueFunction<void(Status)> start_done;
  UniqueFunction<void()> drain_done;

 private:
  std::string name_;
};

struct TestConfig {
  int64_t port = 80;
  int64_t rate = 1;
};

void declare(TestConfig& c, SettingTable& t) {
  t.integer("port", c.port, 0, 65535, "a port");
  t.integer("rate", c.rate, 0, 100, "a rate").reloads();
}

// A daemon with two parts, and an action in the first turn of the loop.
struct Life {
  explicit Life(std::vector<std::string> words = {})
      : arguments(std::move(words)),
        daemon({"rs-test", "test things"}, arguments.argc(), arguments.argv()),
        config(daemon.load<TestConfig>(declare)) {}

  int run() {
    loop::Timer timer(loop, [this] { when_ready(); });
    timer.start(0);
    return daemon.run(loop, {&a, &b});
  }

  Arguments arguments;
  Daemon daemon;
  TestConfig config;
  loop::Loop loop;
  FakePart a{"a"};
  FakePart b{"b"};
  std::function<void()> when_ready = [] { raise(SIGTERM); };
};

TEST(DaemonTest, StartsInOrderAndDrainsInReverse) {
  for (const int number : {SIGTERM, SIGINT}) {
    const ChildResult child = run_child([number] {
      Life life;
      life.when_ready = [number] { raise(number); };
      return life.run();
    });
    EXPECT_EQ(child.status, 0) << child.err;
    EXPECT_EQ(child.out, "start a\nstart b\ndrain b\ndrain a\n");
  }
}

TEST(DaemonTest, ReadyOnlyWhileServing) {
  const ChildResult child = run_child([] {
    Life life;
    const auto tell = [&life] { say(life.daemon.ready() ? "ready" : "not ready"); };
    life.b.on_start = tell;
    life.a.on_drain = tell;
    life.when_ready = [tell] {
      tell();
      raise(SIGTERM);
    };
    return life.run();
  });
  EXPECT_EQ(child.out, "start a\nstart b\nnot ready\nready\ndrain b\ndrain a\nnot ready\n");
}

TEST(DaemonTest, APartThatCannotStartEndsTheProcessWithItsStatus) {
  const ChildResult child = run_child([] {
    Life life;
    life.b.start_status =
        fail(ErrorKind::kBusy, "cannot listen on 127.0.0.1:80: address already in use");
    return life.run();
  });
  EXPECT_EQ(child.status, 69);
  EXPECT_EQ(child.out, "start a\nstart b\ndrain a\n");
  EXPECT_THAT(child.err,
              HasSubstr("error: cannot listen on 127.0.0.1:80: address already in use part=b\n"));
}

TEST(DaemonTest, APartMayStartLater) {
  const ChildResult child = run_child([] {
    Life life;
    life.a.start_hangs = true;
    life.when_ready = [&life] {
      life.a.start_done({});
      raise(SIGTERM);
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(child.out, "start a\nstart b\ndrain b\ndrain a\n");
}

TEST(DaemonTest, MayBeToldToStopWhileItStarts) {
  const ChildResult child = run_child([] {
    Life life;
    life.a.start_hangs = true;
    life.a.on_drain = [&life] { life.a.start_done({}); };  // too late to matter
    return life.run();
  });
  EXPECT_EQ(child.status, 0) << child.err;
  EXPECT_EQ(child.out, "start a\ndrain a\n");
  EXPECT_THAT(child.err, Not(HasSubstr("info: ready")));
}

TEST(DaemonTest, TermEndsWhateverIsBeforeTheLoop) {
  for (const int number : {SIGTERM, SIGINT}) {
    const ChildResult child = run_child([number] {
      Life life;
      raise(SIGHUP);
      say("goes on");
      raise(number);
      say("still there");
      return 1;
    });
    EXPECT_EQ(child.status, 0);
    EXPECT_EQ(child.out, "goes on\n");
  }
}

TEST(DaemonTest, ASecondTermHurries) {
  const ChildResult child = run_child([] {
    Life life;
    life.b.drain_hangs = true;
    life.b.on_drain = [] { raise(SIGTERM); };
    const int status = life.run();
    life.b.drain_done();  // nobody listens any more
    return status;
  });
  EXPECT_EQ(child.status, 0) << child.err;
  EXPECT_EQ(child.out, "start a\nstart b\ndrain b\nhurry b\ndrain a\nhurry a\n");
  EXPECT_THAT(child.err, HasSubstr("part=b reason=\"told to stop twice\""));
}

TEST(DaemonTest, DrainingHasAnEnd) {
  const ChildResult child = run_child([] {
    Life life({"--set", "daemon.drain_timeout=1ms"});
    life.a.drain_hangs = true;
    return life.run();
  });
  EXPECT_EQ(child.status, 0) << child.err;
  EXPECT_EQ(child.out, "start a\nstart b\ndrain b\ndrain a\nhurry a\n");
}

TEST(DaemonTest, APartMayEndTheProcessGently) {
  const ChildResult child = run_child([] {
    Life life;
    life.when_ready = [&life] {
      life.daemon.stop(ExitStatus::kUnavailable);
      life.daemon.stop(ExitStatus::kIo);  // the first reason counts
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 69);
  EXPECT_EQ(child.out, "start a\nstart b\ndrain b\ndrain a\n");
}

TEST(DaemonTest, StoppedBeforeItRanItStartsNothing) {
  const ChildResult child = run_child([] {
    Life life;
    life.daemon.stop(ExitStatus::kNo);
    return life.run();
  });
  EXPECT_EQ(child.status, 1);
  EXPECT_EQ(child.out, "");
}

TEST(DaemonTest, DieEndsAtOnce) {
  const ChildResult child = run_child([] {
    Life life;
    life.when_ready = [] {
      die({ErrorKind::kDiskFailed, "cannot sync 'x.log': Input/output error"});
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 74);
  EXPECT_EQ(child.out, "start a\nstart b\n");
  EXPECT_THAT(child.err, HasSubstr("error: cannot sync 'x.log': Input/output error\n"));
}

// 74 has one meaning, for which a directory is given up.
TEST(DaemonTest, OnlyAFailedWriteOfItsOwnDataIs74) {
  EXPECT_EQ(ending_status(ErrorKind::kDiskFailed), ExitStatus::kIo);
  for (const int error : {ENOSPC, EDQUOT, EMFILE, ENFILE, ENOMEM, EIO, ENOENT, ENXIO, ESTALE}) {
    EXPECT_EQ(ending_status(fail_errno("x", error).value().kind), ExitStatus::kUnavailable);
  }
}

TEST(DaemonTest, ThreadsNeverTakeItsSignals) {
  const ChildResult child = run_child([] {
    Life life;
    life.b.on_start = [] {
      std::thread([] {
        sigset_t blocked;
        pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
        for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
          say(sigismember(&blocked, number) == 1 ? "blocked" : "open");
        }
      }).join();
    };
    life.when_ready = [] {
      raise(SIGPIPE);
      kill(getpid(), SIGTERM);
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(child.out, "start a\nstart b\nblocked\nblocked\nblocked\ndrain b\ndrain a\n");
}

// The descriptor that a supervisor gives a daemon to announce its readiness on.
class ReadyPipe {
 public:
  ReadyPipe() { CHECK(pipe2(fds_, O_CLOEXEC) == 0); }
  ~ReadyPipe() {
    for (const int fd : fds_) close(fd);
  }
  void put_into_environment() const { setenv("RS_READY_FD", std::to_string(fds_[1]).c_str(), 1); }
  // What was written to it up to now. REQUIRES: once at most.
  std::string told() {
    close(std::exchange(fds_[1], -1));
    char text[64];
    const ssize_t got = read(fds_[0], text, sizeof text);
    return {text, got < 0 ? 0 : static_cast<size_t>(got)};
  }

 private:
  int fds_[2];
};

TEST(DaemonTest, AnnouncesReadinessOnADescriptor) {
  ReadyPipe pipe;
  const ChildResult child = run_child([&pipe] {
    pipe.put_into_environment();
    setenv("RS_READY_WORDS", "1", 1);
    Life life;
    life.when_ready = [] {
      const bool gone = getenv("RS_READY_FD") == nullptr && getenv("RS_READY_WORDS") == nullptr;
      say(gone ? "children do not see it" : "inherited");
      raise(SIGTERM);
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_THAT(child.out, HasSubstr("children do not see it"));
  EXPECT_EQ(pipe.told(), "\n");
}

// What a daemon writes whose start waits for a lock.
std::string told_by_one_that_waits(bool words) {
  ReadyPipe pipe;
  const ChildResult child = run_child([&] {
    pipe.put_into_environment();
    if (words) setenv("RS_READY_WORDS", "1", 1);
    Life life;
    life.a.start_hangs = true;
    int asked = 0;
    life.a.when_asked = [&]() -> std::string {
      if (++asked < 3) return "a\nlock";
      if (asked == 4) life.a.start_done({});
      return "";
    };
    life.when_ready = [] {};
    life.b.on_start = [] { raise(SIGTERM); };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  return pipe.told();
}

TEST(DaemonTest, TellsWhatItsStartWaitsForToThoseWhoWantToKnow) {
  EXPECT_EQ(told_by_one_that_waits(true), std::string("a lock\0\0\n", 9));
}

// s6-supervise does nothing else from the first byte to the newline.
TEST(DaemonTest, TellsNothingButReadinessToOthers) {
  EXPECT_EQ(told_by_one_that_waits(false), "\n");
}

TEST(DaemonTest, SaysNothingWhereItDidNotGetReady) {
  ReadyPipe pipe;
  run_child([&pipe] {
    pipe.put_into_environment();
    Life life;
    life.a.start_status = fail(ErrorKind::kIo, "no");
    return life.run();
  });
  EXPECT_EQ(pipe.told(), "");
}

TEST(DaemonTest, SurvivesClosedDescriptors) {
  const ChildResult child = run_child([] {
    setenv("RS_READY_FD", "3", 1);
    for (int fd = 0; fd <= 3; ++fd) close(fd);
    Arguments arguments({});
    Daemon daemon({"rs-test", "test things"}, arguments.argc(), arguments.argv());
    const TestConfig config = daemon.load<TestConfig>(declare);
    loop::Loop loop;
    loop::Timer timer(loop, [] { raise(SIGTERM); });
    timer.start(0);
    return daemon.run(loop, {}) + static_cast<int>(config.port) - 80;
  });
  EXPECT_EQ(child.status, 0);
}

// A datagram socket as a service manager has it.
std::string notified(const std::string& name) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name[0] == '@') address.sun_path[0] = '\0';
  CHECK(bind(fd, reinterpret_cast<const sockaddr*>(&address),
             static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) == 0);
  run_child([&name] {
    setenv("NOTIFY_SOCKET", name.c_str(), 1);
    Life life;
    return life.run();
  });
  std::string texts;
  char text[256];
  ssize_t got = 0;
  while ((got = recv(fd, text, sizeof text, 0)) > 0) {
    texts.append(text, static_cast<size_t>(got)).append(";");
  }
  close(fd);
  return texts;
}

TEST(DaemonTest, TellsAServiceManager) {
  const support::TemporaryDirectory scratch;
  EXPECT_EQ(notified(scratch.file("notify")), "READY=1;STOPPING=1;");
  EXPECT_EQ(notified("@" + scratch.file("abstract")), "READY=1;STOPPING=1;");
}

TEST(DaemonTest, HangUpReloadsWhatCanBe) {
  const support::TemporaryDirectory scratch;
  const std::string file = scratch.write("a.toml", "port = 1\nrate = 1\n");
  const ChildResult child = run_child([&] {
    Life life({"-c", file});
    life.daemon.on_reload(declare, [](const TestConfig& config) {
      say("port " + std::to_string(config.port) + " rate " + std::to_string(config.rate));
      raise(SIGTERM);
    });
    life.when_ready = [&] {
      scratch.write("a.toml", "port = 2\nrate = 2\n[log]\nlevel = 'debug'\n");
      raise(SIGHUP);
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_THAT(child.out, HasSubstr("port 1 rate 2\n"));
  EXPECT_THAT(child.err, HasSubstr("warning: setting needs a restart to change key=port\n"));
  EXPECT_THAT(child.err, HasSubstr("info: setting changed key=rate\n"));
  EXPECT_THAT(child.err, HasSubstr("debug: draining part=b\n"));
}

TEST(DaemonTest, AReloadWithErrorsChangesNothing) {
  const support::TemporaryDirectory scratch;
  const std::string file = scratch.write("a.toml", "rate = 1\n");
  const ChildResult child = run_child([&] {
    Life life({"-c", file});
    life.daemon.on_reload<TestConfig>(declare, [](const TestConfig&) { say("applied"); });
    life.when_ready = [&] {
      scratch.write("a.toml", "rate = 1000\n");
      raise(SIGHUP);
      raise(SIGTERM);
    };
    return life.run();
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_THAT(child.out, Not(HasSubstr("applied")));
  EXPECT_THAT(child.err, HasSubstr(file + ":1:8: 'rate' must be"));
  EXPECT_THAT(child.err, HasSubstr("not reloaded"));
}

}  // namespace
}  // namespace tandem::daemon
