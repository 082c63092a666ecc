#include "repl/controller.h"

#include <utility>

#include "controller_fixture.h"

namespace tandem::repl {
namespace {

TEST_F(ControllerTest, ADeadLeaderIsReplacedByTheOneThatIsPreferred) {
  kill(1);
  EXPECT_FALSE(out.read_record);  // the record as it is known will do
  answer(3);
  EXPECT_FALSE(out.swap);  // the second one may be preferred
  answer(2);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 12u);
  EXPECT_EQ(out.swap->record.epoch, 5u);
  EXPECT_EQ(out.swap->record.leader, 2u);
  EXPECT_EQ(out.swap->record.in_sync, record.in_sync);  // only the leader changes the set

  controller.swap_done(12, true, now, out);
  EXPECT_TRUE(said(MessageType::kAnnounce, 2));
  EXPECT_TRUE(said(MessageType::kAnnounce, 3));
  EXPECT_TRUE(said(MessageType::kSessionDown, 2));
  EXPECT_FALSE(controller.leader_open());
  answer(2, [](ReplicaState& s) { s.leading = s.opened = true; });
  EXPECT_TRUE(controller.leader_open());
  EXPECT_FALSE(controller.electing());
}

class LeaderWithoutSpace : public ControllerTest, public testing::WithParamInterface<bool> {};

// Whose engine is gone is told apart from whose disk is full.
TEST_P(LeaderWithoutSpace, IsReplacedAndTheReasonIsTold) {
  tick(10);
  answer(2);
  answer(1, [](ReplicaState& s) {
    s.leading = s.opened = true;
    s.has_space = false;
    s.able = GetParam();
  });
  tick();
  ASSERT_FALSE(out.notices.empty());
  const std::string why = GetParam() ? "the leader's disk is full" : "can neither apply nor read";
  EXPECT_NE(out.notices.front().find(why), std::string::npos) << out.notices.front();
}

INSTANTIATE_TEST_SUITE_P(Able, LeaderWithoutSpace, testing::Bool());

TEST_F(ControllerTest, OneThatCutATornTailIsTakenOnlyWhereNobodyElseIs) {
  kill(1);
  answer(2, [](ReplicaState& s) { s.cut_tail = true; });
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(ControllerTest, ASilentMemberIsWaitedForAndThenLeftOut) {
  kill(1);
  answer(3);
  tick(49);
  EXPECT_FALSE(out.swap);
  tick(2);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(ControllerTest, ADeadMemberIsNotWaitedFor) {
  kill(2);
  kill(1);
  answer(3);
  EXPECT_TRUE(out.swap);
}

TEST_F(ControllerTest, NobodyIsChosenWhereAllAreDeadUntilOneIsBack) {
  for (ReplicaId id = 1; id <= 3; ++id) kill(id);
  tick(300);
  EXPECT_FALSE(out.swap);
  // A new session on the same disk.
  controller.replica_up(member(1), 2001, now);
  for (int i = 0; i < 2000 && !out.swap; ++i) {
    tick(1);
    if (out.read_record) {
      out.read_record = false;
      controller.record_read(record, now, out);
    }
    Message m;
    m.type = MessageType::kMemory;
    m.from = 1;
    m.storage_id = member(1).storage_id;
    m.session = 2001;
    m.question = question_to(1);
    m.state.promise = record.epoch;
    controller.state_answered(m, now, out);
  }
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 1u);
  EXPECT_GT(out.swap->record.epoch, 4u);
}

TEST_F(ControllerTest, ALeaderThatCameBackIsNotWaitedFor) {
  controller.replica_up(member(1), 2001, now);
  tick();
  Message m;
  m.type = MessageType::kMemory;
  m.from = 1;
  m.storage_id = member(1).storage_id;
  m.session = 2001;
  m.question = question_to(1);
  m.state.promise = record.epoch;
  controller.state_answered(m, now, out);
  tick();
  EXPECT_TRUE(controller.electing());
}

TEST_F(ControllerTest, AttemptsThatFindNobodyAreFewAndSoonNotTold) {
  // All are silent, for example stopped.
  size_t told = 0;
  size_t reads = 0;
  for (int i = 0; i < 10'000; ++i) {
    out = {};
    tick(1);
    told += out.notices.size();
    if (!out.read_record) continue;
    ++reads;
    controller.record_read(record, now, out);
  }
  EXPECT_GE(reads, 30u);
  EXPECT_LE(reads, 50u);
  EXPECT_LE(told, 14u);
}

TEST_F(ControllerTest, AReplicaWithAnotherDiskIsNoCandidate) {
  kill(1);
  kill(2);
  kill(3);
  controller.replica_up(Member{2, 999}, 2002, now);
  out = {};
  for (int i = 0; i < 100; ++i) tick(10);
  EXPECT_FALSE(out.swap);
}

TEST_F(ControllerTest, ARefusedSwapReadsTheRecordAndFollowsTheOneThatWasChosen) {
  kill(1);
  answer(2);
  answer(3);
  ASSERT_TRUE(out.swap);
  out = {};
  controller.swap_done(12, false, now, out);
  EXPECT_TRUE(out.read_record);
  record.epoch = 5;
  record.version = 13;
  record.leader = 3;
  controller.record_read(record, now, out);
  tick(100);
  EXPECT_FALSE(out.swap);  // that one has its time to open
  EXPECT_FALSE(controller.electing());
}

TEST_F(ControllerTest, ARefusedSwapIsTriedOnTheNewVersionWhereOnlyTheSetHasChanged) {
  kill(1);
  answer(2);
  answer(3);
  out = {};
  controller.swap_done(12, false, now, out);
  record.version = 13;
  record.in_sync.pop_back();
  controller.record_read(record, now, out);
  answer(2);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 13u);
}

// Another controller has chosen while this one was stopped: it learns of the death first.
class FailingSwaps : public ControllerTest {
 protected:
  // For so long: each swap fails within 1 ms, all reads go well and everybody answers. Counts swaps.
  size_t fail_for(int64_t ms) {
    size_t swaps = 0;
    for (const int64_t end = now + ms * kMs; now < end;) {
      const bool is_swap = out.swap.has_value();
      if (is_swap) fail_swap();
      swaps += is_swap ? 1 : 0;
      told += out.notices.size();
      if (std::exchange(out.read_record, false)) controller.record_read(record, now, out);
      for (const ReplicaId id : {2U, 3U}) {
        if (question_to(id) != 0) answer(id);
      }
      out.messages.clear();
      out.notices.clear();
      if (out.swap || out.read_record) continue;
      sleep();
    }
    return swaps;
  }
  void fail_swap() {
    now += kMs;
    const uint64_t expected = std::exchange(out.swap, std::nullopt)->expected_version;
    controller.swap_done(expected, false, now, out);
  }
  // As its owner does.
  void sleep() {
    now = std::max(now + kMs, controller.next_tick_ns(now));
    controller.tick(now, out);
    ++ticks;
  }

