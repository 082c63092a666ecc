#include "repl/replica.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repl/replica_bench.h"

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// --- who is spoken to ---

TEST(Replica, DropsWhatIsForAnotherReplicaOrAnEarlierLife) {
  ReplicaBench bench({1}, 1);
  Message m = message_from(2, MessageType::kAppend, 1);
  m.to = 3;
  EXPECT_THAT(bench.step(MessageIn{m}).sends, IsEmpty());
  m.to = 1;
  m.to_session = 5;
  bench.step(MessageIn{m});
  EXPECT_THAT(bench.end_turn().sends, IsEmpty());
}

TEST(Replica, DropsWhatIsOfAnotherLineage) {
  ReplicaBench bench({1}, 1);
  Message m = message_from(2, MessageType::kAppend, 5);
  m.lineage = kLineage + 1;
  bench.receive(m);
  EXPECT_EQ(bench.replica().epoch(), 1U);
  Record record = record_of(5, 9, 2, {2});
  record.lineage = kLineage + 1;
  EXPECT_THAT(bench.learn(record).notices, SizeIs(1));
  EXPECT_THAT(bench.learn(record).notices, IsEmpty()) << "said once";
  EXPECT_EQ(bench.replica().epoch(), 1U);
}

TEST(Replica, TellsItsStateOnlyOnceThatIsDurable) {
  ReplicaBench bench({1}, 1);
  bench.recovered.cut_tail = true;
  bench.recovered.pid = 42;
  bench.append(1, 1, 1, {1});
  Message question = message_from(kController, MessageType::kQueryState, 1);
  question.question = 7;
  const Effects effects = bench.receive(question);
  ASSERT_THAT(effects.sends, SizeIs(1));
  EXPECT_EQ(effects.sends[0].after, bench.last_ticket);
  const Message& answer = effects.sends[0].message;
  EXPECT_EQ(answer.question, 7U);
  EXPECT_EQ(answer.state.last_index, 2U);
  EXPECT_EQ(answer.state.promise, 1U);
  EXPECT_EQ(answer.state.pid, 42U);
  EXPECT_TRUE(answer.state.cut_tail);
  EXPECT_FALSE(answer.state.leading);
}

// --- epochs ---

TEST(Replica, LeadsWhenARecordAboveItsPromiseNamesIt) {
  ReplicaBench bench({1}, 1);
  const Effects effects = bench.learn(record_of(2, 2, 1, {1, 2}));
  EXPECT_TRUE(bench.replica().leading());
  EXPECT_FALSE(bench.replica().opened());
  EXPECT_EQ(wanted<SavePromise>(effects)->epoch, 2U);
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 2));
  EXPECT_EQ(bench.log.entries.back().type, wire::EntryType::kOpen);
  EXPECT_EQ(bench.replica().epoch_start(), 2U);
}

TEST(Replica, NeverGoesOnInAnEpochThatItPromisedBefore) {
  ReplicaBench bench({1, 2}, 2);
  bench.learn(record_of(2, 2, 1, {1, 2}));
  EXPECT_FALSE(bench.replica().leading());
  bench.learn(record_of(3, 3, 1, {1, 2}));
  EXPECT_TRUE(bench.replica().leading());
}

TEST(Replica, DoesNotLeadWhereTheRecordNamesAnotherDiskOfItsId) {
  ReplicaBench bench({1}, 1);
  Record record = record_of(2, 2, 1, {1, 2});
  record.in_sync[0].storage_id = 999;
  bench.learn(record);
  EXPECT_FALSE(bench.replica().leading());
  EXPECT_FALSE(bench.replica().in_sync());
  EXPECT_EQ(bench.replica().epoch(), 2U);
}

TEST(Replica, PromisesDurablyBeforeItSaysSo) {
  ReplicaBench bench({1}, 1);
  const Effects effects = bench.learn(record_of(4, 5, 2, {1, 2}));
  EXPECT_EQ(wanted<SavePromise>(effects)->epoch, 4U);
  ASSERT_THAT(sent(effects, MessageType::kHello), SizeIs(1));
  EXPECT_EQ(effects.sends[0].after, bench.last_ticket);
  EXPECT_EQ(effects.sends[0].message.epoch, 4U);
  EXPECT_EQ(effects.sends[0].message.hint_index, 1U);
}

