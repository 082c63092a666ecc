#include "repl/leader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repl/replica_bench.h"

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// Replica 1 leads epoch 2; its log had two entries of epoch 1, the third opens the epoch.
struct LeaderTest : testing::Test {
  LeaderTest() : bench({1, 1}, 1) {}

  void lead(const std::vector<ReplicaId>& in_sync, uint32_t min_in_sync = 1) {
    bench.learn(record_of(2, 5, 1, in_sync, min_in_sync));
    bench.make_durable();
  }
  // The replica says hello and has everything: its acknowledgement of `match` counts.
  void join_in(ReplicaId id, Index match) {
    bench.hello(id, 2, match, 2);
    bench.end_turn();
    bench.ack(id, 2, match);
  }
  Effects propose(const std::string& key = "k", int64_t wall_ms = 5000) {
    return bench.step(Propose{wall_ms, key, "{}"});
  }
  Index commit() {
    bench.end_turn();
    return bench.replica().commit();
  }
  // A controller is there: this leader is not cut off from everybody.
  void be_asked() { bench.receive(message_from(kController, MessageType::kQueryState, 2)); }
  Effects session_down(ReplicaId subject, bool proven, uint64_t session) {
    Message m = message_from(kController, MessageType::kSessionDown, 2);
    m.subject = subject;
    m.subject_session = session;
    m.proven = proven;
    return bench.receive(m);
  }
  // Every replica answers what it got, and time passes.
  void live_on(const std::vector<ReplicaId>& ids, int64_t for_ns) {
    for (int64_t done = 0; done < for_ns; done += 20 * kMs) {
      bench.tick(20 * kMs);
      bench.end_turn();
      for (const ReplicaId id : ids) bench.ack(id, 2, bench.replica().last_index());
    }
  }

  ReplicaBench bench;
};

// --- commit ---

TEST_F(LeaderTest, AloneCommitsWhatIsDurableHere) {
  bench.learn(record_of(2, 5, 1, {1}));
  EXPECT_EQ(commit(), 0U);
  bench.make_durable();
  EXPECT_EQ(commit(), 3U);
  EXPECT_TRUE(bench.replica().opened());
  propose();
  EXPECT_EQ(commit(), 3U) << "not durable yet";
  bench.make_durable();
  EXPECT_EQ(commit(), 4U);
}

TEST_F(LeaderTest, NeedsEveryMemberOfTheSet) {
  lead({1, 2, 3});
  join_in(2, 3);
  EXPECT_EQ(commit(), 0U);
  join_in(3, 3);
  EXPECT_EQ(commit(), 3U);
}

TEST_F(LeaderTest, NeedsItsOwnDiskToo) {
  lead({1, 2});
  join_in(2, 3);
  propose();
  bench.ack(2, 2, 4);
  EXPECT_EQ(commit(), 3U);
  bench.make_durable();
  EXPECT_EQ(commit(), 4U);
}

TEST_F(LeaderTest, CommitsNothingBeforeTheEntryThatOpensItsEpoch) {
  lead({1, 2});
  join_in(2, 2);
  EXPECT_EQ(commit(), 0U);
  bench.ack(2, 2, 3);
  EXPECT_EQ(commit(), 3U);
}

TEST_F(LeaderTest, AnAcknowledgementCountsInItsEpochSessionAndDiskOnly) {
  lead({1, 2});
  bench.hello(2, 2, 2, 1);
  bench.ack(2, 1, 3);
  EXPECT_EQ(commit(), 0U) << "of an earlier epoch";
  Message m = message_from(2, MessageType::kAppendAck, 2);
  m.match = 3;
  m.session = 9;
  bench.receive(m);
  EXPECT_EQ(commit(), 0U) << "of another session";
  m = message_from(2, MessageType::kAppendAck, 2);
  m.match = 3;
  m.storage_id = 9;
  bench.receive(m);
  EXPECT_EQ(commit(), 0U) << "of another disk";
  bench.ack(2, 2, 3);
  EXPECT_EQ(commit(), 3U);
}