  size_t told = 0;
  size_t ticks = 0;
};

TEST_F(FailingSwaps, AreTriedAgainLessAndLessAndSoonNotTold) {
  kill(1);
  EXPECT_EQ(fail_for(150), 3u) << "the first failures go on at once";
  EXPECT_EQ(fail_for(6'200), 5u) << "after 200 ms, 400 ms … 3.2 s";
  EXPECT_EQ(fail_for(50'000), 10u) << "at most 5 s";
  EXPECT_LE(told, 14u);
  EXPECT_LT(ticks, 2000u);
}

TEST_F(FailingSwaps, ARecordThatHasChangedIsAnotherMatter) {
  kill(1);
  EXPECT_EQ(fail_for(10'000), 8u);
  record.version = 13;
  record.in_sync.erase(record.in_sync.begin());
  controller.record_read(record, now, out);
  EXPECT_EQ(fail_for(150), 3u);
}

TEST_F(ControllerTest, ALeaderThatIsChosenDuringAnElectionHasItsTimeToOpen) {
  kill(1);
  record.epoch = 5;
  record.version = 13;
  record.leader = 3;
  controller.record_read(record, now, out);
  answer(2);  // the new leader is slower
  tick(60);
  answer(3, [](ReplicaState& s) { s.leading = s.opened = true; });
  tick(100);
  EXPECT_FALSE(out.swap);
  EXPECT_FALSE(controller.electing());
}

TEST_F(ControllerTest, ARefusedSwapFollowsALeaderThatIsKnownAlready) {
  kill(1);
  answer(2);
  answer(3);
  record.epoch = 5;
  record.version = 13;
  record.leader = 3;
  controller.record_read(record, now, out);
  out = {};
  controller.swap_done(12, false, now, out);
  EXPECT_FALSE(controller.electing());
  tick(100);
  EXPECT_FALSE(out.swap);
}

TEST_F(ControllerTest, ALeaderThatIsChosenInPlaceOfOneThatDoesNotOpenHasItsTimeToo) {
  kill(1);
  answer(2);
  answer(3);
  controller.swap_done(12, true, now, out);
  for (int i = 0; i < 19; ++i) tick(10);
  record.epoch = 6;
  record.version = 14;
  record.leader = 3;
  controller.record_read(record, now, out);
  out = {};
  tick(100);
  EXPECT_FALSE(out.read_record);
  EXPECT_FALSE(controller.electing());
}

TEST_F(ControllerTest, AChosenLeaderThatDiesIsSkipped) {
  kill(1);
  answer(2);
  answer(3);
  controller.swap_done(12, true, now, out);
  out = {};
  kill(2);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
  EXPECT_EQ(out.swap->record.epoch, 6u);
}

TEST_F(ControllerTest, AnAnswerOfAnEarlierSessionCountsForNothing) {
  kill(1);
  Message m;
  m.type = MessageType::kMemory;
  m.from = 2;
  m.storage_id = member(2).storage_id;
  m.session = 5;
  m.question = question_to(2);
  controller.state_answered(m, now, out);
  answer(3);
  EXPECT_FALSE(out.swap);
}

TEST_F(ControllerTest, APassiveOneFollowsAndElectsNobody) {
  controller.set_active(false);
  tick(60);
  EXPECT_NE(question_to(1), 0u);  // it knows who leads
  kill(1);
  for (int i = 0; i < 100; ++i) tick(10);
  EXPECT_FALSE(out.swap);
}

TEST_F(ControllerTest, TheLeaderIsToldOfADeadFollower) {
  kill(3);
  EXPECT_TRUE(said(MessageType::kSessionDown, 1));
  EXPECT_FALSE(controller.electing());
}

TEST_F(ControllerTest, AnElectionDoesNotWaitForALeaderThatIsKnownToBeSilent) {
  const int64_t last = now;
  int64_t swapped = 0;
  for (int ms = 0; ms < 1000 && swapped == 0; ms += 5) {
    out = {};
    tick(5);
    if (out.read_record) {
      out.read_record = false;
      controller.record_read(record, now, out);
    }
    answer(2);
    answer(3);
    if (out.swap) swapped = now;
  }
  ASSERT_NE(swapped, 0);
  EXPECT_LE(swapped - last, 430 * kMs);
}

TEST_F(ControllerTest, OneThatWasStoppedItselfTakesNobodyForSilent) {
  tick(10'000);
  EXPECT_FALSE(out.read_record);
  answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
  for (int i = 0; i < 30; ++i) tick(10);
  EXPECT_FALSE(out.read_record);
  for (int i = 0; i < 30; ++i) tick(10);
  EXPECT_TRUE(out.read_record);
}

// --- an overloaded machine ---

TEST_F(ControllerTest, ALeaderThatAnswersAsLateAsBeforeIsWell) {
  const auto answer_after = [this](int ms) {
    for (int i = 0; i < ms / 10; ++i) tick(10);
    answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
  };
  for (int i = 0; i < 3; ++i) answer_after(350);
  for (int i = 0; i < 100; ++i) tick(10);
  EXPECT_FALSE(out.read_record);
  for (int i = 0; i < 10; ++i) tick(10);
  EXPECT_TRUE(out.read_record);
}

TEST_F(ControllerTest, ASlowOneThatIsChosenHasMoreTimeToLead) {
  for (int i = 0; i < 25; ++i) tick(10);
  answer(2);  // after 250 ms
  kill(1);
  kill(3);
  answer(2);
  ASSERT_TRUE(out.swap);
  record = out.swap->record;
  controller.swap_done(12, true, now, out);
  out = {};
  for (int i = 0; i < 70; ++i) tick(10);
  EXPECT_FALSE(out.read_record);
  for (int i = 0; i < 15; ++i) tick(10);
  EXPECT_TRUE(out.read_record) << "it has failed to open";
}

TEST_F(ControllerTest, AnElectionWaitsLongerWhereNobodyHasAnsweredYet) {
  kill(1);
  for (int i = 0; i < 12; ++i) tick(10);
  EXPECT_TRUE(controller.electing());
  answer(3);
  ASSERT_TRUE(out.swap) << "the other had its time";
  EXPECT_EQ(out.swap->record.leader, 3U);
}

TEST_F(ControllerTest, ALeaderThatIsCutOffIsReplacedWhereEnoughOthersAreHeard) {
  const auto cut_off = [](ReplicaState& s) { s.leading = s.opened = s.cut_off = true; };
  answer(1, cut_off);
  tick(200);  // 2 and 3 are quiet: it may be this controller that hears them no more
  EXPECT_FALSE(out.read_record);
  answer(2);
  answer(3);
  answer(1, cut_off);
  tick();
  read();
  answer(1, cut_off);
  answer(2);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

TEST_F(ControllerTest, OneOutsideTheSetHelpsToGoOnWithoutALeaderThatIsCutOff) {
  record.version += 1;
  record.in_sync.pop_back();
  record.min_in_sync = 2;
  controller.record_read(record, now, out);
  answer(2);
  answer(3);
  answer(1, [](ReplicaState& s) { s.leading = s.opened = s.cut_off = true; });
  tick();
  EXPECT_TRUE(out.read_record);
}

}  // namespace
}  // namespace tandem::repl