TEST(Replica, ANewDiskTakesTheLineageOfTheGroup) {
  ReplicaBench bench;
  const Effects effects = bench.learn(record_of(1, 1, 2, {2}));
  EXPECT_EQ(wanted<SaveLineage>(effects)->lineage, kLineage);
  EXPECT_EQ(sent(effects, MessageType::kHello)[0].lineage, kLineage);
}

TEST(Replica, TakesTheLineageThoughTheEpochIsPromisedAlready) {
  ReplicaBench bench({}, 3);
  bench.recovered.lineage = 0;  // a crash lost it
  EXPECT_EQ(wanted<SaveLineage>(bench.learn(record_of(3, 4, 2, {2})))->lineage, kLineage);
  EXPECT_EQ(bench.replica().lineage(), kLineage);
}

TEST(Replica, AnOlderRecordChangesNothing) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(4, 9, 2, {1, 2}));
  bench.learn(record_of(3, 8, 1, {1, 2}));
  EXPECT_FALSE(bench.replica().leading());
  EXPECT_EQ(bench.replica().record()->version, 9U);
}

TEST(Replica, ALeaderStepsDownForALaterEpoch) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 2, 1, {1, 2}));
  EXPECT_TRUE(bench.learn(record_of(3, 3, 2, {1, 2})).stepped_down);
  EXPECT_FALSE(bench.replica().leading());
  EXPECT_EQ(bench.replica().epoch(), 3U);
}

TEST(Replica, ALeaderStepsDownWhenAHelloComesFromALaterEpoch) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 2, 1, {1, 2}));
  const Effects effects = bench.hello(2, 3, 1, 1);
  EXPECT_TRUE(effects.stepped_down);
  EXPECT_TRUE(effects.read_record);
  bench.learn(record_of(2, 2, 1, {1, 2}));
  EXPECT_FALSE(bench.replica().leading()) << "not again in the same epoch";
}

TEST(Replica, AnElectedLeaderThatIsElectedAgainStartsOver) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 2, 1, {1, 2}));
  EXPECT_TRUE(bench.learn(record_of(3, 3, 1, {1, 2})).stepped_down);
  EXPECT_TRUE(bench.replica().leading());
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 2, 3));
}

TEST(Replica, AnswersADeposedLeaderWithItsOwnEpoch) {
  ReplicaBench bench({1}, 4);
  const Effects effects = bench.append(3, 1, 1, {3});
  ASSERT_THAT(sent(effects, MessageType::kHello), SizeIs(1));
  EXPECT_EQ(effects.sends[0].message.epoch, 4U);
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1)) << "nothing was taken";
}

// --- appends ---

TEST(Replica, AcknowledgesOnceATurnAndOnlyWhatIsDurable) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1});
  bench.append(1, 2, 1, {1, 1});
  const Effects effects = bench.end_turn();
  // The first is for the lease alone, and tells of what is durable already.
  ASSERT_THAT(sent(effects, MessageType::kAppendAck), SizeIs(2));
  EXPECT_EQ(effects.sends[0].message.match, 1U);
  EXPECT_EQ(effects.sends[1].message.match, 4U);
  EXPECT_EQ(effects.sends[1].after, bench.last_ticket);
  EXPECT_THAT(bench.end_turn().sends, IsEmpty());
}

TEST(Replica, AcknowledgesAHeartbeatUpToWhatItVerifiedNotToItsEnd) {
  ReplicaBench bench({1, 1, 1}, 2);
  bench.append(2, 1, 1, {});
  const Effects effects = bench.end_turn();
  EXPECT_EQ(effects.sends[0].message.match, 1U);
}

TEST(Replica, CutsAtTheFirstEntryOfAnotherEpoch) {
  ReplicaBench bench({1, 1, 2, 2}, 2);
  const Effects effects = bench.append(3, 1, 1, {1, 3});
  EXPECT_EQ(wanted<CutLog>(effects)->from, 3U);
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 1, 3));
  EXPECT_EQ(bench.replica().last_index(), 3U);
}