TEST_F(LeaderTest, AWipedMemberDoesNotCountForTheOldOne) {
  lead({1, 2}, 2);
  Message hello = message_from(2, MessageType::kHello, 2);
  hello.storage_id = 9;
  bench.receive(hello);
  Message ack = message_from(2, MessageType::kAppendAck, 2);
  ack.storage_id = 9;
  ack.match = 3;
  bench.receive(ack);
  bench.end_turn();
  EXPECT_EQ(bench.replica().commit(), 0U);
}

TEST_F(LeaderTest, ASessionThatBeginsStartsFromNothing) {
  lead({1, 2});
  join_in(2, 3);
  Message hello = message_from(2, MessageType::kHello, 2);
  hello.session = 9;
  hello.hint_index = 3;
  hello.hint_epoch = 2;
  bench.receive(hello);
  EXPECT_EQ(bench.replica().peers()[0].match, 0U);
}

TEST(LeaderDeathTest, AnAcknowledgementBeyondTheLogEndsTheProcess) {
  ReplicaBench bench({1}, 1);
  bench.learn(record_of(2, 5, 1, {1, 2}));
  bench.hello(2, 2, 1, 1);
  EXPECT_DEATH(bench.ack(2, 2, 99), "acknowledged beyond the leader's log");
}

TEST_F(LeaderTest, SaysNothingBeforeItsPromiseIsDurable) {
  const Effects effects = bench.learn(record_of(2, 5, 1, {1, 2}));
  Effects turn = bench.hello(2, 2, 2, 1);
  turn = bench.end_turn();
  ASSERT_THAT(sent(turn, MessageType::kAppend), SizeIs(1));
  ASSERT_TRUE(std::holds_alternative<SavePromise>(effects.persists[0].what));
  EXPECT_EQ(turn.sends[0].after, effects.persists[0].ticket);
  EXPECT_FALSE(turn.swap);
}

// --- set changes ---

TEST_F(LeaderTest, ALearnerJoinsOnceItHasTheEpochsFirstEntryAndTheCommitIndex) {
  lead({1});
  EXPECT_EQ(commit(), 3U);
  propose();
  bench.make_durable();
  EXPECT_EQ(commit(), 4U);
  bench.hello(2, 2, 2, 1);
  bench.end_turn();
  bench.ack(2, 2, 3);
  EXPECT_FALSE(bench.end_turn().swap);
  bench.ack(2, 2, 4);
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_EQ(effects.swap->expected_version, 5U);
  EXPECT_EQ(effects.swap->record, record_of(2, 6, 1, {1, 2}));
}

TEST_F(LeaderTest, ALearnerCountsFromTheMomentTheSwapIsSent) {
  lead({1});
  join_in(2, 3);
  ASSERT_TRUE(bench.end_turn().swap);
  propose();
  bench.make_durable();
  EXPECT_EQ(commit(), 3U) << "the set may be {1,2} already";
  bench.ack(2, 2, 4);
  EXPECT_EQ(commit(), 4U);
}

TEST_F(LeaderTest, AMemberThatLeavesCountsUntilTheSwapIsKnownToHaveWorked) {
  lead({1, 2});
  join_in(2, 3);
  propose();
  bench.make_durable();
  bench.pass(500 * kMs);
  be_asked();
  ASSERT_TRUE(bench.end_turn().swap);
  EXPECT_EQ(commit(), 3U);
  const Effects named = bench.step(SwapDone{5, true});
  EXPECT_EQ(commit(), 3U) << "the entry that names the new set comes first";
  ASSERT_TRUE(wanted<AppendEntries>(named));
  EXPECT_EQ(wanted<AppendEntries>(named)->entries[0].payload, to_text(record_of(2, 6, 1, {1})));
  bench.make_durable();
  EXPECT_EQ(commit(), 5U);
}

