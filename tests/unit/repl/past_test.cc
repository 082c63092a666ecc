// A replica whose disk, or whose record, went back to an earlier state, and those who know better.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "replica_bench.h"

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Message went_back(ReplicaId from, Epoch epoch) {
  Message m = message_from(from, MessageType::kWentBack, epoch);
  m.committed = Position{epoch, 9};
  return m;
}

Memory memory_of(ReplicaBench& bench) {
  Message question = message_from(kController, MessageType::kQueryMemory, 0);
  question.lineage = 0;
  const auto answers = sent(bench.receive(question), MessageType::kMemory);
  return answers.empty() ? Memory{} : answers[0].memory;
}

wire::Entry open_entry(Index index, Epoch epoch, const Record& record) {
  wire::Entry entry = entry_at(index, epoch);
  entry.type = wire::EntryType::kOpen;
  entry.request_id.clear();
  entry.payload = to_text(record);
  return entry;
}

// --- the mark ---

TEST(Mark, IsWrittenSoonAfterSomethingWasCommitted) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1}, 3);
  bench.make_durable();
  bench.now += 100 * kMs;
  const auto first = wanted<SaveCommitted>(bench.end_turn());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->position, (Position{1, 3}));
  bench.append(1, 3, 1, {1}, 4);
  bench.make_durable();
  EXPECT_FALSE(wanted<SaveCommitted>(bench.end_turn())) << "not at every commit";
  EXPECT_LE(bench.replica().next_deadline_ns(), bench.now + 100 * kMs);
  bench.now += 100 * kMs;
  EXPECT_TRUE(wanted<SaveCommitted>(bench.end_turn()));
}

TEST(Mark, IsWrittenAtOnceWhereTheProcessEnds) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1}, 2);
  bench.make_durable();
  bench.end_turn();
  bench.append(1, 2, 1, {1}, 3);
  bench.make_durable();
  const auto mark = wanted<SaveCommitted>(bench.step(Stopping{}));
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->position, (Position{1, 3}));
}

TEST(Mark, SaysNothingOfWhatTheOwnDiskDoesNotHave) {
  ReplicaBench bench({1}, 1);
  bench.append(1, 1, 1, {1, 1}, 3);
  const auto mark = wanted<SaveCommitted>(bench.step(Stopping{}));
  EXPECT_TRUE(!mark || mark->position.index == 1);
}

// Entries that open epochs were never answered to anybody: that they are committed proves nothing.
TEST(Mark, IsOfCommandsAlone) {
  ReplicaBench bench({1}, 1);
  Message m = message_from(2, MessageType::kAppend, 1);
  m.prev_index = 1;
  m.prev_epoch = 1;
  m.commit = 2;
  m.entries = {open_entry(2, 1, record_of(1, 3, 2, {1, 2}))};
  bench.receive(m);
  bench.make_durable();
  bench.step(Stopping{});
  EXPECT_EQ(memory_of(bench).committed, (Position{1, 1}));
}

TEST(Mark, OfAnEarlierLifeIsNotCut) {
  ReplicaBench bench({1, 1, 1}, 1);
  bench.recovered.committed = Position{1, 3};
  const Effects effects = bench.append(2, 1, 1, {2});
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 1, 1));
  const auto refusals = sent(effects, MessageType::kRefuse);
  ASSERT_THAT(refusals, SizeIs(1));
  EXPECT_EQ(refusals[0].prev_index, 1U);
  EXPECT_EQ(refusals[0].committed, (Position{1, 3}));
  EXPECT_FALSE(refusals[0].proven);
  EXPECT_THAT(bench.end_turn().sends, IsEmpty()) << "and nothing is acknowledged";
}

TEST(Mark, WhatIsBehindItIsCutAsBefore) {
  ReplicaBench bench({1, 1, 1}, 1);
  bench.recovered.committed = Position{1, 2};
  bench.append(2, 2, 1, {2});
  EXPECT_THAT(bench.log.epochs(), ElementsAre(1, 1, 2));
}

