// Leases and linearizable reads, on the leader's side and on the follower's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repl/leader_bench.h"

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<uint64_t> tokens(const Effects& effects) {
  std::vector<uint64_t> all;
  for (const IndexFound& found : effects.indexes_found) all.push_back(found.token);
  return all;
}

struct LeaderLease : LeaderOfThree {
  std::optional<Index> read_index() { return bench.replica().read_index(bench.now); }
  Effects next_heartbeat() {
    bench.now += bench.options.heartbeat_ns;
    return bench.end_turn();
  }
};

TEST_F(LeaderLease, NothingIsCommittedUntilEveryMemberHasPromised) {
  // 2 acknowledges, 3 was taken out by proof of nothing: the set says {1, 2}, but 3 was elected
  // from.
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  answer(2, 3);
  bench.now += bench.options.silence_ns / 4;
  EXPECT_EQ(bench.replica().commit(), 0U);
  open_with({2, 3});
  EXPECT_EQ(bench.replica().commit(), 3U);
}

TEST_F(LeaderLease, OneLeaseLengthAfterThePromiseTheLeaderBeforeIsOver) {
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  answer(2, 3);
  Message down = message_from(kController, MessageType::kSessionDown, 2);
  down.subject = 3;
  bench.receive(down);  // silent, not dead
  EXPECT_FALSE(bench.end_turn().swap);
  bench.now += bench.options.lease_ns;
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_THAT(effects.swap->record.in_sync, ElementsAre(member(1), member(2)));
  bench.step(SwapDone{5, true});
  bench.make_durable();
  answer(2, 4);
  bench.end_turn();
  EXPECT_TRUE(bench.replica().opened());
}

TEST_F(LeaderLease, AProofOfAnotherEpochIsNone) {
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  answer(2, 3);
  bench.receive(proof_of_death(3, session_of(3), 1));
  EXPECT_FALSE(bench.end_turn().swap);
  bench.receive(proof_of_death(3, session_of(3), 2));
  EXPECT_TRUE(bench.end_turn().swap);
}

TEST_F(LeaderLease, ReadsWhatIsCommittedWhileEveryMemberAnswers) {
  EXPECT_FALSE(read_index()) << "not open yet";
  open_with({2, 3});
  EXPECT_EQ(read_index(), 3U);
  bench.now += bench.options.lease_ns * 9 / 10;
  EXPECT_FALSE(read_index());
  answer(2, 3);
  EXPECT_FALSE(read_index()) << "3 could be elected";
  answer(3, 3);
  EXPECT_EQ(read_index(), 3U);
}

TEST_F(LeaderLease, TellsUntilWhenNoLaterLeaderAnswers) {
  const int64_t promised_at = bench.now;
  EXPECT_EQ(bench.replica().leading_since_ns(), promised_at);
  bench.now += 10 * kMs;
  EXPECT_EQ(bench.replica().leader_lease_until(bench.now), 0) << "not open yet";
  open_with({2, 3});
  const int64_t answered_at = bench.now;
  bench.now += 50 * kMs;
  answer(2, 3);  // 3 may have promised another leader since it answered
  EXPECT_EQ(bench.replica().leader_lease_until(bench.now),
            answered_at + bench.options.lease_ns / 10 * 9);
  EXPECT_EQ(bench.replica().leading_since_ns(), promised_at);
  bench.learn(record_of(3, 6, 2, {1, 2, 3}));
  EXPECT_EQ(bench.replica().leader_lease_until(bench.now), 0);
  EXPECT_EQ(bench.replica().leading_since_ns(), 0);
}

TEST_F(LeaderLease, GrantsToMembersOnlyAndNeverBeyondItsOwn) {
  open_with({2, 3});
  bench.hello(4, 2, 2, 1);
  bench.end_turn();
  answer(4, 3);
  const int64_t stamped_at = bench.now;
  bench.now += 50 * kMs;
  answer(2, 3);  // 3 answered 50 ms ago: this leader's lease runs from then
  const Effects effects = bench.end_turn();
  const int64_t own_end = stamped_at + bench.options.lease_ns * 9 / 10;
  for (const Message& m : sent(effects, MessageType::kAppend)) {
    if (m.to == 4) {
      EXPECT_EQ(m.lease_ns, 0);
    } else if (m.to == 2) {
      EXPECT_EQ(m.stamp_ns, bench.now + 1000 * kMs) << "as it came, by its own clock";
      EXPECT_GT(m.lease_ns, 0);
      EXPECT_LE(m.lease_ns, own_end - bench.now);
    }
  }
  EXPECT_THAT(sent(effects, MessageType::kAppend), Not(IsEmpty()));
}

