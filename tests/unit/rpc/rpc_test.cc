// Server and Client together, over real sockets.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rpc_fixture.h"

namespace tandem::rpc {
namespace {

TEST_F(RpcTest, EchoesOverEveryTransport) {
  for (const std::string& url :
       {ipc(), std::string("tcp://127.0.0.1:0"), "abstract://" + directory_.file("name")}) {
    TestHandler handler("re:");
    Server server(loop_, {.url = url}, handler);
    ASSERT_TRUE(server.start()) << url;
    EXPECT_FALSE(server.url().ends_with(":0"));
    Client client(loop_, {.url = server.url()});
    ASSERT_TRUE(client.start());
    EXPECT_EQ(call(client, "hello").result, "re:hello") << url;
    EXPECT_EQ(call(client, "").result, "re:") << url;
  }
}

TEST_F(RpcTest, AnswersEachOfAHundredThousandCallsOnce) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  constexpr int kCalls = 100'000;
  constexpr int kOutstanding = 2000;
  std::vector<int> answered(kCalls, 0);
  int begun = 0;
  int right = 0;
  const std::function<void()> next = [&] {
    const int number = begun++;
    client.call(std::to_string(number), 60'000, [&, number](Result<std::string_view> got) {
      ++answered[static_cast<size_t>(number)];
      if (got && *got == std::to_string(number)) ++right;
      if (begun < kCalls) next();
    });
  };
  while (begun < kOutstanding) next();
  run_until([&] { return client.outstanding() == 0; });
  EXPECT_EQ(right, kCalls);
  EXPECT_EQ(handler.calls, size_t{kCalls});
  for (const int times : answered) ASSERT_EQ(times, 1);
}

// And several in a row, with others between them.
TEST_F(RpcTest, LargeAnswersAreHandedOnWithoutACopy) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc(), .max_message_bytes = size_t{16} << 20}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url(), .max_message_bytes = size_t{16} << 20});
  ASSERT_TRUE(client.start());
  constexpr size_t kBytes = size_t{5} << 20;
  std::vector<SharedBytes> kept;
  size_t copied = 0;
  size_t answered = 0;
  for (int i = 0; i < 6; ++i) {
    client.call("large", 60'000, [&](Result<std::string_view> got) {
      ++answered;
      kept.push_back(client.share(got->substr(5)));
      copied += kept.back().view().data() == got->data() + 5 ? 0 : 1;
    });
    client.call("small", 60'000, [&](Result<std::string_view> got) {
      ++answered;
      copied += client.share(*got).view().data() == got->data() ? 0 : 1;
    });
  }
  run_until([&] { return handler.kept.size() == 12; });
  for (size_t i = 0; i < 12; ++i) {
    const char letter = static_cast<char>('a' + i);
    handler.kept[i].answer("head ",
                           i % 2 == 1 ? SharedBytes() : SharedBytes(std::string(kBytes, letter)));
  }
  run_until([&] { return answered == 12; });
  EXPECT_EQ(copied, 6u) << "the small ones";
  ASSERT_EQ(kept.size(), 6u);
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(kept[i].view(), std::string(kBytes, static_cast<char>('a' + 2 * i))) << i;
  }
}