TEST(Mark, NoSnapshotThatEndsBelowItIsTaken) {
  ReplicaBench bench({1, 1, 1, 1}, 1);
  bench.recovered.committed = Position{1, 4};
  Message chunk = message_from(2, MessageType::kSnapshotChunk, 2);
  chunk.snapshot_index = 3;
  chunk.snapshot_epoch = 2;
  chunk.total_bytes = 5;
  chunk.data = "bytes";
  const Effects effects = bench.receive(chunk);
  EXPECT_FALSE(effects.snapshot_chunk);
  EXPECT_THAT(sent(effects, MessageType::kRefuse), SizeIs(1));
}

// --- who leads ---

TEST(Chosen, ALaterLifeDoesNotLeadWhereAnEarlierOneWasChosen) {
  ReplicaBench bench({1}, 1);
  Record record = record_of(2, 5, 1, {1, 2});
  record.leader_session = session_of(1) + 1;
  bench.read_record(record);
  EXPECT_FALSE(bench.replica().leading());
  EXPECT_EQ(bench.replica().epoch(), 2U) << "it has promised it all the same";
}

TEST(Chosen, WhereTheRecordDoesNotTellItMustHaveBeenAnotherOneBefore) {
  Record record = record_of(2, 5, 1, {1, 2});
  record.leader_session = 0;
  ReplicaBench from_the_start({1}, 1);
  from_the_start.read_record(record);
  EXPECT_FALSE(from_the_start.replica().leading());
  ReplicaBench later({1}, 1);
  later.read_record(record_of(1, 4, 2, {1, 2}));
  later.read_record(record);
  EXPECT_TRUE(later.replica().leading());
}

TEST(Chosen, AnEpochThatAnotherProcessHasLedIsNotFollowed) {
  ReplicaBench bench({1}, 1);
  bench.read_record(record_of(2, 5, 2, {1, 2}));
  Message m = message_from(3, MessageType::kAppend, 2);
  m.prev_index = 1;
  m.prev_epoch = 1;
  const auto refusals = sent(bench.receive(m), MessageType::kRefuse);
  ASSERT_THAT(refusals, SizeIs(1));
  EXPECT_TRUE(refusals[0].proven);
  EXPECT_THAT(bench.end_turn().sends, IsEmpty());
}

TEST(Chosen, WhoWasGivenUpBeginsAnew) {
  ReplicaBench bench({1}, 1);
  Record record = record_of(2, 5, 2, {2});
  record.given_up = {member(1)};
  EXPECT_TRUE(bench.read_record(record).went_back);
}

TEST(Chosen, WhoseLineageWasReplacedBeginsAnew) {
  ReplicaBench bench({1}, 1);
  Record record = record_of(2, 5, 2, {2});
  record.replaced = {{record.lineage, 4}};
  record.lineage += 1;
  EXPECT_TRUE(bench.read_record(record).went_back);
}

TEST(Chosen, AnotherLineageThatReplacedSomethingElseIsNoReason) {
  ReplicaBench bench({1}, 1);
  Record record = record_of(2, 5, 2, {2});
  record.lineage += 1;
  record.replaced = {{record.lineage + 1, 4}};
  EXPECT_FALSE(bench.read_record(record).went_back);
}

// --- a leader that lacks something ---

class RefusedLeader : public testing::Test {
 protected:
  RefusedLeader() {
    bench.learn(record_of(2, 5, 1, {1, 2}));
    bench.make_durable();
    bench.hello(2, 2, 3, 1);
    bench.end_turn();
  }
  Message refusal(Position committed) {
    Message m = message_from(2, MessageType::kRefuse, 2);
    m.prev_index = 2;
    m.committed = committed;
    return m;
  }
  ReplicaBench bench{{1, 1}, 1};
};

