#include "loop/tcp.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <optional>

namespace tandem::loop {
namespace {

// Keeps what happened; echoes nothing by itself.
class Recorder : public StreamEvents {
 public:
  std::span<char> read_buffer() override { return buffer; }
  void on_read(std::string_view bytes) override {
    read += bytes;
    if (then) then();
  }
  void on_end() override { ended = true; }
  void on_drained() override { ++drained; }
  void on_broken(int code) override { broken = code; }

  std::array<char, 4096> buffer;
  std::string read;
  std::function<void()> then;
  bool ended = false;
  int drained = 0;
  int broken = 0;
};

class TcpTest : public testing::Test {
 protected:
  TcpTest() : listener_(loop_, [this](TcpStream stream) { stream_ = std::move(stream); }) {}
  ~TcpTest() override { hang_up(); }

  // A connected pair: fd_ here, stream_ on the loop.
  void connect_pair() {
    ASSERT_TRUE(listener_.listen("127.0.0.1", 0, 16));
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int small = 4096;
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(listener_.port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    fcntl(fd_, F_SETFL, O_NONBLOCK);
    turn_until([this] { return static_cast<bool>(stream_); });
    stream_.start(events_);
  }
  void turn_until(const std::function<bool()>& done) {
    for (int i = 0; i < 1'000'000 && !done(); ++i) loop_.run_once_nowait();
    EXPECT_TRUE(done());
  }
  void send(std::string_view bytes) {
    EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Appends what has come to received_; false once the stream has ended.
  bool receive() {
    char buffer[65536];
    for (;;) {
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got > 0) received_.append(buffer, static_cast<size_t>(got));
      if (got == 0) return false;
      if (got < 0) return true;
    }
  }
  void hang_up() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  Loop loop_;
  Recorder events_;
  TcpStream stream_;
  TcpListener listener_;
  int fd_ = -1;
  std::string received_;
};

TEST_F(TcpTest, ReadsAndWrites) {
  connect_pair();
  send("ping");
  turn_until([this] { return events_.read == "ping"; });
  EXPECT_EQ(stream_.try_write("pong"), 4);
  turn_until([this] { return receive() && received_ == "pong"; });
}

TEST_F(TcpTest, QueuesWhatTheKernelDoesNotTake) {
  connect_pair();
  const std::string all(16 << 20, 'x');
  const int64_t taken = stream_.try_write(all);
  ASSERT_GT(taken, 0);
  ASSERT_LT(taken, static_cast<int64_t>(all.size()));
  stream_.write(SharedBytes(all.substr(static_cast<size_t>(taken))));
  EXPECT_GT(stream_.pending_bytes(), 0u);
  EXPECT_EQ(stream_.try_write("later"), 0);
  turn_until([&] { return receive() && events_.drained == 1; });
  stream_.shutdown();
  turn_until([&] { return !receive(); });
  EXPECT_EQ(received_, all);
  EXPECT_EQ(stream_.pending_bytes(), 0u);
}

TEST_F(TcpTest, TellsTheEndAndResets) {
  connect_pair();
  shutdown(fd_, SHUT_WR);
  turn_until([this] { return events_.ended; });
  EXPECT_EQ(stream_.try_write("still"), 5);
  hang_up();  // with unread input: a reset
  turn_until([this] {
    const int64_t written = stream_.try_write("x");
    return written < 0;
  });
}

TEST_F(TcpTest, PausesReading) {
  connect_pair();
  stream_.pause_reading();
  send("held");
  for (int i = 0; i < 50; ++i) loop_.run_once_nowait();
  EXPECT_EQ(events_.read, "");
  stream_.resume_reading();
  turn_until([this] { return events_.read == "held"; });
}

TEST_F(TcpTest, MayBeClosedInsideItsEvents) {
  connect_pair();
  events_.then = [this] {
    stream_.write(SharedBytes(std::string(8 << 20, 'x')));
    stream_.close();
  };
  send("close");
  turn_until([this] { return events_.read == "close" && !stream_; });
  for (int i = 0; i < 50; ++i) loop_.run_once_nowait();
  EXPECT_EQ(events_.drained, 0);
  EXPECT_EQ(events_.broken, 0);
}

TEST_F(TcpTest, ListenErrorsNameTheAddress) {
  ASSERT_TRUE(listener_.listen("127.0.0.1", 0, 16));
  TcpListener second(loop_, [](TcpStream) {});
  const Status busy = second.listen("127.0.0.1", listener_.port(), 16);
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().kind, ErrorKind::kBusy);
  EXPECT_EQ(busy.error().message, "cannot listen on 127.0.0.1:" + std::to_string(listener_.port()) +
                                      ": address already in use");
  EXPECT_FALSE(second.listening());
  const Status bad = second.listen("256.1.1.1", 0, 16);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().kind, ErrorKind::kConfig);
}

}  // namespace
}  // namespace tandem::loop
