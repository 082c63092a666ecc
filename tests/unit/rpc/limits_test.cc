// Limits, misbehaving peers and closing.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "rpc_fixture.h"
#include "support/captured_stderr.h"
#include "support/no_descriptors.h"

namespace tandem::rpc {
namespace {

TEST_F(RpcTest, ARequestThatIsTooLargeFailsAtOnceAndTheLargestOneWorks) {
  TestHandler handler;
  Server server(loop_, {.url = ipc(), .max_message_bytes = 4096}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url(), .max_message_bytes = 1 << 20});
  ASSERT_TRUE(client.start());
  // The client learns the server's limit when it connects.
  Outcome before = call(client, std::string(4096, 'x'));
  ASSERT_FALSE(before.result);
  EXPECT_EQ(before.result.error().kind, ErrorKind::kTooLarge);
  const size_t largest = 4096 - kPreambleBytes - wire::kItemHeaderBytes;
  EXPECT_EQ(call(client, std::string(largest, 'x')).result, std::string(largest, 'x'));
  EXPECT_EQ(call(client, std::string(largest + 1, 'x')).result.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(call(client, std::string(2 << 20, 'x')).result.error().kind, ErrorKind::kTooLarge);
  EXPECT_FALSE(client.send(std::string(4096, 'x')));
  EXPECT_EQ(handler.calls, 1U);
}

TEST_F(RpcTest, AnAnswerThatIsTooLargeIsAnError) {
  TestHandler handler(std::string(5000, 'x'));
  Server server(loop_, {.url = ipc(), .max_message_bytes = 4096}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result.error().kind, ErrorKind::kTooLarge);
}

TEST_F(RpcTest, MessagesOfMegabytesGoThrough) {
  TestHandler handler;
  Server server(loop_, {.url = "tcp://127.0.0.1:0"}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  const std::string large(3 << 20, 'x');
  std::vector<Outcome> outcomes(20);
  for (Outcome& outcome : outcomes) client.call(large, 60'000, outcome.completion());
  for (Outcome& outcome : outcomes) {
    wait_for(outcome);
    EXPECT_TRUE(outcome.result && *outcome.result == large);
  }
}

TEST_F(RpcTest, TooManyCallsOfOneClientAreUnavailable) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url(), .max_outstanding = 2});
  ASSERT_TRUE(client.start());
  std::vector<Outcome> outcomes(3);
  for (Outcome& outcome : outcomes) client.call("x", 30'000, outcome.completion());
  EXPECT_EQ(outcomes[2].times, 0) << "completions are never called from inside call()";
  wait_for(outcomes[2]);
  EXPECT_EQ(outcomes[2].result.error().kind, ErrorKind::kUnavailable);
  run_until([&] { return handler.kept.size() == 2; });
  for (Reply& reply : handler.kept) reply.answer("y");
  run_until([&] { return client.outstanding() == 0; });
  EXPECT_EQ(outcomes[0].result, "y");
  EXPECT_EQ(outcomes[1].result, "y");
}

TEST_F(RpcTest, TooManyBytesThatWaitAreUnavailable) {
  Client client(loop_, {.url = ipc(), .max_queued_bytes = 1000});
  ASSERT_TRUE(client.start());
  Outcome waits;
  client.call(std::string(900, 'x'), 30'000, waits.completion());
  EXPECT_EQ(call(client, std::string(900, 'x')).result.error().kind, ErrorKind::kUnavailable);
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  wait_for(waits);
  EXPECT_TRUE(waits.result);
}

TEST_F(RpcTest, TooManyCallsAtAServerAreUnavailable) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc(), .max_outstanding = 2}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  std::vector<Outcome> outcomes(3);
  for (Outcome& outcome : outcomes) client.call("x", 30'000, outcome.completion());
  wait_for(outcomes[2]);
  EXPECT_EQ(outcomes[2].result.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(handler.calls, 2U);
}

TEST_F(RpcTest, AServerWithoutADescriptorSaysSoOnceAndLetsThemInLater) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client early(loop_, {.url = server.url()});
  ASSERT_TRUE(early.start());
  ASSERT_EQ(call(early, "x").result, "x");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  testing::internal::CaptureStderr();
  {
    const support::NoDescriptors none;
    connect_raw(fd);
    // Who is connected is served all the same.
    while (support::captured_bytes() == 0) EXPECT_EQ(call(early, "y").result, "y");
  }
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_NE(logged.find("cannot accept connections: they wait"), std::string::npos) << logged;
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 1) << logged;
  close(fd);
  Client late(loop_, {.url = server.url()});
  ASSERT_TRUE(late.start());
  EXPECT_EQ(call(late, "z").result, "z");
}

TEST_F(RpcTest, AMalformedMessageEndsThatLinkAlone) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client good(loop_, {.url = server.url()});
  ASSERT_TRUE(good.start());
  ASSERT_EQ(call(good, "x").result, "x");
  const std::string whole = item(1, "payload");
  for (const std::string& body : {whole.substr(0, 3), whole.substr(0, whole.size() - 1),
                                  std::string("\4\0\0\0abcd", 8), whole + "x"}) {
    BareClient bad(loop_, server.url());
    run_until([&] { return bad.added == 1; });
    bad.hello(1);
    run_until([&] { return !bad.received.empty(); });
    const uint64_t link = bad.link();
    bad.data(link, 1, body);
    run_until([&] { return bad.said_goodbye(link); });
    bad.data(link, 2, item(1, "after the goodbye"));
    run_until([&] { return bad.received.size() == 3; });
    EXPECT_TRUE(bad.said_goodbye(link));
    bad.hello(2);
    run_until([&] { return bad.received.size() == 4; });
    EXPECT_NE(bad.link(), link);
  }
  BareClient garbage(loop_, server.url());
  run_until([&] { return garbage.added == 1; });
  garbage.send("what is this");
  garbage.hello(1);
  run_until([&] { return !garbage.received.empty(); });
  EXPECT_EQ(call(good, "still there").result, "still there");
}

