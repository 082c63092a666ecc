#include "worker_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace tandem::orch {
namespace {

class WorkerProcessTest : public testing::Test {
 protected:
  WorkerProcess::Callbacks callbacks() {
    return {.on_ready = [this] { ++readies; },
            .on_waits = [this] { ++waits; },
            .on_end =
                [this](const std::optional<ProcessEnd>& how) {
                  ++ends;
                  end = how;
                }};
  }
  static loop::ProcessOptions shell(const std::string& script) {
    loop::ProcessOptions options;
    options.program = "/bin/sh";
    options.args = {"-c", script};
    return options;
  }
  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop.run_once();
  }

  loop::Loop loop;
  int readies = 0;
  int waits = 0;
  int ends = 0;
  std::optional<ProcessEnd> end;
};

TEST_F(WorkerProcessTest, ReadinessAndTheEndAreTold) {
  WorkerProcess process(loop, callbacks());
  ASSERT_TRUE(process.start(shell("echo >&$RS_READY_FD; exec sleep 1000")));
  EXPECT_GT(process.pid(), 0);
  until([&] { return readies == 1; });
  EXPECT_EQ(ends, 0);
  process.signal(SIGTERM);
  until([&] { return ends == 1; });
  ASSERT_TRUE(end);
  EXPECT_EQ(end->signal, SIGTERM);
  EXPECT_EQ(readies, 1);
}

TEST_F(WorkerProcessTest, WhatItWaitsForIsTold) {
  support::TemporaryDirectory directory;
  // It goes on whenever somebody opens the other end of the next one.
  const auto fifo = [&](int number) { return directory.file("go" + std::to_string(number)); };
  for (int number = 1; number <= 3; ++number) {
    ASSERT_EQ(mkfifo(fifo(number).c_str(), 0600), 0);
  }
  WorkerProcess process(loop, callbacks());
  ASSERT_TRUE(process.start(shell(
      "[ -n \"$RS_READY_WORDS\" ] || exit 1; "
      "printf 'a lock\\0of a' >&$RS_READY_FD; : >" +
      fifo(1) + "; printf ' person\\0a server\\0' >&$RS_READY_FD; : >" + fifo(2) +
      "; printf '\\0' >&$RS_READY_FD; : >" + fifo(3) + "; echo >&$RS_READY_FD; exec sleep 1000")));
  const auto go_on = [&](int number) { close(open(fifo(number).c_str(), O_RDONLY | O_CLOEXEC)); };
  until([&] { return process.waits_for() == "a lock"; });
  go_on(1);
  until([&] { return process.waits_for() == "a server"; });
  EXPECT_GE(waits, 2);
  go_on(2);
  until([&] { return process.waits_for().empty(); });
  EXPECT_EQ(readies, 0);
  go_on(3);
  until([&] { return readies == 1; });
  process.signal(SIGTERM);
  until([&] { return ends == 1; });
}

// The registry shows whether it is ready: that it may be is reason to look.
TEST_F(WorkerProcessTest, OneThatDiesBeforeItIsReadyEndsTheWait) {
  WorkerProcess process(loop, callbacks());
  ASSERT_TRUE(process.start(shell("exit 78")));
  until([&] { return ends == 1; });
  ASSERT_TRUE(end);
  EXPECT_EQ(end->status, 78);
  EXPECT_EQ(end->signal, 0);
  EXPECT_LE(readies, 1);
}

TEST_F(WorkerProcessTest, WhatCannotBeRunIsAnError) {
  WorkerProcess process(loop, callbacks());
  loop::ProcessOptions options;
  options.program = "/nonexistent/rs-worker";
  const Status started = process.start(options);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(process.pid(), 0);
  process.signal(SIGKILL);  // reaches nobody
}

// As a later life of this program does: the first object goes, and the process lives on.
TEST_F(WorkerProcessTest, OneThatAnEarlierLifeStartedIsAdoptedAndItsEndIsTold) {
  loop::Process earlier(loop, [](int64_t, int) {});
  ASSERT_TRUE(earlier.spawn(shell("exec sleep 1000")));
  const auto identity = loop::process_identity(earlier.pid());
  ASSERT_TRUE(identity);
  WorkerProcess process(loop, callbacks());
  ASSERT_TRUE(process.adopt(*identity));
  EXPECT_EQ(process.pid(), earlier.pid());
  process.signal(SIGKILL);
  until([&] { return ends == 1; });
  EXPECT_FALSE(end) << "how is known of children alone";
  EXPECT_EQ(readies, 0);
}

TEST_F(WorkerProcessTest, ADeadOneIsNotAdoptedThoughItsPidMayBeInUse) {
  auto identity = *loop::process_identity(getpid());
  ++identity.start_ticks;
  WorkerProcess process(loop, callbacks());
  EXPECT_FALSE(process.adopt(identity));
  EXPECT_EQ(process.pid(), 0);
}

TEST(WorkerCommand, NamesTheWorkerItsDirectoryAndTheGroup) {
  OrchConfig config;
  config.worker_program = "/opt/rs-worker";
  config.group = "g";
  config.max_in_sync = 5;
  loop::ProcessOptions command = worker_command(config, 3, "/data/3");
  EXPECT_EQ(command.program, "/opt/rs-worker");
  const auto sets = [&](const std::string& text) {
    for (size_t i = 0; i + 1 < command.args.size(); ++i) {
      if (command.args[i] == "--set" && command.args[i + 1] == text) return true;
    }
    return false;
  };
  EXPECT_TRUE(sets("worker.id=3"));
  EXPECT_TRUE(sets("worker.group=g"));
  EXPECT_TRUE(sets("worker.directory=/data/3"));
  EXPECT_TRUE(sets("worker.max_in_sync=5"));
  EXPECT_TRUE(sets("rpc.url=" + worker_url(config, 3)));
  EXPECT_FALSE(sets("host.name=")) << "it has one of its own";
  EXPECT_EQ(command.args.front(), "--set") << "no file: the worker has defaults";
  config.worker_config = "w.toml";
  config.coord.host_name = "h";
  command = worker_command(config, 3, "/data/3");
  EXPECT_EQ(command.args[0], "--config");
  EXPECT_EQ(command.args[1], "w.toml");
  EXPECT_TRUE(sets("host.name=h"));
}

}  // namespace
}  // namespace tandem::orch
