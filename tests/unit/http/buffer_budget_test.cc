// The bound on what the connections of a server hold together: the rule, and connections under it.
#include "http/buffer_budget.h"

#include <gmock/gmock.h>

#include "http/server_fixture.h"
#include "support/captured_stderr.h"

namespace tandem::http {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMiB = 1 << 20;

TEST(BufferBudgetTest, KeepsAReserveForThoseWhoHoldLittle) {
  loop::Loop loop;
  BufferBudget budget(loop, 8 * kMiB);
  EXPECT_TRUE(budget.has_room(0, 7 * kMiB));
  budget.change(0, 7 * kMiB);
  EXPECT_FALSE(budget.has_room(0, kMiB));
  EXPECT_FALSE(budget.has_room(1 * kMiB, 1));
  EXPECT_TRUE(budget.has_room(0, BufferBudget::kLittleBytes));
  for (int i = 0; i < 64; ++i) budget.change(0, BufferBudget::kLittleBytes);
  EXPECT_FALSE(budget.has_room(0, 1));
  budget.change(BufferBudget::kLittleBytes, 0);
  EXPECT_TRUE(budget.has_room(0, 1));
}

TEST(BufferBudgetTest, WhoeverIsAloneGetsWhatItNeeds) {
  loop::Loop loop;
  BufferBudget budget(loop, 8 * kMiB);
  budget.change(0, kMiB);  // others, within the reserve
  budget.change(0, 2 * kMiB);
  EXPECT_TRUE(budget.has_room(2 * kMiB, 100 * kMiB));
  budget.change(0, 1);
  EXPECT_FALSE(budget.has_room(2 * kMiB, 100 * kMiB));
}

TEST(BufferBudgetTest, TellsOnceThatItIsFullAndOnceThatItIsOver) {
  testing::internal::CaptureStderr();
  loop::Loop loop;
  BufferBudget budget(loop, kMiB, 1);
  loop::Timer awake(loop, [] {});
  awake.start(1, 1);
  for (int i = 0; i < 3; ++i) budget.on_refused();
  const off_t begun = support::captured_bytes();
  while (support::captured_bytes() == begun) loop.run_once();
  const std::string logged = testing::internal::GetCapturedStderr();
  EXPECT_THAT(logged, HasSubstr("the buffers are full, see http.max_buffered held=0"));
  EXPECT_THAT(logged, HasSubstr("there is room in the buffers again held=0 refused=3"));
  EXPECT_EQ(std::count(logged.begin(), logged.end(), '\n'), 2);
  EXPECT_EQ(budget.refused(), 3u);
}

class BufferTest : public ServerTest {
 protected:
  BufferTest() {
    limits().buffered_bytes = 2 * kMiB;
    for (const Method method : {Method::kGet, Method::kPost}) {
      router_.add(method, "/long", [](const Request&, Responder out) {
        out.text(200, "text/plain", std::string(6 * kMiB, 'x'));
      });
    }
    const auto query = [](const Request&, Responder out) {
      out.text(200, "text/plain", std::string(6 * kMiB, 'x'));
    };
    router_.add(Method::kPost, "/query", query, Effect::kReads);
  }
  size_t held() const { return server_->buffers().used(); }
  // A client that sends this much of a body and no more.
  Client& unfinished(size_t bytes) {
    Client& c = client();
    c.send("POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048576\r\n\r\n");
    c.send(std::string(bytes, 'x'));
    return c;
  }
};

TEST_F(BufferTest, UnfinishedBodiesStayWithinTheBudget) {
  for (int i = 0; i < 40; ++i) unfinished(500'000);
  size_t most = 0;
  ASSERT_TRUE(clients_[0]->until([&] {
    most = std::max(most, held());
    return server_->buffers().refused() >= 36;
  }));
  ASSERT_TRUE(clients_[0]->until([&] {
    return std::count_if(clients_.begin(), clients_.end(), [](const auto& each) {
             each->receive();
             return each->received.starts_with("HTTP/1.1 503");
           }) >= 36;
  }));
  EXPECT_LE(most, 2 * kMiB + (256 << 10));  // what one read brings, and the text it is added to
  // Those who hold little are served.
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
  EXPECT_EQ(client().ask(post("/echo", "short")).body, "short");
}

TEST_F(BufferTest, RoomComesBackWithWhatIsDone) {
  for (int i = 0; i < 5; ++i) unfinished(900'000);
  const std::string body(900'000, 'y');
  ASSERT_TRUE(clients_[0]->until([&] { return server_->buffers().refused() > 0; }));
  for (const auto& c : clients_) c->hang_up();
  ASSERT_TRUE(clients_[0]->until([&] { return server_->connection_count() == 0; }));
  EXPECT_EQ(held(), 0u);
  EXPECT_EQ(client().ask(post("/echo", body)).body, body);
}

TEST_F(BufferTest, AnAnswerLongerThanTheBudgetIsPossibleAlone) {
  EXPECT_EQ(client(4096).ask(get("/long")).body.size(), 6 * kMiB);
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
}

// However much all of them have sent already.
TEST_F(BufferTest, ATurnReadsABoundedNumberOfBytes) {
  constexpr size_t kClients = 200;
  limits().buffered_bytes = 400 * kMiB;
  for (size_t i = 0; i < kClients; ++i) client();
  ASSERT_TRUE(client().until([&] { return server_->connection_count() > kClients; }));
  const std::string part = "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 1048576\r\n\r\n" +
                           std::string(200'000, 'x');
  size_t sent = 0;
  for (size_t i = 0; i < kClients; ++i) sent += clients_[i]->send_at_once(part);
  ASSERT_GT(sent, 12 * kMiB);
  size_t most = 0;
  size_t before = held();
  ASSERT_TRUE(clients_.back()->until([&] {
    most = std::max(most, held() - before);
    before = held();
    return before >= sent - kClients * part.find("\r\n\r\n");
  }));
  EXPECT_LE(most, 8 * kMiB);  // a text that grows may get twice what it needs
}

// The kernel would take megabytes in each turn, as it does in the first.
TEST_F(BufferTest, ALongAnswerGoesOutInPieces) {
  const SharedBytes shared(std::string(8 * kMiB, 'y'));
  router_.add(Method::kGet, "/shared", [&](const Request&, Responder out) {
    out.send({.content_type = "text/plain", .body = shared.view(), .shared_body = shared});
  });
  for (const char* path : {"/long", "/shared"}) {
    Client& c = client();
    c.send(get(path));
    size_t most = 0;
    size_t before = 0;
    ASSERT_TRUE(c.until([&] {
      if (before > 0) most = std::max(most, c.received.size() - before);
      before = c.received.size();
      return before > 6 * kMiB;
    }));
    EXPECT_LE(most, kMiB) << path;
    const Reply reply = c.reply();
    EXPECT_EQ(reply.body, path[1] == 'l' ? std::string(6 * kMiB, 'x') : shared.view());
  }
  EXPECT_TRUE(clients_[0]->until([&] { return held() < kMiB; }));
}

TEST_F(BufferTest, LongAnswersToSlowReadersFindNoRoom) {
  Client& slow = client(4096);
  slow.paused = true;
  slow.send(get("/long"));
  ASSERT_TRUE(slow.until([&] { return held() > 2 * kMiB; }));
  const Reply refused = client().ask(get("/long"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("Retry-After"), "1");
  EXPECT_THAT(refused.body, HasSubstr("http.max_buffered"));
  EXPECT_EQ(client().ask("HEAD /long HTTP/1.1\r\nHost: t\r\n\r\n", true).status, 200);
  // It may have changed something.
  EXPECT_EQ(client().ask(post("/long", "")).status, 504);
  EXPECT_EQ(client().ask(post("/query", "")).status, 503);
  slow.paused = false;
  EXPECT_EQ(slow.reply().body.size(), 6 * kMiB);
  EXPECT_EQ(client().ask(get("/long")).status, 200);
}

TEST_F(BufferTest, WhoTakesLongestMakesWay) {
  limits().slow_timeout_ms = 1;
  Client& slow = client(4096);
  slow.paused = true;
  slow.send(get("/long"));
  ASSERT_TRUE(slow.until([&] { return held() > 2 * kMiB; }));
  loop_.run_once_nowait();  // what the kernel does not take begins to wait
  const uint64_t then = loop_.now_ms();
  ASSERT_TRUE(slow.until([&] { return loop_.now_ms() > then; }));
  EXPECT_EQ(client().ask(get("/long")).body.size(), 6 * kMiB);
  slow.paused = false;
  EXPECT_TRUE(slow.closed());
  EXPECT_LT(slow.received.size(), 6 * kMiB);
}

TEST_F(BufferTest, ManyUnfinishedHeadsStayWithinTheBudget) {
  limits().buffered_bytes = 64 << 10;
  for (int i = 0; i < 20; ++i) client().send(get("/hello", "X: " + std::string(10'000, 'x')));
  ASSERT_TRUE(clients_[0]->until([&] { return server_->buffers().refused() >= 10; }));
  for (const auto& c : clients_) c->hang_up();
  EXPECT_EQ(client().ask(get("/hello")).status, 200);
}

TEST_F(BufferTest, FullBuffersRefuseAllButHealth) {
  limits().buffered_bytes = 8;
  router_.add(Method::kGet, "/livez", [](const Request&, Responder out) { out.json(200, "1"); });
  Client& unfinished = client();
  unfinished.send("GET /hello HTTP/1.1\r\n");
  ASSERT_TRUE(unfinished.until([&] { return held() > 8; }));
  EXPECT_EQ(client().ask(get("/hello")).status, 503);
  EXPECT_EQ(client().ask(get("/livez")).status, 200);
}

TEST_F(BufferTest, IdleConnectionsGiveBackWhatTheyKeep) {
  limits().buffered_bytes = 16 << 10;
  limits().linger_timeout_ms = 20;  // and so the sweep comes soon
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(client().ask(get("/" + std::string(3500, 'n'))).status, 404);
  }
  EXPECT_TRUE(clients_[0]->until([&] { return held() < 2000; }));
  for (const auto& c : clients_) EXPECT_EQ(c->ask(get("/hello")).status, 200);
}

}  // namespace
}  // namespace tandem::http