TEST_F(RpcTest, AClientWhoseLinkEndsBeginsANewOne) {
  // A server by hand: welcomes, loses a message, welcomes again.
  struct Broken : SocketEvents {
    explicit Broken(loop::Loop& loop)
        : socket(loop, *this, {.max_message_bytes = 1 << 20, .max_pipes = 10}) {}
    void on_pipe_added(uint32_t) override {}
    void on_pipe_removed(uint32_t) override {}
    void on_message(uint32_t pipe, std::string_view message) override {
      Preamble preamble;
      Greeting greeting;
      ASSERT_TRUE(take_preamble(message, preamble));
      if (preamble.kind == Kind::kHello) {
        ASSERT_TRUE(decode_greeting(message, greeting));
        socket.send(pipe, greeting_message({.kind = Kind::kWelcome, .link = ++link},
                                           {greeting.nonce, 1 << 20}));
        return;
      }
      std::string answer;
      append_preamble(answer, {Kind::kData, link, link == 1 ? 2U : 1U, 1});
      socket.send(pipe, answer + std::string(message));
    }
    uint64_t link = 0;
    Socket socket;
  };
  Broken server(loop_);
  ASSERT_TRUE(server.socket.listen(ipc()));
  Client client(loop_, {.url = ipc()});
  int losses = 0;
  client.on_disconnected([&] { ++losses; });
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(losses, 1);
  EXPECT_EQ(call(client, "y").result, "y");
  EXPECT_EQ(server.link, 2U);
}

TEST_F(RpcTest, AMessageLongerThanAllowedEndsItsConnection) {
  TestHandler handler;
  Server server(loop_, {.url = ipc(), .max_message_bytes = 4096}, handler);
  ASSERT_TRUE(server.start());
  BareClient bare(loop_, server.url());
  run_until([&] { return bare.added == 1; });
  bare.send(std::string(4097, 'x'));
  run_until([&] { return bare.removed == 1 && bare.added == 2; });
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result, "x");
}