TEST_F(LeaderTest, AnUnknownOutcomeSettlesOnlyByALaterVersion) {
  lead({1, 2});
  join_in(2, 3);
  propose();
  bench.make_durable();
  bench.pass(500 * kMs);
  be_asked();
  ASSERT_TRUE(bench.end_turn().swap);
  EXPECT_TRUE(bench.step(SwapDone{5, false}).read_record);
  bench.learn(record_of(2, 5, 1, {1, 2}));
  EXPECT_EQ(commit(), 3U) << "the old version settles nothing";
  EXPECT_FALSE(bench.end_turn().swap) << "and no other swap is sent";
  const Effects retry = bench.tick(60 * kMs);
  ASSERT_TRUE(retry.swap);
  EXPECT_EQ(retry.swap->expected_version, 5U);
  EXPECT_TRUE(bench.step(SwapDone{5, false}).read_record) << "a no to a repetition neither";
  EXPECT_EQ(commit(), 3U);
  bench.learn(record_of(2, 6, 1, {1}));
  bench.make_durable();
  EXPECT_EQ(commit(), 5U);
}

TEST_F(LeaderTest, ReadsAgainWhereTheReadThatSettlesASwapFailed) {
  lead({1});
  join_in(2, 3);
  ASSERT_TRUE(bench.end_turn().swap);
  bench.step(SwapDone{5, false});
  EXPECT_FALSE(bench.tick(100 * kMs).read_record);
  EXPECT_TRUE(bench.tick(150 * kMs).read_record);
  EXPECT_TRUE(bench.tick(250 * kMs).read_record);
}

TEST_F(LeaderTest, TheOutcomeOfAnEarlierSwapSaysNothingOfThisOne) {
  lead({1, 2});
  join_in(2, 3);
  join_in(3, 3);
  ASSERT_TRUE(bench.end_turn().swap);
  bench.step(SwapDone{4, true});
  EXPECT_EQ(bench.replica().record()->version, 5U);
}

TEST_F(LeaderTest, ASilentMemberLeaves) {
  lead({1, 2, 3});
  join_in(2, 3);
  join_in(3, 3);
  live_on({2}, 380 * kMs);
  EXPECT_FALSE(bench.end_turn().swap);
  live_on({2}, 40 * kMs);
  EXPECT_EQ(bench.replica().peers()[1].id, 3U);
  bench.step(SwapDone{5, true});
  EXPECT_EQ(bench.replica().record()->in_sync, (std::vector<Member>{member(1), member(2)}));
}

TEST_F(LeaderTest, AMemberWhoseDiskStandsStillLeaves) {
  lead({1, 2});
  join_in(2, 3);
  propose();
  bench.make_durable();
  std::optional<Swap> swap;
  for (int i = 0; i < 27 && !swap; ++i) {
    bench.tick(20 * kMs);
    swap = bench.end_turn().swap;
    bench.ack(2, 2, 3);  // it answers, but nothing new is durable there
  }
  ASSERT_TRUE(swap);
  EXPECT_THAT(swap->record.in_sync, ElementsAre(member(1)));
}

TEST_F(LeaderTest, AMemberThatLeftForItsSlownessComesBackNoSoonerThanALittleLater) {
  lead({1, 2});
  join_in(2, 3);
  bench.pass(500 * kMs);
  be_asked();
  ASSERT_TRUE(bench.end_turn().swap);
  bench.step(SwapDone{5, true});
  join_in(2, 3);
  EXPECT_FALSE(bench.end_turn().swap);
  live_on({2}, 900 * kMs);
  EXPECT_EQ(bench.replica().record()->version, 6U);
  live_on({2}, 140 * kMs);
  bench.step(SwapDone{6, true});
  EXPECT_EQ(bench.replica().record()->version, 7U);
}

TEST_F(LeaderTest, AProvenDeathIsNotWaitedFor) {
  lead({1, 2, 3});
  join_in(2, 3);
  join_in(3, 3);
  session_down(3, true, session_of(3));
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_THAT(effects.swap->record.in_sync, ElementsAre(member(1), member(2)));
  for (const Send& send : effects.sends) EXPECT_NE(send.message.to, 3U) << "it is sent nothing";
}

