// A leader on an overloaded machine: what is late is not dead.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repl/leader_bench.h"

namespace tandem::repl {
namespace {

class Overload : public LeaderOfThree {
 protected:
  Overload() { open_with({2, 3}); }

  // Somebody asks for the state: then this leader is not cut off from everybody.
  bool is_cut_off() {
    const Effects effects = bench.receive(message_from(kController, MessageType::kQueryState, 2));
    return sent(effects, MessageType::kState).at(0).state.cut_off;
  }
  bool leaves_somebody_out() {
    is_cut_off();
    return bench.end_turn().swap.has_value();
  }
  // Each answers what was sent so long ago.
  void answer_late(int64_t ns) {
    const int64_t sent_ns = bench.now;
    bench.pass(ns);
    for (const ReplicaId id : {2, 3}) {
      Message m = message_from(id, MessageType::kAppendAck, 2);
      m.match = bench.replica().last_index();
      m.sent_ns = sent_ns;
      m.stamp_ns = bench.now;
      bench.receive(m);
    }
    bench.end_turn();
  }
};

TEST_F(Overload, WhoIsAsSlowAsBeforeStaysInTheSet) {
  for (int i = 0; i < 5; ++i) answer_late(350 * kMs);
  bench.pass(800 * kMs);
  EXPECT_FALSE(leaves_somebody_out());
  EXPECT_FALSE(is_cut_off());
  bench.pass(300 * kMs);
  EXPECT_TRUE(leaves_somebody_out());
}

TEST_F(Overload, WhoIsQuickAgainIsMissedSoonerAgain) {
  for (int i = 0; i < 5; ++i) answer_late(350 * kMs);
  for (int i = 0; i < 300; ++i) answer_late(40 * kMs);
  bench.pass(450 * kMs);
  EXPECT_TRUE(leaves_somebody_out());
}

TEST_F(Overload, ADiskThatIsAsSlowAsBeforeStaysInTheSet) {
  const auto propose = [this] {
    bench.step(Propose{5000, "key", "{}"});
    bench.end_turn();
  };
  // It says that it is there, and what it has, every heartbeat.
  const auto be_heard = [this](int64_t for_ns, Index match) {
    for (int64_t done = 0; done < for_ns; done += 50 * kMs) {
      bench.pass(50 * kMs);
      answer(2, match);
      answer(3, bench.replica().last_index());
    }
  };
  for (int i = 0; i < 3; ++i) {
    const Index before = bench.replica().last_index();
    propose();
    be_heard(400 * kMs, before);
    be_heard(50 * kMs, bench.replica().last_index());
  }
  const Index before = bench.replica().last_index();
  propose();
  be_heard(1200 * kMs, before);
  EXPECT_FALSE(leaves_somebody_out());
  be_heard(300 * kMs, before);
  EXPECT_TRUE(leaves_somebody_out());
}

// They spoke while it did not run, and are read one after the other.
TEST_F(Overload, WhoeverDidNotRunItselfMissesNobody) {
  bench.now += 2000 * kMs;
  answer(2, 3);
  EXPECT_FALSE(leaves_somebody_out());
  EXPECT_FALSE(is_cut_off());
  bench.pass(300 * kMs);
  EXPECT_FALSE(leaves_somebody_out());
  bench.pass(150 * kMs);
  EXPECT_TRUE(leaves_somebody_out());
}

TEST_F(Overload, AMemberThatBeganAnewHasTimeToAnswer) {
  Message m = message_from(3, MessageType::kHello, 2);
  m.session = 7;
  m.hint_index = 3;
  bench.receive(m);
  EXPECT_FALSE(is_cut_off());
}

}  // namespace
}  // namespace tandem::repl