// A length that is announced and never filled costs what has come of it, and those of many
// connections together no more than the budget.
TEST_F(RpcTest, UnfinishedMessagesOfAllTogetherAreLimited) {
  TestHandler handler;
  Server server(loop_,
                {.url = ipc(), .max_message_bytes = 1 << 20, .max_unfinished_bytes = 100'000},
                handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  ASSERT_EQ(call(client, "x").result, "x");
  std::string announced;
  wire::ByteWriter(announced).u32(1 << 20);
  std::vector<int> slow;
  for (int i = 0; i < 5; ++i) {
    slow.push_back(raw_connection());
    const std::string part = announced + std::string(40'000, 'x');
    ASSERT_EQ(::send(slow.back(), part.data(), part.size(), MSG_NOSIGNAL), std::ssize(part));
  }
  // Three of them are too many, so that two are left; whoever finishes is not among them.
  const auto ended = [&] {
    return std::count_if(slow.begin(), slow.end(), [](int fd) {
      char byte = 0;
      const ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);
      return got == 0 || (got < 0 && errno == ECONNRESET);
    });
  };
  run_until([&] { return ended() == 3; });
  EXPECT_EQ(call(client, std::string(90'000, 'y')).result, std::string(90'000, 'y'));
  for (const int fd : slow) close(fd);
  EXPECT_EQ(call(client, "z").result, "z");
}

TEST_F(RpcTest, ConnectionsThatEndBeforeAnyWordDoNoHarm) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  for (int i = 0; i < 100; ++i) {
    close(raw_connection());
    loop_.run_once_nowait();
  }
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result, "x");
}

TEST_F(RpcTest, ConnectionsAreLimited) {
  TestHandler handler;
  Server server(loop_, {.url = ipc(), .max_peers = 1}, handler);
  ASSERT_TRUE(server.start());
  Client first(loop_, {.url = server.url()});
  ASSERT_TRUE(first.start());
  EXPECT_EQ(call(first, "x").result, "x");
  Client second(loop_, {.url = server.url()});
  ASSERT_TRUE(second.start());
  EXPECT_EQ(call(second, "x", 50).result.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(call(first, "y").result, "y");
}

// The rest of them is for the process's own work.
TEST_F(RpcTest, ConnectionsAreLimitedByDescriptors) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  const Status started = server.start();
  setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_TRUE(started);
  std::deque<Client> clients;
  for (int i = 0; i < 32; ++i) {
    Client& client = clients.emplace_back(loop_, ClientOptions{.url = server.url()});
    ASSERT_TRUE(client.start());
    EXPECT_EQ(call(client, "x").result, "x");
  }
  Client one_more(loop_, {.url = server.url()});
  ASSERT_TRUE(one_more.start());
  EXPECT_EQ(call(one_more, "x", 50).result.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(server.peers(), 32u);
  EXPECT_EQ(call(clients.front(), "y").result, "y");
}

TEST_F(RpcTest, MessagesOfAnEarlierLinkAreDropped) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  BareClient bare(loop_, server.url());
  run_until([&] { return bare.added == 1; });
  bare.data(1234, 1, item(1, "before any hello"));
  run_until([&] { return bare.said_goodbye(1234); });
  bare.hello(1);
  run_until([&] { return bare.received.size() == 2; });
  const uint64_t old_link = bare.link();
  bare.hello(2);
  run_until([&] { return bare.received.size() == 3; });
  EXPECT_NE(bare.link(), old_link);
  bare.data(old_link, 1, item(1, "of the old link"));
  bare.data(bare.link(), 1, item(2, "of this link"));
  run_until([&] { return bare.received.size() == 4; });
  EXPECT_EQ(handler.calls, 1U);
  EXPECT_EQ(handler.gone, 1U);
  EXPECT_EQ(bare.removed, 0);
}

TEST_F(RpcTest, ALostMessageEndsTheLink) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  BareClient bare(loop_, server.url());
  run_until([&] { return bare.added == 1; });
  bare.hello(1);
  run_until([&] { return !bare.received.empty(); });
  const uint64_t link = bare.link();
  bare.data(link, 2, item(1, "where is the first?"));
  run_until([&] { return bare.said_goodbye(link); });
  EXPECT_EQ(handler.calls, 0U);
}