TEST_F(LeaderTest, TheDeathOfAnEarlierSessionIsNoNews) {
  lead({1, 2, 3});
  join_in(2, 3);
  join_in(3, 3);
  session_down(3, true, 9);
  EXPECT_FALSE(bench.end_turn().swap);
}

TEST_F(LeaderTest, SuspicionCountsOnlyForAMemberThatHasNotSpokenInThisEpoch) {
  lead({1, 2, 3});
  join_in(2, 3);
  session_down(2, false, 0);
  EXPECT_FALSE(bench.end_turn().swap);
  session_down(3, false, 0);
  EXPECT_FALSE(bench.end_turn().swap) << "it may hold a lease of the leader before";
  bench.now += bench.options.lease_ns;
  EXPECT_TRUE(bench.end_turn().swap);
}

TEST_F(LeaderTest, TheSetNeverGoesBelowItsMinimum) {
  lead({1, 2, 3}, 2);
  bench.pass(500 * kMs);
  be_asked();
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_THAT(effects.swap->record.in_sync, SizeIs(2));
  bench.step(SwapDone{5, true});
  EXPECT_FALSE(bench.end_turn().swap);
}

TEST_F(LeaderTest, AFullSetAtItsMinimumTakesALearnerForAMemberThatIsGone) {
  bench.options.max_in_sync = 2;
  lead({1, 2}, 2);
  join_in(3, 3);
  EXPECT_FALSE(bench.end_turn().swap) << "2 may come yet";
  session_down(2, true, 0);
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_THAT(effects.swap->record.in_sync, ElementsAre(member(1), member(3)));
}

TEST_F(LeaderTest, AWipedReplicaTakesThePlaceOfItsOldSelf) {
  lead({1, 2}, 2);
  Message hello = message_from(2, MessageType::kHello, 2);
  hello.storage_id = 9;
  bench.receive(hello);
  Message ack = message_from(2, MessageType::kAppendAck, 2);
  ack.storage_id = 9;
  ack.match = 3;
  bench.receive(ack);
  EXPECT_FALSE(bench.end_turn().swap) << "its old self may hold a lease of the leader before";
  bench.now += bench.options.lease_ns;
  const Effects effects = bench.end_turn();
  ASSERT_TRUE(effects.swap);
  EXPECT_THAT(effects.swap->record.in_sync, ElementsAre(member(1), Member{2, 9}));
}

TEST_F(LeaderTest, AFullSetTakesNobody) {
  lead({1, 2, 3});
  join_in(2, 3);
  join_in(3, 3);
  join_in(4, 3);
  EXPECT_FALSE(bench.end_turn().swap);
}

TEST_F(LeaderTest, AMemberThatIsAskedToLeaveLeavesAndStaysOut) {
  lead({1, 2, 3});
  join_in(2, 3);
  join_in(3, 3);
  Message m = message_from(kController, MessageType::kRemoveMember, 2);
  m.subject = 3;
  bench.receive(m);
  ASSERT_TRUE(bench.end_turn().swap);
  bench.step(SwapDone{5, true});
  live_on({2, 3}, 1500 * kMs);
  EXPECT_EQ(bench.replica().record()->version, 6U);
  EXPECT_FALSE(bench.end_turn().swap);
  // The controller that asked for it is gone: nobody repeats it, and the member is wanted again.
  live_on({2, 3}, 3400 * kMs);
  bench.receive(m);
  live_on({2, 3}, 4900 * kMs);
  EXPECT_FALSE(bench.end_turn().swap) << "asked for again meanwhile";
  bench.tick(200 * kMs);
  bench.ack(3, 2, bench.replica().last_index());
  EXPECT_TRUE(bench.end_turn().swap);
}

TEST_F(LeaderTest, ALeaderIsNotTakenOutOfItsOwnSet) {
  lead({1, 2});
  join_in(2, 3);
  Message m = message_from(kController, MessageType::kRemoveMember, 2);
  m.subject = 1;
  bench.receive(m);
  EXPECT_FALSE(bench.end_turn().swap);
}