TEST_F(LeaderLease, AMemberLeavesWhenItsLeaseIsOut) {
  open_with({2, 3});
  next_heartbeat();  // grants
  answer(2, 3);
  Message remove = message_from(kController, MessageType::kRemoveMember, 2);
  remove.subject = 3;
  bench.receive(remove);
  EXPECT_FALSE(bench.end_turn().swap);
  const Effects later = next_heartbeat();
  EXPECT_FALSE(later.swap);
  for (const Message& m : sent(later, MessageType::kAppend)) {
    if (m.to == 3) {
      EXPECT_EQ(m.lease_ns, 0) << "not renewed";
    }
  }
  bench.now += bench.options.lease_ns;
  EXPECT_TRUE(bench.end_turn().swap);
}

TEST_F(LeaderLease, TheDeadHoldNoLease) {
  open_with({2, 3});
  next_heartbeat();
  bench.receive(proof_of_death(3, session_of(3), 2));
  EXPECT_TRUE(bench.end_turn().swap);
}

TEST_F(LeaderLease, WithoutALeaseTheRecordTellsWhetherItStillLeads) {
  open_with({2, 3});
  bench.now += bench.options.lease_ns;
  bench.step(FindIndex{7, bench.now + 1000 * kMs});
  const Effects effects = bench.end_turn();
  EXPECT_TRUE(effects.read_record);
  EXPECT_THAT(effects.indexes_found, IsEmpty());
  // One that began before the read came says nothing of it.
  EXPECT_THAT(bench.step(RecordRead{record_of(2, 5, 1, {1, 2, 3}), bench.now - 1}).indexes_found,
              IsEmpty());
  EXPECT_THAT(bench.step(RecordRead{record_of(2, 5, 1, {1, 2, 3}), 0}).indexes_found, IsEmpty());
  const Effects read = bench.read_record(record_of(2, 5, 1, {1, 2, 3}));
  ASSERT_THAT(read.indexes_found, SizeIs(1));
  EXPECT_EQ(read.indexes_found[0].token, 7U);
  EXPECT_EQ(read.indexes_found[0].index, 3U);
}

TEST_F(LeaderLease, AnswersOthersOnlyWithALease) {
  open_with({2, 3});
  Message question = message_from(4, MessageType::kReadIndex, 2);
  question.question = 11;
  bench.receive(question);
  Effects effects = bench.end_turn();
  ASSERT_THAT(sent(effects, MessageType::kReadIndexIs), SizeIs(1));
  EXPECT_EQ(sent(effects, MessageType::kReadIndexIs)[0].match, 3U);
  EXPECT_EQ(sent(effects, MessageType::kReadIndexIs)[0].question, 11U);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kReadIndexIs), IsEmpty()) << "once";
  bench.now += bench.options.lease_ns;
  bench.receive(question);
  effects = bench.end_turn();
  EXPECT_THAT(sent(effects, MessageType::kReadIndexIs), IsEmpty());
  EXPECT_TRUE(effects.read_record);
}

// Replica 1 follows 2 in epoch 1 with three entries.
struct FollowerLease : testing::Test {
  FollowerLease() : bench({1, 1, 1}, 1) { bench.read_record(record_of(1, 5, 2, {1, 2})); }

  Effects heartbeat(int64_t stamp_ns, int64_t lease_ns, Epoch epoch = 1) {
    Message m = message_from(2, MessageType::kAppend, epoch);
    m.prev_index = 3;
    m.prev_epoch = 1;
    m.commit = 2;
    m.sent_ns = 5;
    m.stamp_ns = stamp_ns;
    m.lease_ns = lease_ns;
    return bench.receive(m);
  }
  std::optional<Index> read_index() { return bench.replica().read_index(bench.now); }

  ReplicaBench bench;
};

TEST_F(FollowerLease, RunsFromTheStampNotFromTheReceipt) {
  EXPECT_FALSE(read_index());
  const int64_t stamp = bench.now;
  bench.now += 60 * kMs;
  heartbeat(stamp, 100 * kMs);
  EXPECT_EQ(read_index(), 3U) << "the end of its log, not the commit index";
  bench.now = stamp + 100 * kMs;
  EXPECT_FALSE(read_index());
}