TEST_F(RpcTest, AnswersInAnyOrderReachTheirCalls) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  Outcome first;
  Outcome second;
  client.call("a", 30'000, first.completion());
  client.call("b", 30'000, second.completion());
  run_until([&] { return handler.kept.size() == 2; });
  handler.kept[1].answer("second");
  wait_for(second);
  handler.kept[0].answer("first");
  wait_for(first);
  EXPECT_EQ(first.result, "first");
  EXPECT_EQ(second.result, "second");
}

TEST_F(RpcTest, ManyClientsHaveEachTheirOwnAnswers) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client one(loop_, {.url = server.url()});
  Client two(loop_, {.url = server.url()});
  ASSERT_TRUE(one.start());
  ASSERT_TRUE(two.start());
  std::vector<Outcome> ones(100);
  std::vector<Outcome> twos(100);
  for (size_t i = 0; i < ones.size(); ++i) {
    one.call("one" + std::to_string(i), 30'000, ones[i].completion());
    two.call("two" + std::to_string(i), 30'000, twos[i].completion());
  }
  run_until([&] { return one.outstanding() + two.outstanding() == 0; });
  for (size_t i = 0; i < ones.size(); ++i) {
    EXPECT_EQ(ones[i].result, "one" + std::to_string(i));
    EXPECT_EQ(twos[i].result, "two" + std::to_string(i));
  }
  EXPECT_EQ(server.peers(), 2U);
}

TEST_F(RpcTest, CallsWaitForAServerThatComesLater) {
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  Outcome outcome;
  client.call("early", 30'000, outcome.completion());
  EXPECT_FALSE(client.send("nobody hears this"));
  loop_.run_once();
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  wait_for(outcome);
  EXPECT_EQ(outcome.result, "early");
  EXPECT_TRUE(handler.messages.empty());
}

TEST_F(RpcTest, ASocketThatWasRemovedIsMadeAgain) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client before(loop_, {.url = ipc()});
  ASSERT_TRUE(before.start());
  EXPECT_EQ(call(before, "before").result, "before");
  for (int i = 0; i < 2; ++i) {
    std::filesystem::remove(directory_.file("s"));
    Client after(loop_, {.url = ipc()});
    ASSERT_TRUE(after.start());
    const Outcome missing = call(after, "too early", 20);
    ASSERT_FALSE(missing.result);
    EXPECT_EQ(missing.result.error().message,
              "'" + ipc() + "': not connected in time (its file is missing)");
    EXPECT_EQ(call(after, "after").result, "after");
  }
  // A connection that is open needs no file.
  EXPECT_EQ(call(before, "still").result, "still");
}

TEST_F(RpcTest, ASocketThatSomebodyElseHasMadeIsLeftAlone) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  std::filesystem::remove(directory_.file("s"));
  directory_.write("s", "no socket");
  bool over = false;
  loop::Timer wait(loop_, [&over] { over = true; });
  wait.start(1100);
  run_until([&over] { return over; });
  EXPECT_TRUE(std::filesystem::is_regular_file(directory_.file("s")));
}

TEST_F(RpcTest, WithoutAServerACallIsUnavailableAtItsDeadlineAndNeverSentLater) {
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  const Outcome outcome = call(client, "too early", 20);
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnavailable);
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  EXPECT_EQ(call(client, "in time").result, "in time");
  EXPECT_EQ(handler.calls, 1U);
}

TEST_F(RpcTest, AnAnswerAfterTheDeadlineIsNotCounted) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  run_until([&] { return client.connected(); });
  Outcome outcome;
  client.call("slow", 20, outcome.completion());
  wait_for(outcome);
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kTimeout);
  handler.kept.at(0).answer("late");
  handler.mode = TestHandler::Mode::kEcho;
  EXPECT_EQ(call(client, "next").result, "next");
  EXPECT_EQ(outcome.times, 1);
}

TEST_F(RpcTest, AHandlersErrorReachesTheCaller) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kFail;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  const Outcome outcome = call(client, "x");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(outcome.result.error().message, "no");
}

TEST_F(RpcTest, ADroppedReplyIsAnUnknownOutcome) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kDrop;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  const Outcome outcome = call(client, "x");
  ASSERT_FALSE(outcome.result);
  EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(server.outstanding(), 0U);
}

TEST_F(RpcTest, AnsweringAClientThatHasGoneDoesNothing) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  {
    Client client(loop_, {.url = server.url()});
    ASSERT_TRUE(client.start());
    client.call("x", 30'000, [](Result<std::string_view>) {});
    run_until([&] { return !handler.kept.empty(); });
  }
  run_until([&] { return handler.gone == 1; });
  EXPECT_EQ(server.outstanding(), 1U);
  handler.kept[0].answer("nobody there");
  EXPECT_EQ(server.outstanding(), 0U);
}