TEST_F(RefusedLeader, StopsWhereItsLogDoesNotHoldWhatIsCommitted) {
  const Effects effects = bench.receive(refusal({1, 3}));
  EXPECT_TRUE(effects.stepped_down);
  EXPECT_FALSE(bench.replica().leading());
}

TEST_F(RefusedLeader, StopsWhereAnotherProcessHasLedItsEpoch) {
  Message m = refusal({1, 2});
  m.proven = true;
  EXPECT_TRUE(bench.receive(m).stepped_down);
}

TEST_F(RefusedLeader, GoesOnWhereItHasAllOfIt) {
  const Effects effects = bench.receive(refusal({1, 2}));
  EXPECT_FALSE(effects.stepped_down);
  ASSERT_THAT(sent(effects, MessageType::kWentBack), SizeIs(1))
      << "the other one cannot follow with what it has applied: it begins anew";
}

TEST_F(RefusedLeader, DoesNotHeedWhoWasGivenUp) {
  Record record = record_of(2, 6, 1, {1});
  record.given_up = {member(2)};
  bench.end_turn();
  ReplicaBench other({1, 1}, 1);
  Record chosen = record_of(2, 5, 1, {1});
  chosen.given_up = {member(2)};
  other.learn(chosen);
  EXPECT_FALSE(other.receive(refusal({1, 9})).stepped_down);
  EXPECT_TRUE(other.replica().leading());
}

// --- a member whose disk went back ---

TEST(WentBack, AMemberThatEndedEarlyIsToldOnceItsLogIsSeenToBeABeginning) {
  ReplicaBench bench({1, 1, 1, 1}, 1);
  bench.recovered.committed = Position{1, 4};
  bench.learn(record_of(2, 5, 1, {1, 2, 3}));
  bench.make_durable();
  bench.hello(2, 2, 4, 1);
  bench.hello(3, 2, 2, 1);
  bench.end_turn();
  EXPECT_THAT(sent(bench.ack(2, 2, 5), MessageType::kWentBack), IsEmpty());
  EXPECT_THAT(sent(bench.ack(3, 2, 1), MessageType::kWentBack), IsEmpty())
      << "what is behind may go another way";
  const auto told = sent(bench.ack(3, 2, 3), MessageType::kWentBack);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_EQ(told[0].to, 3U);
  bench.now += bench.options.lease_ns;
  const Effects turn = bench.end_turn();
  ASSERT_TRUE(turn.swap);
  EXPECT_THAT(turn.swap->record.in_sync, ElementsAre(member(1), member(2)));
  bench.step(SwapDone{5, true});
  bench.make_durable();
  bench.ack(2, 2, 6);
  bench.ack(3, 2, 6);
  EXPECT_FALSE(bench.end_turn().swap) << "and it does not come back in this life";
}

TEST(WentBack, AMemberGetsNoLeaseBeforeItsLogIsSeenToHoldWhatIsCommitted) {
  ReplicaBench bench({1, 1}, 1);
  bench.learn(record_of(2, 5, 1, {1, 2}));
  bench.make_durable();
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  bench.ack(2, 2, 3);
  bench.end_turn();
  ASSERT_TRUE(bench.replica().opened());
  // It starts again, on an image of its disk from before.
  Message hello = message_from(2, MessageType::kHello, 2);
  hello.session = 77;
  hello.hint_index = 1;
  hello.hint_epoch = 1;
  bench.receive(hello);
  bench.end_turn();
  Message ack = message_from(2, MessageType::kAppendAck, 2);
  ack.session = 77;
  ack.match = 1;
  ack.sent_ns = bench.now;
  ack.stamp_ns = 1;
  bench.receive(ack);
  bench.now += 50 * kMs;
  for (const Message& m : sent(bench.end_turn(), MessageType::kAppend)) {
    EXPECT_EQ(m.lease_ns, 0) << "it would answer from the end of a log that forgot writes";
  }
}

