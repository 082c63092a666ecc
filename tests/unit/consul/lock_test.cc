// A lock at moments that the simulator seldom meets: requests, timers and the clock are the test's.
#include "consul/lock.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace tandem::consul {
namespace {

constexpr int64_t kMs = 1'000'000;

class HandClock final : public Clock {
 public:
  int64_t boot_ns() const override { return now_ns; }
  int64_t wall_ms() const override { return 0; }
  int64_t now_ns = 0;
};

class HandTimers final : public Timers {
 public:
  explicit HandTimers(const HandClock& clock) : clock_(clock) {}
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override {
    return std::make_unique<Made>(*this, std::move(callback));
  }
  // Those that are due, in their order.
  void run() {
    while (!due_.empty() && due_.begin()->first <= clock_.boot_ns()) {
      Made& timer = *due_.begin()->second;
      timer.stop();
      timer.callback();
    }
  }

 private:
  struct Made final : Timer {
    Made(HandTimers& timers, UniqueFunction<void()> work)
        : owner(timers), callback(std::move(work)) {}
    ~Made() override { stop(); }
    void start(uint64_t delay_ms, uint64_t) override {
      stop();
      const int64_t due = owner.clock_.boot_ns() + static_cast<int64_t>(delay_ms) * kMs;
      place = owner.due_.emplace(due, this);
    }
    void stop() override {
      if (active()) owner.due_.erase(place);
      place = owner.due_.end();
    }
    bool active() const override { return place != owner.due_.end(); }

    HandTimers& owner;
    UniqueFunction<void()> callback;
    std::multimap<int64_t, Made*>::iterator place = owner.due_.end();
  };

  const HandClock& clock_;
  std::multimap<int64_t, Made*> due_;
};

class HandTransport final : public Transport {
 public:
  uint64_t send(Call call, Done done) override {
    sent.push_back({std::move(call.target), std::move(done)});
    return ++last_;
  }
  void cancel(uint64_t) override {}
  void try_another() override {}
  std::string agent() const override { return "here"; }

  // Answers the first request whose target holds this.
  void answer(const std::string& part, Result<Answer> answer) {
    for (auto it = sent.begin(); it != sent.end(); ++it) {
      if (it->first.find(part) == std::string::npos) continue;
      Done done = std::move(it->second);
      sent.erase(it);
      return done(std::move(answer));
    }
    FAIL() << "nobody asks for " << part;
  }

  std::vector<std::pair<std::string, Done>> sent;

 private:
  uint64_t last_ = 0;
};

class NoProcesses final : public Processes {
 public:
  wire::Json self() const override { return wire::Json::Object{}; }
  bool proven_dead(const wire::Json&) const override { return false; }
  std::unique_ptr<Watch> watch(const wire::Json&, UniqueFunction<void()>) override {
    return nullptr;
  }
  void may_replace(const coord::Member&, const coord::Member&,
                   UniqueFunction<void(Status)>) override {}
  void member_proven_dead(coord::Member, UniqueFunction<void(Result<bool>)>) override {}
  std::string host_name() const override { return "host"; }
};

class LockTest : public testing::Test {
 protected:
  void pass_to_ms(int64_t ms) { clock_.now_ns = ms * kMs; }
  void until_held() {
    timers_.run();
    transport_.answer("session/create", Answer{200, R"({"ID":"s1"})"});
    transport_.answer("acquire=s1", Answer{200, "true"});
    ASSERT_TRUE(lock_.held());
  }

  HandClock clock_;
  HandTimers timers_{clock_};
  HandTransport transport_;
  NoProcesses processes_;
  const Time time_{clock_, timers_};
  Client client_{transport_, time_};
  Session session_{client_, time_, "test"};
  int acquired_ = 0;
  int lost_ = 0;
  ConsulLock lock_{client_,  std::make_shared<GroupView>(client_, time_, "t/g/"),
                   session_, processes_,
                   time_,    "active",
                   "me",     {[this] { ++acquired_; }, [this](const Error&) { ++lost_; }}};
};

// Whoever acts while held() says yes has stood down when it said no, and is to be told again.
TEST_F(LockTest, OnceItWasNotHeldItIsLostThoughTheSessionGoesOn) {
  until_held();
  pass_to_ms(3000);
  timers_.run();
  transport_.answer("session/renew", fail(ErrorKind::kTimeout, "lost"));
  pass_to_ms(9900);
  timers_.run();
  pass_to_ms(10'001);
  EXPECT_FALSE(lock_.held());
  // Its timer has not gone off yet when the answer to what was sent in time comes.
  transport_.answer("session/renew", Answer{200, R"([{"ID":"s1"}])"});
  EXPECT_EQ(lost_, 1);
  EXPECT_FALSE(lock_.held());
  pass_to_ms(10'200);
  timers_.run();
  transport_.answer("acquire=s1", Answer{200, "true"});
  EXPECT_EQ(acquired_, 2);
  EXPECT_TRUE(lock_.held());
}

TEST_F(LockTest, IsNotHeldOnceTheSessionWasNotRenewedInTime) {
  until_held();
  pass_to_ms(9999);
  EXPECT_TRUE(lock_.held());
  pass_to_ms(10'000);
  EXPECT_FALSE(lock_.held());
  pass_to_ms(10'001);
  timers_.run();
  EXPECT_EQ(lost_, 1);
}

}  // namespace
}  // namespace tandem::consul
