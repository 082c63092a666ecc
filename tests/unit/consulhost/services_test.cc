#include "consulhost/services.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <optional>

#include "wire/json.h"

namespace tandem::consulhost {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Timers that go off when the test says so: by their period.
class ManualTimers final : public Timers {
 public:
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override {
    all_.push_back(std::make_shared<State>(State{std::move(callback)}));
    return std::make_unique<One>(all_.back());
  }
  // Those that repeat after `repeat_ms`, or once after a delay of it.
  void go_off(uint64_t repeat_ms) {
    for (const auto& state : all_) {
      if (state->active && state->period_ms == repeat_ms) state->callback();
    }
  }
  bool any_active() const {
    for (const auto& state : all_) {
      if (state->active) return true;
    }
    return false;
  }

 private:
  struct State {
    UniqueFunction<void()> callback;
    uint64_t period_ms = 0;
    bool active = false;
  };
  class One final : public Timer {
   public:
    explicit One(std::shared_ptr<State> state) : state_(std::move(state)) {}
    void start(uint64_t delay_ms, uint64_t repeat_ms) override {
      state_->active = true;
      state_->period_ms = repeat_ms == 0 ? delay_ms : repeat_ms;
    }
    void stop() override { state_->active = false; }
    bool active() const override { return state_->active; }

   private:
    const std::shared_ptr<State> state_;
  };
  std::vector<std::shared_ptr<State>> all_;
};

// An agent whose answers the test gives, one call after the other.
class PlayedAgent final : public consul::Transport {
 public:
  uint64_t send(consul::Call call, Done done) override {
    calls.push_back(std::move(call));
    dones_.push_back(std::move(done));
    return ++last_;
  }
  void cancel(uint64_t number) override {
    if (number == last_) cancelled = true;
  }
  void try_another() override {}
  std::string agent() const override { return "agent:8500"; }

  // The only call under way: its target, and what is in it.
  std::string target() const { return calls.back().target; }
  wire::Json body() const { return wire::parse_json(calls.back().body).value(); }
  void answer(int status, const std::string& text = "") {
    cancelled = false;
    take()(consul::Answer{status, text});
  }
  void fail_with(const std::string& message) { take()(fail(ErrorKind::kUnavailable, message)); }

  std::vector<consul::Call> calls;
  bool cancelled = false;

 private:
  Done take() {
    Done done = std::move(dones_.back());
    dones_.pop_back();
    return done;
  }
  std::deque<Done> dones_;
  uint64_t last_ = 0;
};

constexpr uint64_t kLookMs = 500;
constexpr uint64_t kPassMs = 5000;
constexpr uint64_t kLeaveMs = 1000;

class ServicesTest : public testing::Test {
 protected:
  ServicesTest() {
    service_.name = "rs-users";
    service_.id = "a/b:rs-users:here:8080";
    service_.address = "10.0.0.5";
    service_.port = 8080;
    service_.tags = {"rides-db", "standby"};
    service_.meta = {{"version", "1.2"}, {"host", "h\xff"}};
    service_.ready_url = "http://10.0.0.5:8080/readyz";
    service_.ready_host = "shop.example";
  }
  void start() {
    services_->start();
    timers_.go_off(kPassMs);
  }
  void started() {
    start();
    agent_.answer(200);
    agent_.answer(200);
  }
  void pass_again() { timers_.go_off(kPassMs); }
  std::string target_of(const std::string& call) const {
    return "/v1/agent/" + call + "a%2Fb%3Ars-users%3Ahere%3A8080";
  }
  std::string update() const { return target_of("check/update/") + "%3Attl"; }

  ManualTimers timers_;
  PlayedAgent agent_;
  Service service_;
  Status ready_;
  std::optional<Services> services_{std::in_place, agent_, Time{system_clock(), timers_},
                                    [this] { return service_; },
                                    [this](auto answer) { answer(ready_); }};
};

TEST_F(ServicesTest, RegistersWithItsChecksThenPassesItsOwn) {
  start();
  EXPECT_EQ(agent_.calls.back().method, "PUT");
  EXPECT_EQ(agent_.target(), "/v1/agent/service/register?replace-existing-checks=true");
  EXPECT_EQ(agent_.body(), wire::parse_json(R"({
    "Name": "rs-users", "ID": "a/b:rs-users:here:8080", "Address": "10.0.0.5", "Port": 8080,
    "Tags": ["rides-db", "standby"], "Meta": {"version": "1.2", "host": "h?"},
    "Checks": [
      {"CheckID": "a/b:rs-users:here:8080:ttl", "Name": "what the process says of itself",
       "TTL": "15s", "DeregisterCriticalServiceAfter": "60000ms"},
      {"CheckID": "a/b:rs-users:here:8080:http", "Name": "GET /readyz",
       "HTTP": "http://10.0.0.5:8080/readyz", "Interval": "5s", "Timeout": "2s",
       "Status": "passing", "Header": {"Host": ["shop.example"]}}]})")
                               .value());
  agent_.answer(200);
  EXPECT_EQ(agent_.target(), update());
  EXPECT_EQ(agent_.body(), wire::parse_json(R"({"Status":"passing","Output":"ready"})").value());
  agent_.answer(200);
  pass_again();
  ASSERT_EQ(agent_.calls.size(), 3u);
  EXPECT_EQ(agent_.target(), update());
}

TEST_F(ServicesTest, AsksForNoHttpWhereNoneIsSpoken) {
  service_.ready_url.clear();
  start();
  EXPECT_EQ(agent_.body().find("Checks")->as_array()->size(), 1u);
}

