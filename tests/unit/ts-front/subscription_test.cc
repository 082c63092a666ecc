#include "store/subscription.h"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>

#include "fakes.h"
#include "http/responder.h"
#include "loop/loop_timers.h"
#include "storehost/people.h"
#include "toys/subscriptions.h"
#include "wire/envelope.h"
#include "wire/error_body.h"

namespace tandem::front {
namespace {

constexpr int64_t kMs = 1'000'000;

class FakeLeader final : public store::CatalogLeader {
 public:
  struct Call {
    toys::Poll poll;
    Completion done;
  };

  uint64_t session() const override { return now_leads; }
  void call(std::string_view payload, uint64_t, Completion done) override {
    wire::Request request;
    ASSERT_TRUE(wire::decode(payload, request));
    ASSERT_EQ(request.method, wire::Method::kCatalogPoll);
    const auto poll = toys::parse_poll(request.body);
    ASSERT_TRUE(poll);
    calls.push_back({*poll, std::move(done)});
  }

  // The oldest poll is answered.
  void answer(uint16_t status, std::string_view body) {
    Completion done = take();
    std::string bytes;
    wire::encode(wire::Response{status, 0, body}, bytes);
    done(std::string_view(bytes));
  }
  void push(toys::Push push) {
    push.stamp_ns = calls.front().poll.stamp_ns;
    answer(200, toys::to_json(push));
  }
  void fail_with(ErrorKind kind) { take()(fail(kind, "no")); }
  Completion take() {
    Completion done = std::move(calls.front().done);
    calls.pop_front();
    return done;
  }

  uint64_t now_leads = 0;
  std::deque<Call> calls;
};

class SubscriptionTest : public testing::Test {
 protected:
  void start() { subscription.start(); }
  void leads(uint64_t session) {
    leader.now_leads = session;
    subscription.leader_changed();
  }
  // Turns the loop until there is a poll under way; ctest ends a test that never sees one.
  void wait_for_poll() {
    while (leader.calls.empty()) loop.run_once();
  }
  toys::Push granted(uint64_t subscribed, bool fresh) {
    toys::Push push;
    push.subscription = subscribed;
    push.fresh = fresh;
    push.lease_ns = 150 * kMs;
    return push;
  }
  void fill(std::string_view name, uint64_t version) {
    EXPECT_EQ(cache.join_fill(name, clock.ns).how, toys::ProductCache::Join::How::kBegin);
    cache.end_fill(name, version, "text");
  }

  loop::Loop loop;
  FakeClock clock;
  FakeLeader leader;
  toys::ProductCache cache{{true, 10}, 42};
  loop::LoopTimers timers{loop};
  storehost::People people;
  store::Subscription subscription{{}, {clock, timers}, people, cache, leader};
};

TEST_F(SubscriptionTest, PollsAgainAtOnceAndAcknowledges) {
  leader.now_leads = 1;
  start();
  ASSERT_EQ(leader.calls.size(), 1u);
  EXPECT_EQ(leader.calls[0].poll.front, 42u);
  EXPECT_EQ(leader.calls[0].poll.subscription, 0u);
  EXPECT_EQ(leader.calls[0].poll.stamp_ns, clock.ns);
  leader.push(granted(9, true));
  ASSERT_EQ(leader.calls.size(), 1u);
  EXPECT_EQ(leader.calls[0].poll.subscription, 9u);
  fill("Tux", 7);
  clock.ns += 10 * kMs;
  toys::Push push = granted(9, false);
  push.invalidations = {{1, "Tux", 8}};
  leader.push(push);
  EXPECT_EQ(cache.find("Tux", clock.ns), nullptr);
  ASSERT_EQ(leader.calls.size(), 1u);
  EXPECT_EQ(leader.calls[0].poll.acknowledged, 1u);
  EXPECT_EQ(leader.calls[0].poll.stamp_ns, clock.ns);
}

// The lease runs from when the poll was sent, however late its answer is.
TEST_F(SubscriptionTest, TheLeaseRunsFromTheStamp) {
  leader.now_leads = 1;
  start();
  clock.ns += 100 * kMs;
  leader.push(granted(9, true));
  EXPECT_TRUE(cache.leased(clock.ns + 34 * kMs));
  EXPECT_FALSE(cache.leased(clock.ns + 35 * kMs));
}

TEST_F(SubscriptionTest, ANewLeaderIsPolledAtOnceAndTheOldOneIgnored) {
  leader.now_leads = 1;
  start();
  leader.push(granted(9, true));
  fill("Tux", 7);
  leads(2);
  ASSERT_EQ(leader.calls.size(), 2u);
  leader.push(granted(9, false));  // of the leader before: too late
  ASSERT_EQ(leader.calls.size(), 1u);
  leader.push(granted(10, true));
  ASSERT_EQ(leader.calls.size(), 1u);
  EXPECT_EQ(leader.calls[0].poll.subscription, 10u);
  EXPECT_EQ(cache.size(), 0u);
}

TEST_F(SubscriptionTest, WaitsForALeader) {
  start();
  EXPECT_TRUE(leader.calls.empty());
  leads(1);
  ASSERT_EQ(leader.calls.size(), 1u);
  leads(1);  // told again of the same
  EXPECT_EQ(leader.calls.size(), 1u);
  leads(0);
  leads(1);
  EXPECT_EQ(leader.calls.size(), 2u);
}

TEST_F(SubscriptionTest, FindsALeaderThatItWasNotToldOf) {
  start();
  leader.now_leads = 1;
  wait_for_poll();
}

TEST_F(SubscriptionTest, PollsAgainAfterErrorsWithAPause) {
  leader.now_leads = 1;
  start();
  leader.fail_with(ErrorKind::kUnknown);
  EXPECT_TRUE(leader.calls.empty());
  wait_for_poll();
  leader.answer(503, wire::error_body(503, "grants no leases"));
  EXPECT_TRUE(leader.calls.empty());
  wait_for_poll();
  leader.answer(429, wire::error_body(429, "too many fronts"));
  EXPECT_TRUE(leader.calls.empty());
  wait_for_poll();
  leader.answer(200, "nonsense");
  EXPECT_TRUE(leader.calls.empty());
  wait_for_poll();
  EXPECT_FALSE(cache.leased(clock.ns));
}

TEST_F(SubscriptionTest, APollWithoutAnyAnswerIsFollowedByAnother) {
  leader.now_leads = 1;
  start();
  auto lost = leader.take();
  wait_for_poll();
  // Its answer comes after all, and is nobody's.
  lost(std::string_view("late"));
  EXPECT_EQ(leader.calls.size(), 1u);
}

TEST_F(SubscriptionTest, ACacheThatIsOffIsNotSubscribedFor) {
  store::Subscription none{{.enabled = false}, {clock, timers}, people, cache, leader};
  leader.now_leads = 1;
  none.start();
  none.leader_changed();
  EXPECT_TRUE(leader.calls.empty());
}

TEST_F(SubscriptionTest, StopsWhenItIsDrained) {
  leader.now_leads = 1;
  start();
  subscription.stop();
  leader.push(granted(9, true));
  leads(2);
  loop.run();  // until nothing is left to wait for
  EXPECT_TRUE(leader.calls.empty());
  EXPECT_FALSE(cache.leased(clock.ns));
}

}  // namespace
}  // namespace tandem::front