TEST(Replica, AShorterOrOlderAppendCutsNothing) {
  ReplicaBench bench({1, 1, 2, 2}, 2);
  EXPECT_FALSE(wanted<CutLog>(bench.append(2, 1, 1, {1})));
  EXPECT_FALSE(wanted<CutLog>(bench.append(2, 2, 1, {})));
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 1, 2, 2));
}

TEST(Replica, ARepeatedAppendWritesNothing) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1});
  EXPECT_THAT(bench.append(1, 1, 1, {1, 1}).persists, IsEmpty());
}

TEST(Replica, CommitIsCappedByWhatWasVerifiedInThisEpoch) {
  ReplicaBench bench({1, 1, 1, 1}, 2);
  bench.append(2, 1, 1, {1}, 4);
  EXPECT_EQ(bench.replica().commit(), 2U) << "beyond it the own log may hold other entries";
  bench.append(2, 2, 1, {1, 1}, 3);
  EXPECT_EQ(bench.replica().commit(), 3U);
}

TEST(Replica, WhatWasVerifiedInAnEarlierEpochCountsNoMore) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1, 1});
  bench.append(2, 1, 1, {}, 4);
  EXPECT_EQ(bench.replica().commit(), 1U);
}

TEST(Replica, RefusesALeaderForWhomItWouldHaveToCutACommittedEntry) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1}, 3);
  const Effects effects = bench.append(2, 1, 1, {2});
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 1, 1));
  ASSERT_THAT(sent(effects, MessageType::kRefuse), SizeIs(1));
  EXPECT_EQ(sent(effects, MessageType::kRefuse)[0].prev_index, 1U);
  EXPECT_EQ(sent(effects, MessageType::kRefuse)[0].committed, (Position{1, 3}));
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppendAck), IsEmpty());
}

TEST(Replica, RefusesWhatDoesNotFitAndSaysWhereItMight) {
  ReplicaBench bench({1, 1}, 3);
  Effects effects = bench.append(3, 5, 2, {3});
  ASSERT_THAT(sent(effects, MessageType::kAppendReject), SizeIs(1));
  EXPECT_EQ(effects.sends[0].message.prev_index, 5U);
  EXPECT_EQ(effects.sends[0].message.hint_index, 2U);
  EXPECT_EQ(effects.sends[0].message.hint_epoch, 1U);
  EXPECT_THAT(bench.end_turn().sends, IsEmpty()) << "a refusal is no acknowledgement";
}

TEST(Replica, ARefusalSkipsAWholeEpochOfItsOwn) {
  ReplicaBench bench({1, 2, 2, 2}, 3);
  const Effects effects = bench.append(3, 4, 1, {3});
  EXPECT_EQ(sent(effects, MessageType::kAppendReject)[0].hint_index, 1U);
}

TEST(Replica, WhatItsSnapshotHoldsIsSkipped) {
  ReplicaBench bench({}, 2);
  bench.log.base = 5;
  bench.log.base_epoch = 2;
  bench.snapshot.at = 5;
  bench.recovered.applied = 5;
  bench.append(2, 3, 1, {2, 2, 2}, 6);
  EXPECT_THAT(bench.log.epochs(), ElementsAre(2));
  EXPECT_EQ(bench.log.entries[0].index, 6U);
  EXPECT_EQ(bench.replica().commit(), 6U);
}

TEST(Replica, ReadsTheRecordWhenItsLeaderKnowsALaterOne) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(1, 3, 2, {1, 2}));
  Message m = message_from(2, MessageType::kAppend, 1);
  m.prev_index = m.prev_epoch = 1;
  m.record_version = 3;
  EXPECT_FALSE(bench.receive(m).read_record);
  m.record_version = 4;
  EXPECT_TRUE(bench.receive(m).read_record);
}

// --- snapshots ---

Message chunk(Index index, uint64_t offset, std::string data, uint64_t total) {
  Message m = message_from(2, MessageType::kSnapshotChunk, 2);
  m.snapshot_index = index;
  m.snapshot_epoch = 1;
  m.offset = offset;
  m.total_bytes = total;
  m.data = std::move(data);
  return m;
}

