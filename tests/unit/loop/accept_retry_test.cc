// Listeners without a descriptor left: unit tests of the rule, and a TCP listener under it.
#include "loop/accept_retry.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <vector>

#include "loop/tcp.h"
#include "support/captured_stderr.h"
#include "support/no_descriptors.h"

namespace tandem::loop {
namespace {

size_t count(const std::string& text, const std::string& part) {
  size_t found = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++found;
  return found;
}

TEST(AcceptRetry, TriesAgainAfterAPauseAndSaysSoOnce) {
  Loop loop;
  Timer keeps_running(loop, [] {});
  keeps_running.start(600'000);
  int tries = 0;
  std::optional<AcceptRetry> retry;
  retry.emplace(loop, AcceptRetry::Times{.pause_ms = 1, .calm_ms = 2}, [&] {
    if (++tries < 50) retry->failed("too many open files");
  });
  retry->set_place("127.0.0.1:80");
  testing::internal::CaptureStderr();
  retry->failed("too many open files");
  EXPECT_TRUE(retry->waiting());
  EXPECT_EQ(tries, 0);
  while (tries < 50) loop.run_once();
  EXPECT_FALSE(retry->waiting());
  const off_t begun = support::captured_bytes();
  while (support::captured_bytes() == begun) loop.run_once();
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(logged, "cannot accept connections: they wait listener=127.0.0.1:80"), 1U);
  EXPECT_EQ(count(logged, "connections are accepted again listener=127.0.0.1:80"), 1U);
  EXPECT_EQ(count(logged, "failures=50"), 1U);
  EXPECT_EQ(count(logged, "\n"), 2U) << logged;
}

TEST(AcceptRetry, ADescriptorThatWasClosedEndsThePause) {
  Loop loop;
  int tries = 0;
  AcceptRetry retry(loop, {.pause_ms = 600'000, .calm_ms = 600'000}, [&] { ++tries; });
  retry.on_descriptor_closed();
  EXPECT_EQ(tries, 0) << "nothing has failed";
  retry.failed("too many open files");
  retry.on_descriptor_closed();
  retry.on_descriptor_closed();
  EXPECT_EQ(tries, 1);
}

class ExhaustedListenerTest : public testing::Test {
 protected:
  ExhaustedListenerTest()
      : listener_(loop_, [this](TcpStream stream) { streams_.push_back(std::move(stream)); }) {
    EXPECT_TRUE(listener_.listen("127.0.0.1", 0, 16));
    for (int& fd : clients_) fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  }
  ~ExhaustedListenerTest() override {
    for (const int fd : clients_) close(fd);
  }
  void connect_all() {
    for (const int fd : clients_) {
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(listener_.port());
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
  }
  bool hung_up(int fd) {
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN;
  }

  Loop loop_;
  std::vector<TcpStream> streams_;
  TcpListener listener_;
  int clients_[4] = {};
};

TEST_F(ExhaustedListenerTest, ConnectionsWaitAndAreServedOnceThereIsADescriptor) {
  testing::internal::CaptureStderr();
  {
    const support::NoDescriptors none;
    connect_all();
    for (int i = 0; i < 1000; ++i) loop_.run_once_nowait();
    EXPECT_TRUE(streams_.empty());
    for (const int fd : clients_) EXPECT_FALSE(hung_up(fd));
  }
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_EQ(count(logged, "cannot accept"), 1U);
  EXPECT_EQ(count(logged, "\n"), 1U) << logged.substr(0, 1000);
  // The pause ends by itself.
  while (streams_.size() < 4) loop_.run_once();
}

TEST_F(ExhaustedListenerTest, AStreamThatClosesMakesRoomAtOnce) {
  testing::internal::CaptureStderr();
  connect_all();
  while (streams_.size() < 4) loop_.run_once();
  for (int& fd : clients_) {
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  }
  const support::NoDescriptors none;
  connect_all();
  for (int i = 0; i < 10; ++i) loop_.run_once_nowait();
  ASSERT_EQ(streams_.size(), 4U);
  streams_.erase(streams_.begin());
  listener_.on_stream_closed();
  EXPECT_EQ(streams_.size(), 4U);
  listener_.on_stream_closed();  // nothing was closed: it fails again, and waits
  EXPECT_EQ(streams_.size(), 4U);
  EXPECT_EQ(count(testing::internal::GetCapturedStderr(), "\n"), 1U);
}

TEST(TcpListener, MayBeDestroyedByTheConnectionThatItAccepts) {
  Loop loop;
  std::optional<TcpListener> listener;
  int accepted = 0;
  listener.emplace(loop, [&](TcpStream) {
    ++accepted;
    listener.reset();
  });
  ASSERT_TRUE(listener->listen("127.0.0.1", 0, 16));
  const uint16_t port = listener->port();
  int clients[2];
  for (int& fd : clients) {
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  loop.run();
  EXPECT_EQ(accepted, 1);
  for (const int fd : clients) close(fd);
}

}  // namespace
}  // namespace tandem::loop
