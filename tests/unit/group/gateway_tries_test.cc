// What the gateway makes of the outcomes of its tries, on replicas that are played by hand.
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "group/gateway.h"
#include "wire/error_body.h"

namespace tandem::group {
namespace {

constexpr int64_t kMs = 1'000'000;

class ManualClock final : public Clock {
 public:
  int64_t boot_ns() const override { return ns; }
  int64_t wall_ms() const override { return 1'700'000'000'000; }

  int64_t ns = 1000 * kMs;
};

class ManualTimers final : public Timers {
 public:
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override {
    all_.push_back(std::make_shared<State>(State{std::move(callback)}));
    return std::make_unique<One>(all_.back());
  }
  void go_off() {
    for (const auto& state : all_) {
      if (state->active) state->callback();
    }
  }

 private:
  struct State {
    UniqueFunction<void()> callback;
    bool active = false;
  };
  class One final : public Timer {
   public:
    explicit One(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void start(uint64_t, uint64_t) override { state_->active = true; }
    void stop() override { state_->active = false; }
    bool active() const override { return state_->active; }

   private:
    const std::shared_ptr<State> state_;
  };
  std::vector<std::shared_ptr<State>> all_;
};

class PlayedReplicas final : public Targets {
 public:
  struct Call {
    repl::ReplicaId to;
    std::string key;
    Completion done;
  };

  repl::ReplicaId leader() const override { return leads; }
  bool leader_open() const override { return leads != 0; }
  bool another_has_space() const override { return false; }
  std::string_view leader_noun() const override { return "leader"; }
  bool connected(repl::ReplicaId id) const override { return id != 0; }
  bool quiet(repl::ReplicaId) const override { return false; }
  void list(std::vector<Target>& targets) const override {
    targets = {{1, true, false, true}, {2, true, false, true}};
  }
  void call(repl::ReplicaId id, std::string_view payload, uint64_t, Completion done) override {
    wire::Request request;
    ASSERT_TRUE(wire::decode(payload, request));
    calls.push_back({id, std::string(request.key), std::move(done)});
  }
  SharedBytes keep(repl::ReplicaId, std::string_view) const override { return {}; }
  void read_served(repl::ReplicaId) override { ++served; }
  void ended(const Ended& call) override { attempts = call.attempts; }

  // The oldest call has this outcome.
  void answer(uint16_t status) {
    std::string bytes;
    wire::encode(wire::Response{status, 0, wire::error_body(status, "so it is")}, bytes);
    take()(std::string_view(bytes));
  }
  void fail_with(ErrorKind kind) { take()(fail(kind, "no")); }
  Completion take() {
    Completion done = std::move(calls.front().done);
    calls.pop_front();
    return done;
  }

  repl::ReplicaId leads = 1;
  std::deque<Call> calls;
  uint32_t attempts = 0;  // of the call that ended last
  int served = 0;         // reads
};

class GatewayTriesTest : public testing::Test {
 protected:
  void write(std::string_view key = "mine") {
    wire::Request request;
    request.method = wire::Method::kOrderPlace;
    request.key = key;
    gateway.submit(request, [this](const wire::Response& r) { statuses.push_back(r.status); });
  }
  void read_eventually() {
    wire::Request request;
    request.method = wire::Method::kDbRead;
    request.consistency = wire::Consistency::kEventual;
    gateway.submit(request, [this](const wire::Response& r) {
      statuses.push_back(r.status);
      body = r.body;
    });
  }
  void try_again() {
    clock.ns += 5 * kMs;
    timers.go_off();
  }
  // All that comes until then is refused.
  void refuse_for(int64_t ms) {
    for (int64_t until = clock.ns + ms * kMs; clock.ns < until; try_again()) {
      while (!replicas.calls.empty()) replicas.answer(503);
    }
  }
  void end_time() {
    clock.ns += 5000 * kMs;
    timers.go_off();
  }

  ManualClock clock;
  ManualTimers timers;
  PlayedReplicas replicas;
  Gateway gateway{{clock, timers}, replicas, {.timeout_ms = 1000}, [this] { return ++random; }};
  std::vector<uint16_t> statuses;
  std::string body;  // of the read that ended last

