// The way of requests to replicas that are busy.
#include "base/log.h"
#include "group_fixture.h"

namespace tandem::group {
namespace {

class GatewayTest : public GroupTest {
 protected:
  GatewayTest() : group_(open_group(true)) {
    for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
    until_led_by(group_, 3);
    until_in_sync(group_, 3);
  }

  int asked() { return node(1).asked + node(2).asked + node(3).asked; }

  Group& group_;
};

// A read that is too much for one would go round and be too much for all.
TEST_F(GatewayTest, AReadThatABusyReplicaRefusesIsTriedWithOneMore) {
  node(1).busy = true;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(group_, wire::Method::kDbRead).status, 200);
  node(2).busy = true;
  node(3).busy = true;
  const int before = asked();
  const Answer refused = ask(group_, wire::Method::kDbRead);
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("busy with large reads"), std::string::npos) << refused.body;
  EXPECT_EQ(asked() - before, 2);
}

TEST_F(GatewayTest, AReadThatNobodyAnswersSaysWhatTheLastOneSaid) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) node(id).refusal = "not this moment";
  wire::Request request;
  request.method = wire::Method::kDbRead;
  request.budget_ms = 50;
  Answer refused;
  group_.gateway().submit(request, [&](const wire::Response& response) {
    refused = {response.status, 0, std::string(response.body)};
  });
  until([&] { return refused.status != 0; });
  EXPECT_EQ(refused.status, 503);
  EXPECT_NE(refused.body.find("could answer in time: not this moment"), std::string::npos)
      << refused.body;
}

TEST_F(GatewayTest, ACallTellsItsOwnAttemptsAlone) {
  log::set_slow(1);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(group_, wire::Method::kDbRead).status, 200);
  const std::string told = testing::internal::GetCapturedStderr();
  log::set_slow(0);
  size_t ends = 0;
  for (size_t at = 0; (at = told.find("attempts=", at)) != std::string::npos; ++at, ++ends) {
    EXPECT_EQ(told.substr(at, 11), "attempts=1 ");
  }
  EXPECT_EQ(ends, 3u) << told;
}

TEST_F(GatewayTest, ALongAnswerIsHandedOnWithoutACopy) {
  const std::string text(size_t{3} << 20, 'x');
  for (const repl::ReplicaId id : {1U, 2U, 3U}) node(id).long_answer = text;
  wire::Request request;
  request.method = wire::Method::kDbRead;
  SharedBytes kept;
  group_.gateway().submit(request, [&](const wire::Response& response) {
    EXPECT_EQ(response.body.data(), response.shared_body.view().data());
    kept = response.shared_body;
  });
  until([&] { return !kept.empty(); });
  EXPECT_EQ(kept.view(), text);
}

// What a controller asks goes the same way: it must not wait behind many large bodies.
TEST_F(GatewayTest, FewBytesAreOnTheWayToOneReplica) {
  Node& leader = node(3);
  leader.holds = true;
  const std::string body(1 << 20, 'x');
  int answered = 0;
  const auto submit = [&](std::string_view text) {
    wire::Request request;
    request.method = wire::Method::kDbWrite;
    request.body = text;
    group_.gateway().submit(request, [&](const wire::Response&) { ++answered; });
  };
  for (int i = 0; i < 5; ++i) submit(body);
  until([&] { return leader.held.size() == 2; });
  submit("small");
  for (int i = 0; i < 200; ++i) loop_.run_once();
  EXPECT_EQ(leader.held.size(), 2u);
  for (size_t next = 0; answered < 6; ++next) {
    until([&] { return leader.held.size() > next; });
    replica::answer(leader.held[next], 200, 1, "{}");
    for (int i = 0; i < 20; ++i) loop_.run_once();
    EXPECT_LE(leader.held.size() - next, 4u);
    until([&] { return answered > static_cast<int>(next); });
  }
}

// One that is larger than that goes alone.
TEST_F(GatewayTest, ALargeBodyGoesWhereNothingElseIsOnTheWay) {
  wire::Request request;
  request.method = wire::Method::kDbWrite;
  const std::string body(3 << 20, 'x');
  request.body = body;
  uint16_t status = 0;
  group_.gateway().submit(request, [&](const wire::Response& r) { status = r.status; });
  until([&] { return status != 0; });
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace tandem::group
