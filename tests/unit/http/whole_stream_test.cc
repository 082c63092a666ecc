// Streams that are to come whole: written as fast as the client takes them, and never ended as if
// they were whole where they are not.
#include "http/server.h"
#include "http/server_fixture.h"

namespace tandem::http {
namespace {

class WholeStreamTest : public ServerTest {
 protected:
  WholeStreamTest() {
    router_.add(Method::kGet, "/file", [this](const Request&, Responder out) {
      stream_ = out.whole_stream("application/x-ndjson");
      stream_.on_closed([this] { ++streams_closed_; });
    });
  }
  // A client that has asked, and has its first bytes.
  Client& client_with_half() {
    Client& c = client();
    c.ask(get("/file"));
    EXPECT_TRUE(stream_.write("half"));
    EXPECT_TRUE(c.until([&] { return c.received == "4\r\nhalf\r\n"; }));
    return c;
  }
};

TEST_F(WholeStreamTest, ItsOwnerIsToldWhenTheClientHasTakenWhatWasWritten) {
  Client& c = client(4096);
  c.ask(get("/file"));
  int taken = 0;
  stream_.on_taken([&] { ++taken; });
  c.paused = true;
  // Until there is more than the kernel takes.
  size_t written = 0;
  do {
    taken = 0;
    ASSERT_TRUE(stream_.write(std::string(1'000'000, 'x')));
    EXPECT_EQ(taken, 0) << "never from inside write()";
    written += 1'000'000;
    for (int i = 0; i < 50; ++i) loop_.run_once_nowait();
  } while (taken > 0 && written < (100u << 20));
  ASSERT_EQ(taken, 0);
  c.paused = false;
  EXPECT_TRUE(c.until([&] { return taken > 0; }));
  // Again with the next piece, and it may be the end.
  stream_.on_taken([&] { stream_.end(); });
  ASSERT_TRUE(stream_.write("last\n"));
  EXPECT_TRUE(c.until([&] { return c.received.ends_with("last\n\r\n0\r\n\r\n"); }));
  EXPECT_EQ(streams_closed_, 0);
}

TEST_F(WholeStreamTest, APieceMayBeLongerThanTheBacklogOfOthers) {
  limits().stream_backlog_bytes = 1000;
  Client& c = client();
  c.ask(get("/file"));
  ASSERT_TRUE(stream_.write(std::string(100'000, 'x')));
  stream_.end();
  EXPECT_TRUE(c.until([&] { return c.received.ends_with("\r\n0\r\n\r\n"); }));
}

TEST_F(WholeStreamTest, BrokenOffItIsNotEnded) {
  Client& c = client_with_half();
  stream_.break_off();
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "4\r\nhalf\r\n");
  EXPECT_EQ(streams_closed_, 0);
}

TEST_F(WholeStreamTest, ForgottenItIsNotEnded) {
  Client& c = client();
  c.ask(get("/file"));
  ASSERT_TRUE(stream_.write("half"));
  stream_ = EventStream();
  EXPECT_TRUE(c.closed());
  EXPECT_FALSE(c.received.ends_with("0\r\n\r\n"));
}

TEST_F(WholeStreamTest, ADrainDoesNotEndIt) {
  Client& c = client_with_half();
  server_->drain([] {});
  EXPECT_TRUE(c.closed());
  EXPECT_EQ(c.received, "4\r\nhalf\r\n");
  EXPECT_EQ(streams_closed_, 1);
}

TEST_F(WholeStreamTest, TheNextAnswerOfAConnectionIsAnUsualOne) {
  Client& c = client();
  c.ask(get("/file"));
  stream_.end();
  ASSERT_TRUE(c.until([&] { return c.received == "0\r\n\r\n"; }));
  c.received.clear();
  c.ask(get("/events"));
  stream_ = EventStream();
  EXPECT_TRUE(c.until([&] { return c.received == "0\r\n\r\n"; }));
}

}  // namespace
}  // namespace tandem::http