TEST_F(RpcTest, AnAnswerThatFindsNoRoomIsUnknownAndEndsNoLink) {
  TestHandler handler(std::string(60'000, 'x'));
  Server server(loop_, {.url = ipc(), .max_queued_bytes = 100'000}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  Outcome first, second;
  client.call("1", 30'000, first.completion());
  client.call("2", 30'000, second.completion());
  wait_for(first);
  wait_for(second);
  EXPECT_TRUE(first.result);
  ASSERT_FALSE(second.result);
  EXPECT_EQ(second.result.error().kind, ErrorKind::kUnknown);
  EXPECT_TRUE(call(client, "3").result);
  EXPECT_EQ(handler.gone, 0U);
}

TEST_F(RpcTest, AClientThatTakesNoAnswersIsLetGo) {
  TestHandler handler(std::string(1000, 'x'));
  Server server(loop_, {.url = ipc(), .max_queued_bytes = 100'000}, handler);
  ASSERT_TRUE(server.start());
  BareClient deaf(loop_, server.url());
  run_until([&] { return deaf.added == 1; });
  deaf.hello(1);
  run_until([&] { return !deaf.received.empty(); });
  const uint64_t link = deaf.link();
  for (uint64_t sequence = 1; sequence <= 200; ++sequence) {
    deaf.data(link, sequence, item(sequence, "x"));
  }
  run_until([&] { return deaf.said_goodbye(link); });
  // No more than a window of messages with answers was ever sent.
  size_t with_items = 0;
  for (const std::string& message : deaf.received) with_items += message.size() > 1000 ? 1 : 0;
  EXPECT_LE(with_items, kWindow);
}

TEST_F(RpcTest, AStaleSocketFileIsReplacedAndALivingOneIsNot) {
  const std::string path = directory_.file("s");
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  close(fd);
  ASSERT_TRUE(std::filesystem::exists(path));
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Server second(loop_, {.url = ipc()}, handler);
  const Status busy = second.start();
  ASSERT_FALSE(busy);
  EXPECT_EQ(busy.error().kind, ErrorKind::kBusy);
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  EXPECT_EQ(call(client, "x").result, "x");
}

TEST_F(RpcTest, OnlySocketsAreReplaced) {
  std::ofstream(directory_.file("s")) << "precious";
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  const Status status = server.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kCannotCreate);
  EXPECT_TRUE(std::filesystem::is_regular_file(directory_.file("s")));
}

TEST_F(RpcTest, WrongUrlsAreConfigurationErrors) {
  TestHandler handler;
  for (const std::string& url :
       {ipc(std::string(107, 'x')), std::string("ipc://"), std::string("http://x"),
        std::string("tcp://127.0.0.1"), std::string("")}) {
    Server server(loop_, {.url = url}, handler);
    const Status served = server.start();
    ASSERT_FALSE(served) << url;
    EXPECT_EQ(served.error().kind, ErrorKind::kConfig) << url;
    Client client(loop_, {.url = url});
    const Status dialed = client.start();
    ASSERT_FALSE(dialed) << url;
    EXPECT_EQ(dialed.error().kind, ErrorKind::kConfig) << url;
  }
}

TEST_F(RpcTest, APortInUseIsBusy) {
  TestHandler handler;
  Server first(loop_, {.url = "tcp://127.0.0.1:0"}, handler);
  ASSERT_TRUE(first.start());
  Server second(loop_, {.url = first.url()}, handler);
  const Status status = second.start();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kBusy);
}

TEST_F(RpcTest, AClientClosesWhenTheServerHasEverything) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  run_until([&] { return client.connected(); });
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(client.send("x"));
  Outcome last;
  client.call("last", 30'000, last.completion());
  bool closed = false;
  client.close_gracefully(30'000, [&] { closed = true; });
  EXPECT_FALSE(client.send("too late"));
  EXPECT_EQ(call(client, "too late").result.error().kind, ErrorKind::kUnavailable);
  run_until([&] { return closed; });
  EXPECT_EQ(handler.messages.size(), 10'000U);
  EXPECT_EQ(last.result, "last");
}

TEST_F(RpcTest, AClientClosesAtTheDeadlineAndFailsWhatIsPending) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  Outcome outcome;
  client.call("x", 30'000, outcome.completion());
  run_until([&] { return !handler.kept.empty(); });
  bool closed = false;
  client.close_gracefully(20, [&] { closed = true; });
  run_until([&] { return closed; });
  EXPECT_EQ(outcome.times, 1);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnknown);
}

TEST_F(RpcTest, AServerClosesWhenEveryCallIsAnsweredAndReceived) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  std::vector<Outcome> outcomes(100);
  for (Outcome& outcome : outcomes) client.call("x", 30'000, outcome.completion());
  run_until([&] { return handler.kept.size() == outcomes.size(); });
  bool closed = false;
  server.close_gracefully(30'000, [&] { closed = true; });
  const Outcome refused = call(client, "new");
  EXPECT_EQ(refused.result.error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(closed);
  for (Reply& reply : handler.kept) reply.answer("answer");
  run_until([&] { return closed; });
  for (const Outcome& outcome : outcomes) {
    wait_for(outcome);
    EXPECT_EQ(outcome.result, "answer");
  }
}

TEST_F(RpcTest, AServerClosesAtTheDeadline) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  Outcome outcome;
  client.call("x", 30'000, outcome.completion());
  run_until([&] { return !handler.kept.empty(); });
  bool closed = false;
  server.close_gracefully(20, [&] { closed = true; });
  run_until([&] { return closed; });
  handler.kept[0].answer("too late");
  wait_for(outcome);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnknown);
}

}  // namespace
}  // namespace tandem::rpc