TEST_F(RpcTest, AnsweringAfterTheServerHasGoneDoesNothing) {
  TestHandler handler;
  handler.mode = TestHandler::Mode::kKeep;
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  Outcome answered;
  {
    Server server(loop_, {.url = ipc()}, handler);
    ASSERT_TRUE(server.start());
    client.call("x", 30'000, answered.completion());
    client.call("y", 30'000, [](Result<std::string_view>) {});
    run_until([&] { return handler.kept.size() == 2; });
  }
  handler.kept[0].answer("too late");
  handler.kept.clear();
  wait_for(answered);
  EXPECT_EQ(answered.result.error().kind, ErrorKind::kUnknown);
}

TEST_F(RpcTest, WhatWasSentToAServerThatWentIsUnknownAndItsSuccessorNeverSeesIt) {
  TestHandler first("first:");
  first.mode = TestHandler::Mode::kKeep;
  auto server = std::make_unique<Server>(loop_, ServerOptions{.url = ipc()}, first);
  ASSERT_TRUE(server->start());
  Client client(loop_, {.url = ipc()});
  int connections = 0;
  int losses = 0;
  client.on_connected([&] { ++connections; });
  client.on_disconnected([&] { ++losses; });
  ASSERT_TRUE(client.start());
  std::vector<Outcome> outcomes(500);
  for (Outcome& outcome : outcomes) client.call("x", 60'000, outcome.completion());
  run_until([&] { return first.kept.size() == outcomes.size(); });
  EXPECT_TRUE(client.send("one way"));
  server.reset();
  for (const Outcome& outcome : outcomes) wait_for(outcome);
  EXPECT_EQ(losses, 1);

  TestHandler second("second:");
  Server successor(loop_, {.url = ipc()}, second);
  ASSERT_TRUE(successor.start());
  EXPECT_EQ(call(client, "again").result, "second:again");
  EXPECT_EQ(connections, 2);
  EXPECT_EQ(second.calls, 1U);
  EXPECT_TRUE(second.messages.empty());
  for (const Outcome& outcome : outcomes) {
    EXPECT_EQ(outcome.times, 1);
    EXPECT_EQ(outcome.result.error().kind, ErrorKind::kUnknown);
  }
}

TEST_F(RpcTest, RestartsUnderLoadGiveEachCallOneOutcome) {
  TestHandler handler;
  auto server = std::make_unique<Server>(loop_, ServerOptions{.url = ipc()}, handler);
  ASSERT_TRUE(server->start());
  Client client(loop_, {.url = ipc()});
  ASSERT_TRUE(client.start());
  constexpr size_t kCalls = 20'000;
  std::vector<int> outcomes(kCalls, 0);
  size_t begun = 0;
  size_t good = 0;
  size_t unknown = 0;
  size_t other = 0;
  const std::function<void()> next = [&] {
    const size_t number = begun++;
    client.call(std::to_string(number), 60'000, [&, number](Result<std::string_view> got) {
      ++outcomes[number];
      if (got) {
        ++(*got == std::to_string(number) ? good : other);
      } else {
        ++(got.error().kind == ErrorKind::kUnknown || got.error().kind == ErrorKind::kUnavailable
               ? unknown
               : other);
      }
      if (begun < kCalls) next();
    });
  };
  while (begun < 200) next();
  for (int restart = 0; restart < 10; ++restart) {
    const size_t before = good;
    run_until([&] { return good >= before + 1000; });
    server.reset();
    server = std::make_unique<Server>(loop_, ServerOptions{.url = ipc()}, handler);
    ASSERT_TRUE(server->start());
  }
  run_until([&] { return client.outstanding() == 0; });
  for (const int times : outcomes) ASSERT_EQ(times, 1);
  EXPECT_EQ(good + unknown, kCalls);
  EXPECT_EQ(other, 0U);
  EXPECT_LE(unknown, 10U * 200U);
}

TEST_F(RpcTest, OneWayMessagesArriveInOrder) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Client client(loop_, {.url = server.url()});
  ASSERT_TRUE(client.start());
  run_until([&] { return client.connected(); });
  int sent = 0;
  while (sent < 5000) {
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(client.send(std::to_string(sent++)));
    loop_.run_once_nowait();
  }
  run_until([&] { return handler.messages.size() == 5000; });
  for (size_t i = 0; i < 5000; ++i) ASSERT_EQ(handler.messages[i], std::to_string(i));
}

TEST_F(RpcTest, ACallFromAnotherPrepareCallbackIsSentInTime) {
  TestHandler handler;
  Server server(loop_, {.url = ipc()}, handler);
  ASSERT_TRUE(server.start());
  Outcome outcome;
  bool asked = false;
  std::optional<Client> client;
  const auto ask = [&] {
    if (asked || !client || !client->connected()) return;
    asked = true;
    client->call("x", 30'000, outcome.completion());
  };
  const loop::Prepare earlier(loop_, ask);
  client.emplace(loop_, ClientOptions{.url = server.url()});
  ASSERT_TRUE(client->start());
  wait_for(outcome);
  asked = false;
  const loop::Prepare later(loop_, ask);
  outcome.times = 0;
  wait_for(outcome);
  EXPECT_EQ(outcome.result, "x");
}

}  // namespace
}  // namespace tandem::rpc