TEST_F(LeaderTest, KeepsTheLogThatAMemberStillHasToGet) {
  lead({1, 2});
  EXPECT_EQ(bench.replica().pinned_index(), 0U);
  join_in(2, 3);
  commit();
  EXPECT_EQ(bench.replica().pinned_index(), 3U);
}

// --- replication ---

TEST_F(LeaderTest, TellsAReplicaOfAnEarlierEpochAboutTheRecord) {
  lead({1, 2});
  const Effects effects = bench.hello(2, 1, 2, 1);
  ASSERT_THAT(sent(effects, MessageType::kAnnounce), SizeIs(1));
  EXPECT_EQ(effects.sends[0].message.record->epoch, 2U);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), IsEmpty());
}

TEST_F(LeaderTest, AnnouncesItselfToMembersThatSayNothing) {
  lead({1, 2});
  EXPECT_THAT(sent(bench.tick(60 * kMs), MessageType::kAnnounce), SizeIs(1));
  bench.hello(2, 2, 2, 1);
  EXPECT_THAT(sent(bench.tick(60 * kMs), MessageType::kAnnounce), IsEmpty());
}

TEST_F(LeaderTest, ProbesOneAppendAtATimeThenSendsAhead) {
  bench.options.append_bytes = 1;
  lead({1, 2});
  bench.hello(2, 2, 1, 1);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), SizeIs(1));
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), IsEmpty());
  bench.ack(2, 2, 2);
  propose();
  const auto appends = sent(bench.end_turn(), MessageType::kAppend);
  ASSERT_THAT(appends, SizeIs(2));
  EXPECT_EQ(appends[0].prev_index, 2U);
  EXPECT_EQ(appends[1].prev_index, 3U);
  EXPECT_EQ(appends[1].prev_epoch, 2U);
}

TEST_F(LeaderTest, SendsNoMoreAheadThanTheLimit) {
  bench.options.append_bytes = 1;
  bench.options.in_flight_bytes = 1;
  lead({1, 2});
  join_in(2, 3);
  for (int i = 0; i < 5; ++i) propose();
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), SizeIs(1));
  bench.ack(2, 2, 4);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), SizeIs(1));
}

TEST_F(LeaderTest, SendsHeartbeatsAndTheCommitIndexAtOnce) {
  lead({1, 2});
  join_in(2, 3);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), SizeIs(1)) << "the commit index";
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), IsEmpty());
  bench.tick(60 * kMs);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kAppend), SizeIs(1));
}

// Sends what the leader probes with to a follower's log and back until they agree.
TEST_F(LeaderTest, FindsWhereDivergedLogsAgree) {
  bench.log.entries.clear();
  for (const Epoch epoch : {1U, 1U, 1U, 4U, 4U, 6U, 6U}) {
    bench.log.entries.push_back(entry_at(bench.log.last_index() + 1, epoch));
  }
  bench.recovered.promise = 6;
  bench.learn(record_of(7, 9, 1, {1, 2}));
  bench.make_durable();
  ReplicaBench follower({1, 1, 1, 2, 2, 3, 3, 3, 5}, 7);
  bench.hello(2, 7, 9, 5);
  for (int round = 0; round < 20 && follower.log.epochs() != bench.log.epochs(); ++round) {
    bench.now += 60 * kMs;
    for (Message m : sent(bench.end_turn(), MessageType::kAppend)) {
      m.from = 2;  // the bench's follower is replica 1 as well: it takes this for its leader 2
      m.session = session_of(2);
      const Effects effects = follower.receive(m);
      for (Message reject : sent(effects, MessageType::kAppendReject)) {
        reject.from = 2;
        reject.storage_id = member(2).storage_id;
        reject.session = session_of(2);
        bench.receive(reject);
      }
    }
  }
  EXPECT_EQ(follower.log.epochs(), bench.log.epochs());
}