TEST(WentBack, WhoIsToldByItsLeaderBeginsAnew) {
  ReplicaBench bench({1}, 1);
  bench.read_record(record_of(2, 5, 2, {1, 2}));
  EXPECT_FALSE(bench.receive(went_back(3, 2)).went_back) << "not by anybody else";
  EXPECT_FALSE(bench.receive(went_back(2, 1)).went_back) << "nor of another epoch";
  EXPECT_TRUE(bench.receive(went_back(2, 2)).went_back);
}

// --- the record in the log ---

TEST(RecordInTheLog, TheEntryThatOpensAnEpochNamesTheRecord) {
  ReplicaBench bench({1}, 1);
  const Record record = record_of(2, 5, 1, {1, 2});
  const auto opened = wanted<AppendEntries>(bench.learn(record));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->entries[0].type, wire::EntryType::kOpen);
  EXPECT_EQ(*parse_record(opened->entries[0].payload), record);
}

TEST(RecordInTheLog, AFollowerRemembersWhatItNames) {
  ReplicaBench bench({1}, 1);
  const Record record = record_of(2, 7, 2, {1, 2});
  Message m = message_from(2, MessageType::kAppend, 2);
  m.prev_index = 1;
  m.prev_epoch = 1;
  m.entries = {open_entry(2, 2, record)};
  bench.receive(m);
  EXPECT_EQ(memory_of(bench).record, record);
}

TEST(RecordInTheLog, AnOlderRecordIsNotBelievedAfterwards) {
  ReplicaBench bench({1}, 3);
  bench.recovered.record = record_of(3, 9, 2, {1, 2});
  bench.read_record(record_of(2, 5, 2, {1, 2, 3}));
  EXPECT_EQ(memory_of(bench).record->version, 9U);
}

TEST(RecordInTheLog, OneThatWasPutBackHasALowerVersionInALaterEpoch) {
  ReplicaBench bench({1}, 1);
  bench.read_record(record_of(2, 9, 2, {1, 2}));
  bench.read_record(record_of(3, 5, 2, {1, 2}));
  EXPECT_EQ(bench.replica().epoch(), 3U);
  EXPECT_EQ(bench.replica().record()->version, 5U);
}

TEST(Memory, TellsWhereTheEpochsOfTheLogEnd) {
  ReplicaBench bench({1, 1, 2, 5, 5, 5}, 5);
  bench.recovered.committed = Position{2, 3};
  const Memory memory = memory_of(bench);
  EXPECT_THAT(memory.ends, ElementsAre(Position{1, 2}, Position{2, 3}, Position{5, 6}));
  EXPECT_EQ(memory.committed, (Position{2, 3}));
  EXPECT_FALSE(memory.caught_up);
  EXPECT_TRUE(holds(memory.ends, {2, 3}));
  EXPECT_TRUE(holds(memory.ends, {5, 4}));
  EXPECT_FALSE(holds(memory.ends, {2, 4})) << "another epoch's entry is there";
  EXPECT_FALSE(holds(memory.ends, {5, 7}));
  EXPECT_TRUE(holds(memory.ends, {}));
}

TEST(Memory, SurvivesItsEncoding) {
  Message m = message_from(2, MessageType::kMemory, 3);
  m.question = 5;
  m.state.promise = 3;
  m.memory.committed = {2, 8};
  m.memory.caught_up = true;
  m.memory.ends = {{1, 4}, {2, 9}};
  m.memory.record = record_of(3, 7, 1, {1, 2});
  m.memory.record->given_up = {member(4)};
  std::string bytes;
  encode(m, bytes);
  Message read;
  ASSERT_TRUE(decode(bytes, read));
  EXPECT_EQ(read.memory, m.memory);
  EXPECT_EQ(read.state.promise, 3U);
}

}  // namespace
}  // namespace tandem::repl