TEST(Replica, TakesASnapshotInPieces) {
  ReplicaBench bench({1}, 2);
  EXPECT_EQ(bench.receive(chunk(9, 0, "abc", 5)).snapshot_chunk->data, "abc");
  EXPECT_FALSE(bench.receive(chunk(9, 0, "abc", 5)).snapshot_chunk) << "still being written";
  EXPECT_EQ(bench.step(SnapshotChunkWritten{9, 3}).sends[0].message.offset, 3U);
  const Effects again = bench.receive(chunk(9, 0, "abc", 5));
  EXPECT_FALSE(again.snapshot_chunk);
  EXPECT_EQ(sent(again, MessageType::kSnapshotAck)[0].offset, 3U);
  EXPECT_TRUE(bench.receive(chunk(9, 3, "de", 5)).snapshot_chunk);
  bench.step(SnapshotChunkWritten{9, 5});

  bench.log.entries.clear();
  bench.log.base = 9;
  bench.log.base_epoch = 1;
  bench.step(SnapshotInstalled{9, 2000});
  EXPECT_EQ(bench.replica().last_index(), 9U);
  EXPECT_EQ(bench.replica().commit(), 9U);
  EXPECT_EQ(bench.end_turn().sends[0].message.match, 9U);
}

TEST(Replica, AnotherSnapshotStartsFromItsBeginning) {
  ReplicaBench bench({1}, 2);
  bench.receive(chunk(9, 0, "abc", 5));
  bench.step(SnapshotChunkWritten{9, 3});
  EXPECT_FALSE(bench.receive(chunk(12, 3, "de", 5)).snapshot_chunk);
  EXPECT_TRUE(bench.receive(chunk(12, 0, "abc", 5)).snapshot_chunk);
  EXPECT_THAT(bench.step(SnapshotChunkWritten{9, 3}).sends, IsEmpty()) << "of the one before";
}

TEST(Replica, AFailedPieceStartsOver) {
  ReplicaBench bench({1}, 2);
  bench.receive(chunk(9, 0, "abc", 5));
  EXPECT_EQ(bench.step(SnapshotChunkWritten{9, 0}).sends[0].message.offset, 0U);
  EXPECT_TRUE(bench.receive(chunk(9, 0, "abc", 5)).snapshot_chunk);
}

TEST(Replica, ASnapshotThatIsNoLongerNeededIsNotTaken) {
  ReplicaBench bench({1}, 1);
  bench.append(2, 1, 1, {1, 1, 2}, 2);
  // Entry 4 may be acknowledged, though it is not known as committed: it must not be erased.
  const Effects effects = bench.receive(chunk(3, 0, "abc", 3));
  EXPECT_FALSE(effects.snapshot_chunk);
  EXPECT_EQ(sent(effects, MessageType::kHello)[0].hint_index, 4U);
}

TEST(ReplicaDeathTest, ASnapshotBelowTheCommitIndexEndsTheProcess) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1}, 3);
  EXPECT_DEATH(bench.step(SnapshotInstalled{2, 2000}), "a snapshot below the commit index");
}

// --- time ---

TEST(Replica, SaysHelloWhereItHearsNothing) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(1, 3, 2, {1, 2}));
  bench.append(1, 1, 1, {});
  EXPECT_THAT(bench.tick(50 * kMs).sends, IsEmpty());
  EXPECT_THAT(sent(bench.tick(60 * kMs), MessageType::kHello), SizeIs(1));
  EXPECT_THAT(bench.tick(10 * kMs).sends, IsEmpty());
}

TEST(Replica, ReadsTheRecordNowAndThenWhereItHearsNothing) {
  ReplicaBench bench({1}, 1);
  EXPECT_TRUE(bench.tick(kMs).read_record);
  EXPECT_FALSE(bench.tick(100 * kMs).read_record);
  EXPECT_TRUE(bench.tick(500 * kMs).read_record);
}

TEST(Replica, FollowersKeepTheirLogFromTheCommitIndexOn) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1}, 2);
  EXPECT_EQ(bench.replica().pinned_index(), 2U);
}

}  // namespace
}  // namespace tandem::repl
