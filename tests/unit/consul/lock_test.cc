// A lock at moments that the simulator seldom meets: requests, timers and the clock are the test's.
#include "consul/lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "by_hand.h"
#include "wire/base64.h"

namespace tandem::consul {
namespace {

using testing::HasSubstr;

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
  // The first read shows another session as the holder.
  void until_held_by_another(const std::string& value) {
    timers_.run();
    transport_.answer("session/create", Answer{200, R"({"ID":"s1"})"});
    transport_.answer("acquire=s1", Answer{200, "false"});
    transport_.answer("recurse", held_by("s2", value, 5));
  }
  static Answer held_by(const std::string& session, const std::string& value, uint64_t index) {
    wire::Json entry;
    entry.set("Key", "t/g/locks/active").set("Value", wire::encode_base64(value));
    entry.set("Flags", 0).set("ModifyIndex", index).set("Session", session);
    return {200, wire::Json(wire::Json::Array{entry}).dump(), index};
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

// A server that leads since a moment ago does not know of it yet, and begins its time anew.
TEST_F(LockTest, ASessionThatIsThereThoughConsulSaidThatItIsNotIsEnded) {
  until_held();
  pass_to_ms(3000);
  timers_.run();
  transport_.answer("session/renew", Answer{404, "Session id 's1' not found"});
  EXPECT_EQ(lost_, 1);
  pass_to_ms(3100);
  timers_.run();
  transport_.answer("session/create", Answer{200, R"({"ID":"s2"})"});
  timers_.run();
  transport_.answer("acquire=s2", Answer{200, "false"});
  transport_.answer("recurse", held_by("s1", R"({"holder":"me","process":{}})", 5));
  transport_.answer("session/destroy/s1", Answer{200, "true"});
  transport_.answer("acquire=s2", Answer{200, "true"});
  EXPECT_TRUE(lock_.held());
}

TEST_F(LockTest, AHolderThatDoesNotSayWhoItIsIsTroubleUntilItLetsGo) {
  until_held_by_another("by hand");
  EXPECT_THAT(session_.trouble(),
              HasSubstr("'t/g/locks/active' in Consul is held by the session s2, which is none of "
                        "tandem's (its value does not say who it is)"));
  transport_.answer("index=5", held_by("s3", R"({"holder":"you","process":{}})", 6));
  EXPECT_EQ(session_.trouble(), "");
}

TEST_F(LockTest, ASessionWithoutATtlIsTroubleOnceThatIsKnown) {
  until_held_by_another(R"({"holder":"you","process":{}})");
  const auto after_a_minute = [this](int64_t minutes, Result<Answer> renewal) {
    pass_to_ms(minutes * 60'000);
    timers_.run();
    transport_.answer("recurse&consistent", held_by("s2", R"({"holder":"you","process":{}})", 5));
    transport_.answer("session/renew/s2", std::move(renewal));
  };
  EXPECT_EQ(session_.trouble(), "");
  after_a_minute(1, fail(ErrorKind::kTimeout, "lost"));
  EXPECT_EQ(session_.trouble(), "");
  after_a_minute(2, Answer{200, R"([{"ID":"s2","TTL":""}])"});
  EXPECT_THAT(session_.trouble(),
              HasSubstr("the session s2, which is none of tandem's (it has no TTL)"));
}

TEST_F(LockTest, ALivingHolderIsNoTrouble) {
  until_held_by_another(R"({"holder":"you","process":{}})");
  pass_to_ms(60'000);
  timers_.run();
  transport_.answer("recurse&consistent", held_by("s2", R"({"holder":"you","process":{}})", 5));
  transport_.answer("session/renew/s2", Answer{200, R"([{"ID":"s2","TTL":"10s"}])"});
  EXPECT_EQ(session_.trouble(), "");
}

}  // namespace
}  // namespace tandem::consul
