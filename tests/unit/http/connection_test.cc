// How a connection lives: order, waiting, time-outs, slow and vanished clients, streams, draining.
#include "http/server.h"
#include "http/server_fixture.h"

namespace tandem::http {
namespace {

class ConnectionTest : public ServerTest {
 protected:
  // Turns the loop often enough for anything that is under way on loopback.
  void settle() {
    for (int i = 0; i < 50; ++i) loop_.run_once_nowait();
  }
  bool gone() { return server_->connection_count() == 0; }
};

TEST_F(ConnectionTest, SplitAtEveryByte) {
  const std::string requests =
      get("/names/%C3%A4?x=1", "X-Request-Id: one\r\n") +
      post("/echo", "body", "X-Request-Id: two\r\n") +
      "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" +
      get("/hello");
  for (size_t cut = 1; cut < requests.size(); ++cut) {
    Client& c = client();
    c.send(std::string_view(requests).substr(0, cut));
    settle();
    c.send(std::string_view(requests).substr(cut));
    const Reply first = c.reply();
    EXPECT_EQ(first.body, "\xc3\xa4") << cut;
    EXPECT_EQ(first.headers.at("X-Request-Id"), "one") << cut;
    const Reply second = c.reply();
    EXPECT_EQ(second.body, "body") << cut;
    EXPECT_EQ(second.headers.at("X-Request-Id"), "two") << cut;
    EXPECT_EQ(c.reply().body, "abcde") << cut;
    ASSERT_EQ(c.reply().body, R"("hello")") << cut;
    clients_.clear();
  }
}

TEST_F(ConnectionTest, ARequestTellsWhoSentIt) {
  router_.add(Method::kGet, "/who", [](const Request& request, Responder out) {
    out.text(200, "text/plain", asker_of(request));
  });
  Client& c = client();
  const auto answer = [&c](const std::string& headers) {
    c.send(get("/who", headers));
    return c.reply().body;
  };
  const std::string peer = answer("");
  EXPECT_TRUE(peer.starts_with("127.0.0.1:")) << peer;
  EXPECT_EQ(answer("X-Forwarded-For: 10.0.0.9, 2001:db8::1\r\n"),
            peer + " for 10.0.0.9, 2001:db8::1");
  // What is no list of addresses has no place in a log.
  EXPECT_EQ(answer("X-Forwarded-For: 10.0.0.9 status=200\r\n"), peer);
  EXPECT_EQ(answer("X-Forwarded-For: " + std::string(300, '1') + "\r\n"), peer);
}

TEST_F(ConnectionTest, ByteByByte) {
  Client& c = client();
  for (const char byte : post("/echo", "slowly")) {
    c.send({&byte, 1});
    settle();
  }
  EXPECT_EQ(c.reply().body, "slowly");
}

TEST_F(ConnectionTest, TheSizeOfTrailersDoesNotDependOnPieces) {
  limits().header_bytes = 120;
  Client& c = client();
  for (const char byte :
       std::string("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "1\r\nx\r\n0\r\n" +
                   std::string(40, 't') + ": 1\r\n\r\n")) {
    c.send({&byte, 1});
    settle();
  }
  EXPECT_EQ(c.reply().body, "x");
}

TEST_F(ConnectionTest, AnUnknownMethodSplitAtEveryByte) {
  const std::string request = "GETS /hello HTTP/1.1\r\n";
  for (size_t cut = 1; cut < request.size(); ++cut) {
    Client& c = client();
    c.send(std::string_view(request).substr(0, cut));
    settle();
    c.send(std::string_view(request).substr(cut));
    EXPECT_EQ(c.reply().status, 405) << cut;
    clients_.clear();
  }
}

TEST_F(ConnectionTest, WhatIsNotHttpIsRefusedBeforeItsFirstLineEnds) {
  EXPECT_EQ(client().ask("\x16\x03\x01").status, 400);
  EXPECT_EQ(client().ask(" GET").status, 400);
  EXPECT_EQ(client().ask("FROB /" + std::string(100'000, 'a')).status, 400);
}

TEST_F(ConnectionTest, PipelinedRequestsAreAnsweredInOrder) {
  Client& c = client();
  std::string requests;
  for (int i = 0; i < 3000; ++i) requests += get("/names/" + std::to_string(i));
  c.send(requests);
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(c.reply().body, std::to_string(i));
}

TEST_F(ConnectionTest, OfManyRequestsAtOnceFewAreHandledInATurn) {
  Client& c = client();
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += get("/hello");
  c.send(requests);
  size_t most = 0;
  size_t before = 0;
  ASSERT_TRUE(c.until([&] {
    most = std::max(most, seen_.size() - before);
    before = seen_.size();
    return before == 2000;
  }));
  EXPECT_LE(most, 200u);
}

TEST_F(ConnectionTest, PipelinedRequestsWaitForAnAsynchronousAnswer) {
  Client& c = client();
  c.send(get("/later") + get("/names/b") + get("/later") + get("/names/d"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  settle();
  EXPECT_EQ(waiting_.size(), 1u);
  EXPECT_EQ(seen_.size(), 0u);
  waiting_[0].json(200, R"("a")");
  EXPECT_EQ(c.reply().body, R"("a")");
  EXPECT_EQ(c.reply().body, "b");
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 2; }));
  waiting_[1].error(409, "no");
  EXPECT_EQ(c.reply().status, 409);
  EXPECT_EQ(c.reply().body, "d");
}

TEST_F(ConnectionTest, InputBehindAnOutstandingAnswerStaysInTheKernel) {
  Client& c = client();
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  // Far more than the read-ahead and still handled in full once the answer is made.
  std::string requests;
  for (int i = 0; i < 2000; ++i) requests += get("/names/" + std::to_string(i));
  c.send(requests);
  settle();
  EXPECT_EQ(seen_.size(), 0u);
  waiting_[0].empty(200);
  EXPECT_EQ(c.reply().status, 200);
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(c.reply().body, std::to_string(i));
}

TEST_F(ConnectionTest, AnAnswerMadeInAnotherPrepareIsSentAtOnce) {
  bool answer_now = false;
  Client& c = client();
  // Started before the server's, so it runs after it in each turn.
  loop::Prepare late(loop_, [&] {
    if (answer_now && !waiting_.empty()) waiting_[0].json(200, "1");
  });
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  answer_now = true;
  EXPECT_EQ(c.reply().body, "1");
}

TEST_F(ConnectionTest, ConnectionCloseIsHonoured) {
  Client& c = client();
  const Reply reply = c.ask(get("/hello", "Connection: close\r\n") + get("/hello"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "");
  c.hang_up();
  EXPECT_TRUE(c.until([&] { return gone(); }));
}

TEST_F(ConnectionTest, Http10ClosesUnlessKeepAliveIsAsked) {
  Client& once = client();
  EXPECT_EQ(once.ask("GET /hello HTTP/1.0\r\n\r\n").headers.at("Connection"), "close");
  EXPECT_TRUE(once.closed());
  Client& again = client();
  const std::string kept = "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(again.ask(kept).headers.at("Connection"), "keep-alive");
  EXPECT_EQ(again.ask(kept).status, 200);
}

TEST_F(ConnectionTest, AHalfClosedClientGetsItsAnswers) {
  Client& c = client();
  c.send(get("/later") + get("/hello"));
  c.end_sending();
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  settle();
  waiting_[0].json(200, "1");
  EXPECT_EQ(c.reply().body, "1");
  EXPECT_EQ(c.reply().body, R"("hello")");
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(c.until([&] { return gone(); }));
}

TEST_F(ConnectionTest, AClientThatEndsInsideARequestIsClosed) {
  Client& c = client();
  c.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 10\r\n\r\nabc");
  c.end_sending();
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "");
  EXPECT_TRUE(c.until([&] { return gone(); }));
}

TEST_F(ConnectionTest, AnsweringAVanishedClientIsHarmless) {
  Client& c = client();
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  EXPECT_TRUE(waiting_[0].waiting());
  c.reset();
  ASSERT_TRUE(c.until([&] { return gone(); }));
  EXPECT_FALSE(waiting_[0].waiting());
  waiting_[0].json(200, "1");
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_EQ(seen_[0].status, kStatusClientGone);
}

TEST_F(ConnectionTest, AnsweringAfterTheServerIsHarmless) {
  Client& c = client();
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  server_.reset();
  EXPECT_FALSE(waiting_[0].waiting());
  waiting_[0].json(200, "1");
}

TEST_F(ConnectionTest, ASlowReaderStopsItsOwnRequests) {
  limits().output_bytes = 64 << 10;
  Client& c = client(4096);
  c.paused = true;
  std::string requests;
  for (int i = 0; i < 400; ++i) requests += get("/big");
  c.send(requests);
  settle();
  // What fits the kernel's buffers is answered, 40 MB are not.
  EXPECT_LT(big_answers_, 200);
  EXPECT_GT(big_answers_, 0);
  c.paused = false;
  for (int i = 0; i < 400; ++i) ASSERT_EQ(c.reply().body.size(), 100'000u) << i;
  EXPECT_EQ(big_answers_, 400);
}

TEST_F(ConnectionTest, AReaderThatIsStuckIsClosed) {
  limits().write_timeout_ms = 20;
  Client& c = client(4096);
  c.paused = true;
  for (int i = 0; i < 100; ++i) c.send(get("/big"));
  EXPECT_TRUE(c.until([&] { return gone(); }));
}

TEST_F(ConnectionTest, ASlowRequestIs408) {
  limits().request_timeout_ms = 20;
  for (const std::string& part :
       {std::string("GET /hel"), std::string("GET /hello HTTP/1.1\r\nHost: t\r\n"),
        std::string("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc")}) {
    Client& c = client();
    const Reply reply = c.ask(part);
    EXPECT_EQ(reply.status, 408);
    EXPECT_EQ(reply.headers.at("Connection"), "close");
    EXPECT_TRUE(c.closed());
  }
}

TEST_F(ConnectionTest, DribblingDoesNotMoveTheDeadline) {
  limits().request_timeout_ms = 30;
  Client& c = client();
  c.send("GET /hello HTTP/1.1\r\nHost: t\r\nX: ");
  ASSERT_TRUE(c.until([&] {
    if (c.received.empty()) c.send("x");
    return !c.received.empty();
  }));
  EXPECT_EQ(c.reply().status, 408);
}

TEST_F(ConnectionTest, EmptyLinesBeforeARequestDoNotMoveTheDeadline) {
  limits().request_timeout_ms = 20;
  Client& c = client();
  c.send("\r\n");
  ASSERT_TRUE(c.until([&] {
    if (!gone()) c.send("\r\n");
    return gone();
  }));
  EXPECT_EQ(c.received, "");
}

TEST_F(ConnectionTest, AnIdleConnectionIsClosedWithoutAWord) {
  limits().idle_timeout_ms = 20;
  Client& fresh = client();
  EXPECT_TRUE(fresh.closed());
  EXPECT_EQ(fresh.received, "");
  Client& used = client();
  EXPECT_EQ(used.ask(get("/hello")).status, 200);
  EXPECT_TRUE(used.closed());
  EXPECT_EQ(used.received, "");
  EXPECT_TRUE(used.until([&] { return gone(); }));
}

TEST_F(ConnectionTest, AnOutstandingAnswerHasNoDeadlineHere) {
  limits().idle_timeout_ms = 5;
  limits().request_timeout_ms = 5;
  Client& c = client();
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  const uint64_t start = loop_.now_ms();
  ASSERT_TRUE(c.until([&] { return loop_.now_ms() > start + 30; }));
  waiting_[0].json(200, "1");
  EXPECT_EQ(c.reply().body, "1");
}

TEST_F(ConnectionTest, TheLongestIdleConnectionMakesWay) {
  limits().connections = 3;
  Client& busy = client();
  busy.send(get("/later"));
  ASSERT_TRUE(busy.until([&] { return waiting_.size() == 1; }));
  Client& first = client();
  EXPECT_EQ(first.ask(get("/hello")).status, 200);
  const uint64_t then = loop_.now_ms();
  ASSERT_TRUE(first.until([&] { return loop_.now_ms() > then; }));
  Client& second = client();
  EXPECT_EQ(second.ask(get("/hello")).status, 200);
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
  EXPECT_TRUE(first.closed());
  EXPECT_EQ(second.ask(get("/hello")).status, 200);
  waiting_[0].json(200, "1");
  EXPECT_EQ(busy.reply().body, "1");
  EXPECT_EQ(server_->turned_away(), 0u);
}

TEST_F(ConnectionTest, HalfAHeadMakesWayWhereNoneIsIdle) {
  limits().connections = 2;
  limits().head_time_ms = 1;
  Client& half = client();
  half.send("GET /hello HTTP/1.1\r\nHo");
  client().send(get("/later"));
  ASSERT_TRUE(half.until([&] { return waiting_.size() == 1; }));
  const uint64_t then = loop_.now_ms();
  ASSERT_TRUE(half.until([&] { return loop_.now_ms() > then; }));
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
  EXPECT_TRUE(half.closed());
  waiting_[0].json(200, "1");
  EXPECT_EQ(clients_[1]->reply().body, "1");
}

TEST_F(ConnectionTest, WhereNoneIsIdleTooManyConnectionsAre503) {
  limits().connections = 2;
  Client& first = client();
  first.send(get("/later"));
  client().send(get("/later"));
  ASSERT_TRUE(first.until([&] { return waiting_.size() == 2; }));
  Client& third = client();
  const Reply reply = third.ask(get("/hello"));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.headers.at("Retry-After"), "1");
  EXPECT_EQ(reply.headers.at("Connection"), "close");
  EXPECT_TRUE(third.closed());
  third.hang_up();
  waiting_[0].json(200, "1");
  EXPECT_EQ(first.reply().status, 200);
  first.hang_up();
  ASSERT_TRUE(third.until([&] { return server_->connection_count() == 1; }));
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
  EXPECT_EQ(server_->turned_away(), 1u);
}

// Whoever watches the service has to be told how it is when it is busiest.
TEST_F(ConnectionTest, WhereNoneIsIdleHealthIsStillAnswered) {
  limits().connections = 2;
  limits().head_time_ms = 60'000;
  router_.add(Method::kGet, "/livez", [](const Request&, Responder out) { out.json(200, "{}"); });
  Client& first = client();
  first.send(get("/later"));
  client().send(get("/later"));
  ASSERT_TRUE(first.until([&] { return waiting_.size() == 2; }));
  for (int i = 0; i < 3; ++i) {
    Client& guest = client();
    const Reply reply = guest.ask(get("/livez"));
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.headers.at("Connection"), "close");
    EXPECT_TRUE(guest.closed());
  }
  EXPECT_EQ(server_->turned_away(), 0u);
  // Those who say nothing do not keep it from others.
  std::vector<Client*> silent;
  for (size_t i = 0; i < 20; ++i) {
    silent.push_back(&client());
    Client& last = *silent.back();
    last.send("G");
    ASSERT_TRUE(
        last.until([&] { return server_->connection_count() == 2 + std::min<size_t>(i + 1, 16); }));
  }
  EXPECT_TRUE(silent.front()->closed());
  EXPECT_EQ(server_->turned_away(), 4u);
  EXPECT_EQ(client().ask(get("/livez")).status, 200);
  EXPECT_EQ(server_->turned_away(), 5u);
  waiting_[0].json(200, "1");
  EXPECT_EQ(first.reply().body, "1");
}

TEST_F(ConnectionTest, AGuestThatAsksForNothingIs503) {
  limits().connections = 1;
  limits().head_time_ms = 5;
  limits().request_timeout_ms = 40;
  client().send(get("/later"));
  ASSERT_TRUE(clients_[0]->until([&] { return waiting_.size() == 1; }));
  for (const char* part : {"", "GET /livez HT"}) {
    Client& guest = client();
    guest.send(part);
    EXPECT_EQ(guest.reply().status, 503) << part;
    EXPECT_TRUE(guest.closed());
  }
  EXPECT_EQ(server_->turned_away(), 2u);
}

TEST_F(ConnectionTest, EventStream) {
  Client& c = client();
  const Reply head = c.ask(get("/events"));
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("Content-Type"), "text/event-stream");
  EXPECT_EQ(head.headers.at("Transfer-Encoding"), "chunked");
  EXPECT_TRUE(stream_.write("data: 1\n\n"));
  EXPECT_TRUE(stream_.write(""));
  EXPECT_TRUE(stream_.write(": ping\n\n"));
  const std::string sent = "9\r\ndata: 1\n\n\r\n8\r\n: ping\n\n\r\n";
  EXPECT_TRUE(c.until([&] { return c.received == sent; }));
  stream_.end();
  EXPECT_FALSE(stream_.open());
  EXPECT_TRUE(c.until([&] { return c.received == sent + "0\r\n\r\n"; }));
  c.received.clear();
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
  EXPECT_EQ(streams_closed_, 0);
}

TEST_F(ConnectionTest, EventStreamToHttp10EndsWithTheConnection) {
  Client& c = client();
  const Reply head = c.ask("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_EQ(head.headers.count("Transfer-Encoding"), 0u);
  stream_.write("data: 1\n\n");
  stream_.end();
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "data: 1\n\n");
}

TEST_F(ConnectionTest, HeadOfAnEventStreamHasNoStream) {
  Client& c = client();
  EXPECT_EQ(c.ask("HEAD /events HTTP/1.1\r\nHost: t\r\n\r\n").status, 200);
  EXPECT_FALSE(stream_.open());
  EXPECT_FALSE(stream_.write("data: 1\n\n"));
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
}

TEST_F(ConnectionTest, TheOwnerOfAStreamIsToldWhenTheClientGoes) {
  for (const bool hard : {false, true}) {
    streams_closed_ = 0;
    Client& c = client();
    c.ask(get("/events"));
    hard ? c.reset() : c.hang_up();
    ASSERT_TRUE(c.until([&] { return streams_closed_ == 1; }));
    EXPECT_FALSE(stream_.open());
    EXPECT_FALSE(stream_.write("data: 1\n\n"));
  }
}

TEST_F(ConnectionTest, ASlowReaderOfAStreamIsDropped) {
  limits().stream_backlog_bytes = 100'000;
  Client& c = client(4096);
  c.ask(get("/events"));
  c.paused = true;
  const std::string event(10'000, 'e');
  size_t written = 0;
  while (stream_.write(event)) {
    written += event.size();
    loop_.run_once_nowait();
    ASSERT_LT(written, 100u << 20);
  }
  EXPECT_EQ(streams_closed_, 0);
  ASSERT_TRUE(c.until([&] { return streams_closed_ == 1; }));
  EXPECT_FALSE(stream_.open());
  EXPECT_TRUE(gone());
}

TEST_F(ConnectionTest, DrainFinishesWhatIsInFlight) {
  Client& busy = client();
  busy.send(get("/later"));
  ASSERT_TRUE(busy.until([&] { return waiting_.size() == 1; }));
  Client& idle = client();
  EXPECT_EQ(idle.ask(get("/hello")).status, 200);
  Client& streaming = client();
  streaming.ask(get("/events"));
  Client& half = client();
  half.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 6\r\n\r\nabc");
  settle();

  bool drained = false;
  server_->drain([&] { drained = true; });
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(streaming.closed());
  EXPECT_EQ(streaming.received, "0\r\n\r\n");
  EXPECT_EQ(streams_closed_, 1);
  EXPECT_FALSE(drained);

  const Reply late = half.ask("def");
  EXPECT_EQ(late.body, "abcdef");
  EXPECT_EQ(late.headers.at("Connection"), "close");
  waiting_[0].json(200, "1");
  const Reply last = busy.reply();
  EXPECT_EQ(last.body, "1");
  EXPECT_EQ(last.headers.at("Connection"), "close");
  for (Client* c : {&busy, &half, &streaming}) {
    EXPECT_TRUE(c->closed());
    c->hang_up();
  }
  EXPECT_TRUE(idle.until([&] { return drained; }));
  EXPECT_TRUE(gone());
}

TEST_F(ConnectionTest, DrainWithoutConnections) {
  client();
  clients_.clear();
  settle();
  int drained = 0;
  server_->drain([&] { ++drained; });
  EXPECT_EQ(drained, 0);
  settle();
  EXPECT_EQ(drained, 1);
}

TEST_F(ConnectionTest, TheServerMayBeDestroyedWhenItIsDrained) {
  Client& c = client();
  EXPECT_EQ(c.ask(get("/hello")).status, 200);
  server_->drain([this] { server_.reset(); });
  EXPECT_TRUE(c.closed());
  EXPECT_TRUE(c.until([&] { return server_ == nullptr; }));
}

TEST_F(ConnectionTest, AHandlerMayCloseEverything) {
  router_.add(Method::kGet, "/stop", [this](const Request&, Responder out) {
    server_->close_now();
    out.json(200, "1");
  });
  Client& c = client();
  c.send(get("/stop") + get("/hello"));
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "");
  EXPECT_TRUE(c.until([&] { return gone(); }));
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(ConnectionTest, CloseNowEndsADrain) {
  Client& c = client();
  c.send(get("/later"));
  ASSERT_TRUE(c.until([&] { return waiting_.size() == 1; }));
  bool drained = false;
  server_->drain([&] { drained = true; });
  settle();
  EXPECT_FALSE(drained);
  server_->close_now();
  settle();
  EXPECT_TRUE(drained);
  EXPECT_FALSE(waiting_[0].waiting());
}

}  // namespace
}  // namespace tandem::http
