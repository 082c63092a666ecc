// Messages of the dead, messages that come late, and answers that take long.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "repl/leader_bench.h"

namespace tandem::repl {
namespace {

// Replica 1 leads epoch 2 of the set {1, 2, 3}; the third entry opens the epoch.
struct LateHello : testing::Test {
  LateHello() : bench({1, 1}, 1) {
    bench.learn(record_of(2, 5, 1, {1, 2, 3}));
    bench.make_durable();
  }
  Message from(ReplicaId id, uint64_t session, MessageType type) {
    Message m = message_from(id, type, 2);
    m.session = session;
    return m;
  }
  Effects hello(ReplicaId id, uint64_t session) {
    Message m = from(id, session, MessageType::kHello);
    m.hint_index = 2;
    m.hint_epoch = 1;
    return bench.receive(m);
  }
  Effects answer(ReplicaId id, uint64_t session, Index match) {
    Message m = from(id, session, MessageType::kAppendAck);
    m.match = match;
    m.sent_ns = bench.now;
    m.stamp_ns = bench.now;  // their clocks agree, for this test
    return bench.receive(m);
  }
  ReplicaBench bench;
};

TEST_F(LateHello, AProofOfDeathVoidsOnlyWhatThatSessionWasGranted) {
  const uint64_t dead = 1003;
  const uint64_t alive = 2003;
  hello(2, 1002);
  hello(3, dead);
  bench.end_turn();
  answer(2, 1002, 3);
  answer(3, dead, 3);
  bench.end_turn();
  // 3 is killed and started again on its directory: it registers, reads the record, says hello.
  hello(3, alive);
  bench.end_turn();
  answer(2, 1002, 3);
  answer(3, alive, 3);
  int64_t lease_of_3_until = 0;
  bench.now += 50 * kMs;
  for (const Message& m : sent(bench.end_turn(), MessageType::kAppend)) {
    if (m.to == 3 && m.to_session == alive && m.lease_ns > 0)
      lease_of_3_until = m.stamp_ns + m.lease_ns;
  }
  ASSERT_GT(lease_of_3_until, bench.now) << "the living session may answer reads until then";

  // A copy of the dead session's hello comes now. So does the proof of that session's death: the
  // registry was read before the living one registered, the message took its time.
  hello(3, dead);
  bench.receive(proof_of_death(3, dead, 2));
  const Effects effects = bench.end_turn();
  EXPECT_FALSE(effects.swap) << "removed while it holds a lease";
  if (effects.swap) bench.step(SwapDone{5, true});
  bench.step(Propose{2000, "k", "{}"});
  bench.make_durable();
  bench.end_turn();
  answer(2, 1002, 4);
  bench.end_turn();
  ASSERT_LT(bench.now, lease_of_3_until);
  EXPECT_LT(bench.replica().commit(), 4U)
      << "the write is answered " << (lease_of_3_until - bench.now) / kMs
      << " ms before the lease ends of a member that does not have it";
}

// No doubled message is needed: the dead session's hello may be the first that is late (two
// connections, read in any order).
TEST_F(LateHello, TheDeadSessionsOnlyHelloIsLate) {
  const uint64_t dead = 1003;
  const uint64_t alive = 2003;
  hello(2, 1002);
  hello(3, alive);
  bench.end_turn();
  answer(2, 1002, 3);
  answer(3, alive, 3);
  bench.end_turn();
  bench.now += 50 * kMs;
  bench.end_turn();  // grants
  hello(3, dead);
  bench.receive(proof_of_death(3, dead, 2));
  EXPECT_FALSE(bench.end_turn().swap);
}

TEST_F(LateHello, ARemovalAskedForInAnotherEpochIsNone) {
  hello(2, 1002);
  hello(3, 1003);
  bench.end_turn();
  answer(2, 1002, 3);
  answer(3, 1003, 3);
  bench.end_turn();
  Message remove = message_from(kController, MessageType::kRemoveMember, 1);
  remove.subject = 3;
  bench.receive(remove);
  bench.now += 200 * kMs;
  answer(2, 1002, 3);
  answer(3, 1003, 3);
  EXPECT_FALSE(bench.end_turn().swap);
}

// The receiver is busy (writes a snapshot of its own) and says so: the same 256 KiB at once again.
TEST(SnapshotSpin, AnAcknowledgementWithoutProgressIsNotAnsweredAtOnce) {
  ReplicaBench bench({}, 1);
  bench.log.base = 10;
  bench.log.base_epoch = 1;
  bench.snapshot.at = 10;
  bench.snapshot.at_epoch = 1;
  bench.snapshot.bytes = std::string(1 << 20, 'x');
  bench.recovered.applied = 10;
  bench.learn(record_of(2, 5, 1, {1}));
  bench.make_durable();
  bench.hello(4, 2, 0, 0);
  int chunks = 0;
  for (int i = 0; i < 100; ++i) {  // all within the same millisecond
    for (const Message& m : sent(bench.end_turn(), MessageType::kSnapshotChunk)) {
      ++chunks;
      Message ack = message_from(4, MessageType::kSnapshotAck, 2);
      ack.snapshot_index = m.snapshot_index;
      ack.offset = 0;
      bench.receive(ack);
    }
  }
  EXPECT_LE(chunks, 2);
}

struct LeaderSide : LeaderOfThree {
  static Message proof(ReplicaId id) { return proof_of_death(id, session_of(id), 2); }
};

struct FollowerSide : testing::Test {
  FollowerSide() : bench({1, 1, 1}, 1) { bench.read_record(record_of(1, 5, 2, {1, 2})); }
  Effects heartbeat(int64_t stamp_ns = 0, int64_t lease_ns = 0) {
    Message m = message_from(2, MessageType::kAppend, 1);
    m.prev_index = 3;
    m.prev_epoch = 1;
    m.commit = 2;
    m.sent_ns = 5;
    m.stamp_ns = stamp_ns;
    m.lease_ns = lease_ns;
    return bench.receive(m);
  }
  ReplicaBench bench;
};

// Answers take 60 ms each (fsync on both sides, a slow coordination service): a read is asked
// again every 50 ms under a new number, and the answer to the old one no longer counts.
TEST_F(FollowerSide, AReadWhoseAnswersTake60MsIsAnswered) {
  heartbeat();
  bench.step(FindIndex{1, bench.now + 2000 * kMs});
  std::deque<std::pair<int64_t, uint64_t>> on_the_way;
  bool answered = false;
  for (int ms = 0; ms < 1000 && !answered; ms += 10) {
    bench.tick(10 * kMs);
    for (const Message& q : sent(bench.end_turn(), MessageType::kReadIndex))
      on_the_way.emplace_back(bench.now + 60 * kMs, q.question);
    while (!on_the_way.empty() && on_the_way.front().first <= bench.now) {
      Message a = message_from(2, MessageType::kReadIndexIs, 1);
      a.question = on_the_way.front().second;
      a.match = 3;
      on_the_way.pop_front();
      if (!bench.receive(a).indexes_found.empty()) answered = true;
    }
  }
  EXPECT_TRUE(answered);
}

// The same on the leader: the repetition replaces the question, so that the read of the record
// that began before it no longer answers it.
TEST_F(LeaderSide, AQuestionAskedAgainIsStillAnsweredByTheReadOfTheRecordUnderWay) {
  open_with({2, 3});
  bench.now += bench.options.lease_ns;
  Message q = message_from(4, MessageType::kReadIndex, 2);
  int answers = 0;
  int64_t asked = 0;
  for (uint64_t i = 0; i < 20; ++i) {
    q.question = i + 1;
    bench.receive(q);  // every 50 ms
    if (bench.end_turn().read_record) asked = asked == 0 ? bench.now : asked;
    bench.now += 50 * kMs;
    if (asked != 0 && bench.now - asked >= 60 * kMs) {
      // The driver runs one read at a time, this one took 60 to 100 ms.
      Message again = q;
      again.question += 1;
      bench.receive(again);
      answers += static_cast<int>(sent(bench.step(RecordRead{record_of(2, 5, 1, {1, 2, 3}), asked}),
                                       MessageType::kReadIndexIs)
                                      .size());
      asked = 0;
    }
  }
  EXPECT_GT(answers, 0);
}

// A disk that takes long, under a steady stream of appends: leases need an acknowledgement each
// 25..50 ms.
TEST_F(FollowerSide, ASlowDiskUnderLoadDoesNotEndLeases) {
  Index prev = 3;
  int early = 0;
  for (int ms = 0; ms < 400; ms += 5) {
    bench.now += 5 * kMs;
    bench.append(1, prev, 1, {1});
    ++prev;
    for (const Send& send : bench.end_turn().sends)
      early += send.message.type == MessageType::kAppendAck && send.after == 0;
  }
  EXPECT_GE(early, 400 / 50 - 1) << "each lets the leader's lease and this one go on";
}

// Neither questions nor their answers have anything to do with the disk.
TEST_F(FollowerSide, AQuestionDoesNotWaitForEntriesOnTheirWayToTheDisk) {
  heartbeat();
  bench.append(1, 3, 1, {1});
  bench.end_turn();
  bench.step(FindIndex{1, bench.now + 2000 * kMs});
  const Effects effects = bench.end_turn();
  for (const Send& send : effects.sends) {
    if (send.message.type == MessageType::kReadIndex) {
      EXPECT_LT(send.after, bench.last_ticket);
    }
  }
}
TEST_F(LeaderSide, AnAnswerDoesNotWaitForEntriesOnTheirWayToTheDisk) {
  open_with({2, 3});
  bench.step(Propose{2000, "k", "{}"});
  Message q = message_from(4, MessageType::kReadIndex, 2);
  q.question = 1;
  bench.receive(q);
  for (const Send& send : bench.end_turn().sends) {
    if (send.message.type == MessageType::kReadIndexIs) {
      EXPECT_LT(send.after, bench.last_ticket);
    }
  }
}

// A hello that the dead session sent before it died comes after the proof.
TEST_F(LeaderSide, TheDeadDoNotComeBackByALateHello) {
  open_with({2, 3});
  bench.receive(proof(3));
  ASSERT_TRUE(bench.end_turn().swap);
  bench.step(SwapDone{5, true});
  bench.hello(3, 2, 3, 2);  // of the same, dead session
  const Effects effects = bench.end_turn();
  EXPECT_FALSE(effects.swap) << "joins again: writes wait 400 ms for a dead process";
}
TEST_F(LeaderSide, ALateHelloDoesNotHoldUpTheRemovalOfTheDead) {
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  answer(2, 3);
  bench.receive(proof(3));
  bench.hello(3, 2, 2, 1);  // same turn: died just after it had said hello
  EXPECT_TRUE(bench.end_turn().swap);
}

// min_in_sync 2 and a set of one (just made, or after an accepted loss).
TEST(MinInSync, BelowItWritesWait) {
  ReplicaBench bench({}, 0);
  bench.read_record(record_of(1, 1, 1, {1}, 2));
  bench.make_durable();
  bench.now += 200 * kMs;
  bench.end_turn();
  bench.step(Propose{2000, "k", "{}"});
  bench.make_durable();
  bench.end_turn();
  EXPECT_LT(bench.replica().commit(), 2U) << "one copy only";
}

// Cut off from everybody, a leader does not take the others out of the set: they may go on.
TEST_F(LeaderSide, WhoHearsNobodyLeavesTheSetAsItIs) {
  open_with({2, 3});
  bench.pass(bench.options.silence_ns + kMs);
  EXPECT_FALSE(bench.end_turn().swap);
  bench.receive(message_from(kController, MessageType::kQueryState, 2));
  EXPECT_TRUE(bench.end_turn().swap) << "somebody is there who could not hear them either";
}

// The set is at its minimum and a member is silent: a leader that lives, and can do nothing.
TEST_F(LeaderSide, TellsThatItIsCutOff) {
  const auto told = [this] {
    const Effects effects = bench.receive(message_from(kController, MessageType::kQueryState, 2));
    return sent(effects, MessageType::kState).at(0).state.cut_off;
  };
  EXPECT_FALSE(told()) << "not open yet";
  open_with({2, 3});
  EXPECT_FALSE(told());
  bench.pass(bench.options.silence_ns + bench.options.lease_ns);
  EXPECT_TRUE(told());
  answer(2, 3);
  answer(3, 3);
  EXPECT_FALSE(told());
}

}  // namespace
}  // namespace tandem::repl