 private:
  uint64_t random = 0;
};

TEST_F(GatewayTriesTest, AWriteIsTriedAgainWithItsKey) {
  write();
  replicas.answer(503);
  try_again();
  replicas.fail_with(ErrorKind::kUnknown);
  replicas.leads = 2;
  gateway.leader_changed();
  ASSERT_EQ(replicas.calls.size(), 1u);
  EXPECT_EQ(replicas.calls[0].to, 2u);
  EXPECT_EQ(replicas.calls[0].key, "mine");
  replicas.answer(200);
  EXPECT_EQ(statuses, (std::vector<uint16_t>{200}));
  EXPECT_EQ(replicas.attempts, 3u);
}

TEST_F(GatewayTriesTest, AKeyThatIsMadeStaysToo) {
  write("");
  const std::string key = replicas.calls[0].key;
  EXPECT_FALSE(key.empty());
  replicas.answer(503);
  try_again();
  EXPECT_EQ(replicas.calls[0].key, key);
  write("");
  EXPECT_NE(replicas.calls[1].key, key);
}

TEST_F(GatewayTriesTest, WhatWasOnlyRefusedWasNotDone) {
  write();
  replicas.answer(503);
  try_again();
  replicas.fail_with(ErrorKind::kUnavailable);
  end_time();
  EXPECT_EQ(statuses, (std::vector<uint16_t>{503}));
}

// Whatever a later try comes to: an earlier one may have been carried out.
TEST_F(GatewayTriesTest, ATryWithAnUnknownOutcomeIsNotForgotten) {
  for (const auto refusal : {uint16_t{503}, uint16_t{507}}) {
    write();
    replicas.fail_with(ErrorKind::kUnknown);
    try_again();
    replicas.answer(refusal);
    EXPECT_TRUE(statuses.empty());
    end_time();
    EXPECT_EQ(std::exchange(statuses, {}), (std::vector<uint16_t>{504}));
  }
  write();
  replicas.answer(504);
  try_again();
  replicas.answer(503);
  end_time();
  EXPECT_EQ(statuses, (std::vector<uint16_t>{504}));
}

// Replicas that wait for their tables refuse at once, for seconds.
TEST_F(GatewayTriesTest, AReadThatAllRefuseIsTriedAFewTimes) {
  read_eventually();
  refuse_for(1000);
  EXPECT_EQ(statuses, (std::vector<uint16_t>{503}));
  EXPECT_EQ(replicas.attempts, 15u);  // at 0, 5, 10, 20, 40, 80, 160, 260, ... ms
  EXPECT_EQ(replicas.served, 0);
}

// The last try has hardly any time.
TEST_F(GatewayTriesTest, WhatAReplicaSaidIsToldWhereTheLastTryWasNotAnswered) {
  read_eventually();
  replicas.answer(503);
  try_again();
  replicas.fail_with(ErrorKind::kTimeout);
  end_time();
  EXPECT_NE(body.find("in time: so it is"), std::string::npos) << body;
}

TEST_F(GatewayTriesTest, APauseEndsWithAChangeOfTheGroup) {
  read_eventually();
  refuse_for(500);
  ASSERT_TRUE(replicas.calls.empty());
  gateway.leader_changed();
  ASSERT_EQ(replicas.calls.size(), 1u);
  replicas.answer(503);
  try_again();
  ASSERT_EQ(replicas.calls.size(), 1u) << "the pauses begin anew";
  replicas.answer(200);
  EXPECT_EQ(statuses, (std::vector<uint16_t>{200}));
  EXPECT_EQ(replicas.served, 1);
}

TEST_F(GatewayTriesTest, AFullDiskIsAnAnswerWhereNobodyElseHasSpace) {
  write();
  replicas.answer(507);
  EXPECT_EQ(statuses, (std::vector<uint16_t>{507}));
}

TEST_F(GatewayTriesTest, WhatAFormerLeaderWasAskedMayBeDone) {
  write();
  replicas.leads = 0;
  gateway.leader_changed();
  gateway.replica_gone(1);
  end_time();
  EXPECT_EQ(statuses, (std::vector<uint16_t>{504}));
}

// Its place belongs to another call by then.
TEST_F(GatewayTriesTest, AnOutcomeThatComesLateIsNobodys) {
  write();
  auto late = replicas.take();
  gateway.replica_gone(1);
  try_again();
  replicas.answer(200);
  write("next");
  std::string bytes;
  wire::encode(wire::Response{200, 0, "{}"}, bytes);
  late(std::string_view(bytes));
  EXPECT_EQ(statuses, (std::vector<uint16_t>{200}));
  replicas.answer(404);
  EXPECT_EQ(statuses, (std::vector<uint16_t>{200, 404}));
}

}  // namespace
}  // namespace tandem::group
