// Real processes: a server that is killed with SIGKILL, again and again, under load.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "loop/process.h"
#include "rpc_fixture.h"

namespace tandem::rpc {
namespace {

// The program of the server process: run by the tests below, never by itself.
TEST(RpcServerProcess, DISABLED_Serves) {
  const char* url = getenv("RPC_TEST_URL");
  ASSERT_NE(url, nullptr);
  loop::Loop loop;
  TestHandler handler(std::to_string(getpid()) + ":");
  Server server(loop, {.url = url}, handler);
  ASSERT_TRUE(server.start());
  ASSERT_EQ(write(3, "\n", 1), 1);
  ASSERT_EQ(close(3), 0);
  loop.run();
}

std::vector<int> inheritable_descriptors() {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.push_back(fd);
  }
  return found;
}

// A descriptor that leaks into a child keeps the sockets of its dead parent alive.
TEST_F(RpcTest, NoDescriptorLeaksIntoChildren) {
  const std::vector<int> before = inheritable_descriptors();
  for (const std::string& url : {ipc(), std::string("tcp://127.0.0.1:0")}) {
    TestHandler handler;
    Server server(loop_, {.url = url}, handler);
    ASSERT_TRUE(server.start());
    Client client(loop_, {.url = server.url()});
    ASSERT_TRUE(client.start());
    EXPECT_EQ(call(client, "x").result, "x");
    EXPECT_EQ(inheritable_descriptors(), before);
  }
}

class RestartTest : public RpcTest {
 protected:
  // Starts a server process and waits until it listens; false where it never did.
  bool start_server() {
    std::array<int, 2> ends{};
    EXPECT_EQ(pipe2(ends.data(), O_CLOEXEC), 0);
    exited_ = false;
    server_ = std::make_unique<loop::Process>(loop_, [this](int64_t, int) { exited_ = true; });
    loop::ProcessOptions options;
    options.program = "/proc/self/exe";
    options.args = {"--gtest_also_run_disabled_tests", "--gtest_filter=RpcServerProcess.*"};
    options.environment = {{"RPC_TEST_URL", ipc()}};
    const int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    options.stdout_fd = null;
    options.extra_fds = {{3, ends[1]}};
    const Status spawned = server_->spawn(options);
    EXPECT_TRUE(spawned) << spawned.error().message;
    close(null);
    close(ends[1]);
    char ready = 0;
    const bool listens = read(ends[0], &ready, 1) == 1;
    close(ends[0]);
    return listens;
  }
  void kill_server() {
    ASSERT_TRUE(server_->signal(SIGKILL));
    run_until([&] { return exited_; });
  }
  void TearDown() override {
    if (server_ && server_->running()) kill_server();
  }

  std::unique_ptr<loop::Process> server_;
  bool exited_ = false;
};

TEST_F(RestartTest, AKilledServersSuccessorTakesOverItsSocketFile) {
  ASSERT_TRUE(start_server());
  const std::string first = std::to_string(server_->pid()) + ":";
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result, first + "x");
  kill_server();
  ASSERT_TRUE(start_server());
  const std::string second = std::to_string(server_->pid()) + ":";
  run_until([&] { return !client.connected() || call(client, "y").result == second + "y"; });
  EXPECT_EQ(call(client, "z").result, second + "z");
}

TEST_F(RestartTest, KillsUnderLoadGiveEachCallOneOutcomeFromTheServerItWentTo) {
  ASSERT_TRUE(start_server());
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  const char* wanted = getenv("RPC_TEST_KILLS");
  const int kills = wanted == nullptr ? 5 : atoi(wanted);
  const std::string padding(2000, 'x');
  size_t good = 0;
  size_t broken = 0;
  size_t wrong = 0;
  size_t begun = 0;
  bool more = true;
  const std::function<void()> next = [&] {
    const std::string payload = std::to_string(begun++) + padding;
    client.call(payload, 60'000, [&, payload](Result<std::string_view> got) {
      if (got) {
        ++(got->ends_with(":" + payload) ? good : wrong);
      } else if (got.error().kind == ErrorKind::kUnknown ||
                 got.error().kind == ErrorKind::kUnavailable) {
        ++broken;
      } else {
        ++wrong;
      }
      if (more) next();
    });
  };
  while (begun < 256) next();
  for (int kill = 0; kill < kills; ++kill) {
    const size_t before = good;
    run_until([&] { return good >= before + 2000; });
    kill_server();
    ASSERT_TRUE(start_server());
  }
  const size_t before = good;
  run_until([&] { return good >= before + 2000; });
  more = false;
  run_until([&] { return client.outstanding() == 0; });
  EXPECT_EQ(good + broken, begun);
  EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace tandem::rpc
