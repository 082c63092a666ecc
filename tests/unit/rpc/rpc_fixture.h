// What the tests of rpc share: a directory, a loop with a guard against hanging, a handler that
// does as it is told, a bare client that can misbehave.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "loop/loop.h"
#include "rpc/client.h"
#include "rpc/protocol.h"
#include "rpc/server.h"
#include "rpc/socket.h"
#include "support/temporary_directory.h"
#include "wire/frame.h"

namespace tandem::rpc {

// Answers "NAME:payload" at once, or keeps or drops the reply.
class TestHandler : public Handler {
 public:
  enum class Mode { kEcho, kKeep, kDrop, kFail };
  explicit TestHandler(std::string handler_name = "") : name(std::move(handler_name)) {}

  void on_call(Reply reply, std::string_view payload) override {
    ++calls;
    switch (mode) {
      case Mode::kKeep:
        kept.push_back(std::move(reply));
        break;
      case Mode::kEcho:
        reply.answer(name + std::string(payload));
        break;
      case Mode::kFail:
        reply.fail({ErrorKind::kConflict, "no"});
        break;
      case Mode::kDrop:
        break;
    }
  }
  void on_message(Peer, std::string_view payload) override { messages.emplace_back(payload); }
  void on_peer_gone(Peer) override { ++gone; }

  std::string name;
  Mode mode = Mode::kEcho;
  std::vector<Reply> kept;
  std::vector<std::string> messages;
  size_t calls = 0;
  size_t gone = 0;
};

// The outcome of one call.
struct Outcome {
  int times = 0;
  Result<std::string> result;

  Client::Completion completion() {
    return [this](Result<std::string_view> got) {
      ++times;
      if (got) {
        result = std::string(*got);
      } else {
        result = fail(got.error());
      }
    };
  }
};

class RpcTest : public testing::Test {
 protected:
  RpcTest() { guard_.unref(); }

  // Turns the loop until the condition holds.
  void run_until(const std::function<bool()>& condition) {
    guard_.start(60'000);
    while (!condition()) {
      loop_.run_once();
      ASSERT_FALSE(hung_) << "the condition never came true";
    }
  }
  void wait_for(const Outcome& outcome) {
    run_until([&] { return outcome.times > 0; });
  }
  Outcome call(Client& client, std::string_view payload, uint64_t timeout_ms = 30'000) {
    Outcome outcome;
    client.call(payload, timeout_ms, outcome.completion());
    wait_for(outcome);
    return outcome;
  }
  // A connection to ipc() that speaks no protocol. The caller closes it.
  int raw_connection() const {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connect_raw(fd);
    return fd;
  }
  void connect_raw(int fd) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, directory_.file("s").c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  std::string ipc(const std::string& name = "s") const { return "ipc://" + directory_.file(name); }

  support::TemporaryDirectory directory_;
  loop::Loop loop_;

 private:
  bool hung_ = false;
  loop::Timer guard_{loop_, [this] { hung_ = true; }};
};

// Speaks the protocol by hand.
class BareClient : public SocketEvents {
 public:
  BareClient(loop::Loop& loop, const std::string& url)
      : socket_(loop, *this, {.max_message_bytes = 1 << 20}) {
    EXPECT_TRUE(socket_.dial(url));
  }
  void on_pipe_added(uint32_t pipe) override {
    ++added;
    pipe_ = pipe;
  }
  void on_pipe_removed(uint32_t) override { ++removed; }
  void on_message(uint32_t, std::string_view message) override { received.emplace_back(message); }

  void send(const std::string& message) { socket_.send(pipe_, message); }
  void hello(uint64_t nonce) { send(greeting_message({.kind = Kind::kHello}, {nonce, 1 << 20})); }
  void data(uint64_t link, uint64_t sequence, const std::string& body) {
    std::string message;
    append_preamble(message, {Kind::kData, link, sequence, 0});
    send(message + body);
  }
  // The link of the welcome that was received last.
  uint64_t link() const {
    EXPECT_EQ(last().kind, Kind::kWelcome);
    return last().link;
  }
  bool said_goodbye(uint64_t link) const {
    return !received.empty() && last().kind == Kind::kGoodbye && last().link == link;
  }
  Preamble last() const {
    std::string_view message = received.back();
    Preamble preamble;
    EXPECT_TRUE(take_preamble(message, preamble));
    return preamble;
  }

  int added = 0;
  int removed = 0;
  std::vector<std::string> received;

 private:
  uint32_t pipe_ = 0;
  Socket socket_;
};

inline std::string item(uint64_t id, std::string_view payload) {
  std::string out;
  wire::append_item(out, id, payload);
  return out;
}

}  // namespace tandem::rpc