TEST_F(LeaderTest, ALateRefusalOfWhatWasAcknowledgedSaysNothing) {
  lead({1, 2});
  join_in(2, 3);
  Message m = message_from(2, MessageType::kAppendReject, 2);
  m.prev_index = 2;
  m.hint_index = 1;
  m.hint_epoch = 1;
  bench.receive(m);
  propose();
  const auto appends = sent(bench.end_turn(), MessageType::kAppend);
  ASSERT_THAT(appends, SizeIs(1));
  EXPECT_EQ(appends[0].prev_index, 3U);
}

// --- snapshots ---

struct LeaderSnapshotTest : LeaderTest {
  LeaderSnapshotTest() {
    bench.log.base = 10;
    bench.log.base_epoch = 1;
    for (wire::Entry& entry : bench.log.entries) entry.index += 10;
    bench.snapshot.at = 10;
    bench.snapshot.at_epoch = 1;
    bench.snapshot.bytes = "abcdef";
    bench.recovered.applied = 10;
    bench.options.chunk_bytes = 4;
    lead({1});
  }
  Effects got(uint64_t offset, Index index = 10) {
    Message m = message_from(2, MessageType::kSnapshotAck, 2);
    m.snapshot_index = index;
    m.offset = offset;
    bench.receive(m);
    return bench.end_turn();
  }
};

TEST_F(LeaderSnapshotTest, SendsASnapshotWhereTheLogBeforeIsGone) {
  bench.hello(2, 2, 4, 1);
  auto chunks = sent(bench.end_turn(), MessageType::kSnapshotChunk);
  ASSERT_THAT(chunks, SizeIs(1));
  EXPECT_EQ(chunks[0].data, "abcd");
  EXPECT_EQ(chunks[0].total_bytes, 6U);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kSnapshotChunk), IsEmpty());
  chunks = sent(got(4), MessageType::kSnapshotChunk);
  ASSERT_THAT(chunks, SizeIs(1));
  EXPECT_EQ(chunks[0].offset, 4U);
  EXPECT_EQ(chunks[0].data, "ef");
  EXPECT_THAT(sent(got(6), MessageType::kSnapshotChunk), IsEmpty()) << "it is being installed";
  bench.ack(2, 2, 10);
  const auto appends = sent(bench.end_turn(), MessageType::kAppend);
  ASSERT_THAT(appends, SizeIs(1));
  EXPECT_EQ(appends[0].prev_index, 10U);
  EXPECT_THAT(appends[0].entries, SizeIs(3));
}

TEST_F(LeaderSnapshotTest, ALostPieceIsSentAgain) {
  bench.hello(2, 2, 4, 1);
  bench.end_turn();
  bench.tick(60 * kMs);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kSnapshotChunk), SizeIs(1));
}

TEST_F(LeaderSnapshotTest, ANewerSnapshotStartsOver) {
  bench.hello(2, 2, 4, 1);
  bench.end_turn();
  bench.snapshot.at = 11;
  const auto chunks = sent(got(4), MessageType::kSnapshotChunk);
  ASSERT_THAT(chunks, SizeIs(1));
  EXPECT_EQ(chunks[0].snapshot_index, 11U);
  EXPECT_EQ(chunks[0].offset, 0U);
}

TEST_F(LeaderSnapshotTest, LogsThatDifferWhereOursBeginsNeedASnapshot) {
  bench.log.base_epoch = 2;
  for (wire::Entry& entry : bench.log.entries) entry.epoch = 2;
  bench.hello(2, 2, 12, 1);
  auto appends = sent(bench.end_turn(), MessageType::kAppend);
  ASSERT_THAT(appends, SizeIs(1));
  Message m = message_from(2, MessageType::kAppendReject, 2);
  m.prev_index = appends[0].prev_index;
  m.hint_index = appends[0].prev_index;
  m.hint_epoch = 1;
  bench.receive(m);
  EXPECT_THAT(sent(bench.end_turn(), MessageType::kSnapshotChunk), SizeIs(1));
}

}  // namespace
}  // namespace tandem::repl
