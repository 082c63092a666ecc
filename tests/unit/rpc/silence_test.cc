// Peers that become unreachable: the connection stands, or is about to, and nobody answers.
#include "rpc/silence.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "rpc_fixture.h"

namespace tandem::rpc {
namespace {

constexpr uint64_t kSilenceMs = 40;

TEST(Silence, CountsFromTheLookThatFirstFindsSomethingOwed) {
  Silence silence;
  EXPECT_FALSE(silence.look(0, 7));
  for (uint64_t look = 1; look < Silence::kLooks; ++look) EXPECT_FALSE(silence.look(0, 7));
  EXPECT_TRUE(silence.look(0, 7));
}

TEST(Silence, AnythingThatComesInBeginsItAnew) {
  Silence silence;
  for (uint64_t look = 0; look < Silence::kLooks; ++look) EXPECT_FALSE(silence.look(0, 7));
  for (uint64_t look = 0; look < Silence::kLooks; ++look) EXPECT_FALSE(silence.look(0, 8));
  EXPECT_TRUE(silence.look(0, 8));
}

TEST(Silence, IsForgottenWhereNothingIsOwed) {
  Silence silence;
  for (uint64_t look = 0; look < Silence::kLooks; ++look) EXPECT_FALSE(silence.look(0, 7));
  silence.reset();
  for (uint64_t look = 0; look < Silence::kLooks; ++look) EXPECT_FALSE(silence.look(0, 7));
  EXPECT_TRUE(silence.look(0, 7));
}

TEST(Silence, ALongMessageHasMoreTime) {
  Silence silence;
  const size_t bytes = 3 * Silence::kBytesPerLook;
  for (uint64_t look = 0; look < Silence::kLooks + 3; ++look) EXPECT_FALSE(silence.look(bytes, 7));
  EXPECT_TRUE(silence.look(bytes, 7));
}

// A listener of the kernel alone: connections are made without anybody who reads them.
class SilentListener {
 public:
  explicit SilentListener(int backlog) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, generic, size), 0);
    EXPECT_EQ(listen(fd_, backlog), 0);
    EXPECT_EQ(getsockname(fd_, generic, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() {
    for (const int fd : accepted_) close(fd);
    close(fd_);
  }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;

  std::string url() const { return "tcp://127.0.0.1:" + std::to_string(port_); }

  // Takes what has connected and reads none of it. Gives how many there were so far.
  size_t accept_all() {
    for (int fd = 0; (fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      accepted_.push_back(fd);
    }
    return accepted_.size();
  }
  // Whether the other end of that connection has closed it.
  bool closed(size_t index) const {
    char rest[256];
    ssize_t got = 0;
    while ((got = recv(accepted_[index], rest, sizeof rest, MSG_DONTWAIT)) > 0) {
    }
    return got == 0;
  }
  // A connection that nobody accepts. The caller closes it.
  int connect_to() const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }
  // The local ports of those that are trying to connect here, from the kernel's table.
  //
  //   sl local_address rem_address st …      addresses are hexadecimal, ADDRESS:PORT
  void note_attempts(std::set<std::string>& local) const {
    char port[8];
    snprintf(port, sizeof port, ":%04X", static_cast<unsigned>(port_));
    std::ifstream table("/proc/net/tcp");
    std::string line;
    while (std::getline(table, line)) {
      std::istringstream fields(line);
      std::string number;
      std::string from;
      std::string to;
      std::string state;
      fields >> number >> from >> to >> state;
      if (to.ends_with(port) && state == "02") local.insert(from);  // SYN-SENT
    }
  }

 private:
  int fd_ = -1;
  uint16_t port_ = 0;
  std::vector<int> accepted_;
};

// Greets its clients, and then takes in what they send without a word.
class MuteServer : public SocketEvents {
 public:
  explicit MuteServer(loop::Loop& loop)
      : socket_(loop, *this, {.max_message_bytes = 1 << 20, .max_pipes = 16}) {
    const Result<std::string> listens = socket_.listen("tcp://127.0.0.1:0");
    EXPECT_TRUE(listens);
    url = *listens;
  }
  void on_pipe_added(uint32_t) override {}
  void on_pipe_removed(uint32_t) override { ++removed; }
  void on_message(uint32_t pipe, std::string_view message) override {
    Preamble preamble;
    ASSERT_TRUE(take_preamble(message, preamble));
    if (preamble.kind != Kind::kHello) {
      ++messages;
      return;
    }
    Greeting greeting;
    ASSERT_TRUE(decode_greeting(message, greeting));
    earlier_links.push_back(preamble.link);
    const Preamble welcome{.kind = Kind::kWelcome, .link = 100 + earlier_links.size()};
    socket_.send(pipe, greeting_message(welcome, {greeting.nonce, 1 << 20}));
  }

  std::string url;
  std::vector<uint64_t> earlier_links;  // of each hello
  size_t removed = 0;
  size_t messages = 0;

 private:
  Socket socket_;
};

TEST_F(RpcTest, AServerThatDoesNotGreetIsDialledAgainAndAgain) {
  SilentListener listener(128);
  Client client(loop_, {.url = listener.url(), .silence_ms = kSilenceMs});
  ASSERT_TRUE(client.start());
  run_until([&] { return listener.accept_all() >= 4; });
  for (size_t each = 0; each < 3; ++each) {
    run_until([&] { return listener.closed(each); });
  }
}

TEST_F(RpcTest, AConnectionWhoseMessagesAreNotAcknowledgedIsGivenUp) {
  MuteServer server(loop_);
  Client client(loop_, {.url = server.url, .silence_ms = kSilenceMs});
  size_t connected = 0;
  size_t lost = 0;
  client.on_connected([&] { ++connected; });
  client.on_disconnected([&] { ++lost; });
  ASSERT_TRUE(client.start());
  const Outcome outcome = call(client, "x");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnknown);
  run_until([&] { return connected == 2; });
  EXPECT_EQ(lost, 1U);
  EXPECT_EQ(server.messages, 1U);
  EXPECT_NE(server.earlier_links.back(), 0U) << "the hello names the link that was given up";
  run_until([&] { return server.removed >= 1; });
}

TEST_F(RpcTest, OneWayMessagesStartTheClockToo) {
  MuteServer server(loop_);
  Client client(loop_, {.url = server.url, .silence_ms = kSilenceMs});
  size_t connected = 0;
  client.on_connected([&] {
    ++connected;
    if (connected < 3) {
      EXPECT_TRUE(client.send("x"));
    }
  });
  ASSERT_TRUE(client.start());
  run_until([&] { return connected == 3; });
}

// Another client, which is given reason to dial again, tells that the time has passed.
TEST_F(RpcTest, AnIdleConnectionIsLeftAlone) {
  MuteServer quiet(loop_);
  SilentListener listener(128);
  Client idle(loop_, {.url = quiet.url, .silence_ms = kSilenceMs});
  ASSERT_TRUE(idle.start());
  run_until([&] { return idle.connected(); });
  const size_t hellos = quiet.earlier_links.size();
  Client busy(loop_, {.url = listener.url(), .silence_ms = kSilenceMs});
  ASSERT_TRUE(busy.start());
  run_until([&] { return listener.accept_all() >= 4; });
  EXPECT_TRUE(idle.connected());
  EXPECT_EQ(quiet.earlier_links.size(), hellos);
}

// Where the queue of a listener is full the kernel drops what begins a connection, as a network
// that is cut does. Each attempt has a local port of its own; the kernel's repetitions keep theirs.
TEST_F(RpcTest, AnAttemptToConnectThatIsNotAnsweredIsMadeAnew) {
  SilentListener listener(0);
  const int filler = listener.connect_to();
  Client client(loop_, {.url = listener.url(), .silence_ms = kSilenceMs});
  ASSERT_TRUE(client.start());
  loop::Timer turn(loop_, [] {});
  turn.start(1, 1);
  std::set<std::string> attempts;
  run_until([&] {
    listener.note_attempts(attempts);
    return attempts.size() >= 3;
  });
  run_until([&] { return listener.accept_all() >= 2; });
  close(filler);
}

TEST_F(RpcTest, AHelloEndsTheLinkThatItsClientHadBefore) {
  TestHandler handler;
  Server server(loop_, {.url = "tcp://127.0.0.1:0"}, handler);
  ASSERT_TRUE(server.start());
  BareClient before(loop_, server.url());
  run_until([&] { return before.added == 1; });
  before.hello(1);
  run_until([&] { return !before.received.empty(); });
  BareClient bystander(loop_, server.url());
  run_until([&] { return bystander.added == 1; });
  bystander.hello(2);
  run_until([&] { return !bystander.received.empty(); });
  EXPECT_EQ(server.peers(), 2U);

  BareClient after(loop_, server.url());
  run_until([&] { return after.added == 1; });
  after.send(greeting_message({.kind = Kind::kHello, .link = before.link()}, {3, 1 << 20}));
  run_until([&] { return !after.received.empty() && before.removed == 1; });
  EXPECT_EQ(handler.gone, 1U);
  EXPECT_EQ(server.peers(), 2U);
  after.data(after.link(), 1, item(0, "new"));
  bystander.data(bystander.link(), 1, item(0, "other"));
  run_until([&] { return handler.messages.size() == 2; });
  EXPECT_EQ(handler.gone, 1U);
}

}  // namespace
}  // namespace tandem::rpc