TEST_F(FollowerLease, EndsWithTheEpoch) {
  heartbeat(bench.now, 100 * kMs);
  bench.learn(record_of(2, 6, 2, {1, 2}));
  EXPECT_FALSE(read_index());
}

TEST_F(FollowerLease, AStartedProcessReadsTheRecordFirst) {
  ReplicaBench fresh({1, 1, 1}, 1);
  fresh.learn(record_of(1, 5, 2, {1, 2}));  // of a watch
  Message m = message_from(2, MessageType::kAppend, 1);
  m.prev_index = 3;
  m.prev_epoch = 1;
  m.stamp_ns = fresh.now;
  m.lease_ns = 100 * kMs;
  fresh.receive(m);
  EXPECT_FALSE(fresh.replica().read_index(fresh.now));
  fresh.read_record(record_of(1, 5, 2, {1, 2}));
  fresh.receive(m);
  EXPECT_EQ(fresh.replica().read_index(fresh.now), 3U);
}

TEST_F(FollowerLease, AcknowledgementsCarryTheClocksAndDoNotWaitForASlowDisk) {
  bench.append(1, 3, 1, {1});
  heartbeat(0, 0);
  const auto acks = sent(bench.end_turn(), MessageType::kAppendAck);
  ASSERT_THAT(acks, SizeIs(2));
  EXPECT_EQ(acks[0].match, 3U) << "what is durable";
  EXPECT_EQ(acks[1].match, 4U);
  for (const Message& ack : acks) {
    EXPECT_EQ(ack.sent_ns, 5);
    EXPECT_EQ(ack.stamp_ns, bench.now);
  }
}

TEST_F(FollowerLease, WithoutOneItAsksTheLeaderOneQuestionForAll) {
  heartbeat(0, 0);
  bench.step(FindIndex{1, bench.now + 1000 * kMs});
  bench.step(FindIndex{2, bench.now + 1000 * kMs});
  auto questions = sent(bench.end_turn(), MessageType::kReadIndex);
  ASSERT_THAT(questions, SizeIs(1));
  EXPECT_EQ(questions[0].to, 2U);
  bench.step(FindIndex{3, bench.now + 1000 * kMs});
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kReadIndex), IsEmpty()) << "one is under way";

  Message answer = message_from(2, MessageType::kReadIndexIs, 1);
  answer.question = questions[0].question;
  answer.match = 4;
  const Effects effects = bench.receive(answer);
  EXPECT_THAT(tokens(effects), ElementsAre(1, 2)) << "3 came after the question left";
  EXPECT_EQ(effects.indexes_found[0].index, 4U);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kReadIndex), SizeIs(1)) << "for 3";
}

TEST_F(FollowerLease, AnAnswerOfAnotherEpochIsNone) {
  heartbeat(0, 0);
  bench.step(FindIndex{1, bench.now + 1000 * kMs});
  const auto questions = sent(bench.end_turn(), MessageType::kReadIndex);
  ASSERT_THAT(questions, SizeIs(1));
  bench.learn(record_of(2, 6, 2, {1, 2}));
  Message answer = message_from(2, MessageType::kReadIndexIs, 1);
  answer.question = questions[0].question;
  EXPECT_THAT(tokens(bench.receive(answer)), IsEmpty());
  answer.epoch = 2;
  EXPECT_THAT(tokens(bench.receive(answer)), IsEmpty()) << "asked in the epoch before";
}

TEST_F(FollowerLease, ALostQuestionIsAskedAgainAndALateReadForgotten) {
  heartbeat(0, 0);
  bench.step(FindIndex{1, bench.now + 1000 * kMs});
  bench.step(FindIndex{2, bench.now + 10 * kMs});
  bench.end_turn();
  bench.tick(50 * kMs);
  const auto questions = sent(bench.end_turn(), MessageType::kReadIndex);
  ASSERT_THAT(questions, SizeIs(1));
  Message answer = message_from(2, MessageType::kReadIndexIs, 1);
  answer.question = questions[0].question;
  EXPECT_THAT(tokens(bench.receive(answer)), ElementsAre(1));
}

TEST_F(FollowerLease, AReadThatWaitsIsAnsweredByALeaseThatComes) {
  bench.step(FindIndex{1, bench.now + 1000 * kMs});
  bench.end_turn();
  heartbeat(bench.now, 100 * kMs);
  EXPECT_THAT(tokens(bench.end_turn()), ElementsAre(1));
}

}  // namespace
}  // namespace tandem::repl