TEST_F(ServicesTest, SaysWhyItIsNotReady) {
  ready_ = fail(ErrorKind::kUnavailable, "the database does not answer");
  start();
  EXPECT_THAT(agent_.calls.back().body, HasSubstr(R"("Status":"warning")"));
  agent_.answer(200);
  EXPECT_EQ(
      agent_.body(),
      wire::parse_json(R"({"Status":"warning","Output":"the database does not answer"})").value());
}

TEST_F(ServicesTest, TellsANewRoleAtOnce) {
  started();
  timers_.go_off(kLookMs);
  EXPECT_EQ(agent_.calls.size(), 2u) << "nothing has changed";
  service_.tags = {"rides-db", "active"};
  timers_.go_off(kLookMs);
  EXPECT_THAT(agent_.target(), StartsWith("/v1/agent/service/register"));
  EXPECT_THAT(agent_.calls.back().body, HasSubstr(R"("Tags":["rides-db","active"])"));
}

TEST_F(ServicesTest, TellsARoleThatChangedWhileItWasBeingTold) {
  start();
  service_.tags = {"rides-db", "active"};
  agent_.answer(200);
  agent_.answer(200);
  timers_.go_off(kLookMs);
  EXPECT_THAT(agent_.calls.back().body, HasSubstr(R"("active")"));
}

TEST_F(ServicesTest, RegistersAnewWithAnAgentThatHasLostItsData) {
  for (const int status : {500, 404}) {
    services_.emplace(
        agent_, Time{system_clock(), timers_}, [this] { return service_; },
        [this](auto answer) { answer(ready_); });
    started();
    pass_again();
    agent_.answer(status, "CheckID \"x\" does not have associated TTL");
    EXPECT_THAT(agent_.target(), StartsWith("/v1/agent/service/register"));
    agent_.answer(200);
    EXPECT_EQ(agent_.target(), update());
    agent_.answer(200);
  }
}

TEST_F(ServicesTest, AsksAnAgentThatKnowsTheServiceButNotTheCheckOnceARound) {
  started();
  pass_again();
  agent_.answer(500);
  agent_.answer(200);
  const size_t calls = agent_.calls.size();
  agent_.answer(500, "broken");
  EXPECT_EQ(agent_.calls.size(), calls);
  pass_again();
  EXPECT_EQ(agent_.calls.size(), calls + 1);
}

TEST_F(ServicesTest, LogsOnceThatConsulIsGoneAndOnceThatItIsBack) {
  testing::internal::CaptureStderr();
  start();
  agent_.fail_with("connection refused");
  pass_again();
  agent_.fail_with("connection refused");
  pass_again();
  agent_.answer(403, "Permission denied");
  pass_again();
  agent_.answer(200);
  agent_.answer(200);
  pass_again();
  agent_.answer(200);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 2) << log;
  EXPECT_THAT(log, HasSubstr("cannot register with Consul"));
  EXPECT_THAT(log, HasSubstr("connection refused"));
  EXPECT_THAT(log, HasSubstr("registered with Consul agent=agent:8500"));
}

TEST_F(ServicesTest, DoesNotAskAgainBeforeItIsTime) {
  start();
  agent_.fail_with("connection refused");
  timers_.go_off(kLookMs);
  EXPECT_EQ(agent_.calls.size(), 1u);
}

TEST_F(ServicesTest, SendsNothingBesideWhatIsUnderWay) {
  start();
  pass_again();
  timers_.go_off(kLookMs);
  EXPECT_EQ(agent_.calls.size(), 1u);
}

TEST_F(ServicesTest, DeregistersWhenItStops) {
  started();
  bool stopped = false;
  services_->stop([&] { stopped = true; });
  EXPECT_FALSE(stopped);
  EXPECT_EQ(agent_.target(), target_of("service/deregister/"));
  EXPECT_EQ(agent_.calls.back().timeout_ms, static_cast<int64_t>(kLeaveMs));
  agent_.answer(200);
  EXPECT_TRUE(stopped);
  EXPECT_FALSE(timers_.any_active());
}

TEST_F(ServicesTest, WaitsForNoMoreThanASecondWhenItStops) {
  started();
  int stopped = 0;
  services_->stop([&] { ++stopped; });
  timers_.go_off(kLeaveMs);
  EXPECT_EQ(stopped, 1);
  EXPECT_TRUE(agent_.cancelled);
  EXPECT_FALSE(timers_.any_active());
}

TEST_F(ServicesTest, StopsAtOnceWhereNobodyWasToldOfIt) {
  bool stopped = false;
  services_->stop([&] { stopped = true; });
  EXPECT_TRUE(stopped);
  EXPECT_TRUE(agent_.calls.empty());
}

TEST_F(ServicesTest, LetsGoOfWhatIsUnderWayWhenItStops) {
  start();
  services_->stop([] {});
  EXPECT_TRUE(agent_.cancelled);
  EXPECT_EQ(agent_.target(), target_of("service/deregister/"));
}

TEST_F(ServicesTest, MayBeGoneBeforeItIsKnownWhetherItIsReady) {
  UniqueFunction<void(Status)> late;
  services_.emplace(
      agent_, Time{system_clock(), timers_}, [this] { return service_; },
      [&](auto answer) { late = std::move(answer); });
  start();
  services_->stop([] {});
  late({});
  EXPECT_TRUE(agent_.calls.empty());
  services_.emplace(
      agent_, Time{system_clock(), timers_}, [this] { return service_; },
      [&](auto answer) { late = std::move(answer); });
  start();
  services_.reset();
  late({});
  EXPECT_TRUE(agent_.calls.empty());
}

}  // namespace
}  // namespace tandem::consulhost
