// Leadership moved by hand or for space, and the loss of the in-sync set.
#include "controller_fixture.h"

namespace tandem::repl {
namespace {

using Transfer = ControllerTest;
using Space = ControllerTest;
using Stopped = ControllerTest;

TEST_F(Transfer, TheNamedMemberIsChosenWhateverIsPreferred) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  EXPECT_TRUE(controller.transferring());
  read();
  answer(2);
  EXPECT_FALSE(out.swap);
  answer(3);  // nobody else is waited for
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 12u);
  EXPECT_EQ(out.swap->record.leader, 3u);
  EXPECT_EQ(out.swap->record.epoch, 5u);
  EXPECT_EQ(out.swap->record.in_sync, record.in_sync);
  controller.swap_done(12, true, now, out);
  EXPECT_FALSE(controller.transferring());
  EXPECT_TRUE(said(MessageType::kAnnounce, 1));
  EXPECT_TRUE(said(MessageType::kAnnounce, 3));
}

TEST_F(Transfer, IsRefusedWithTheReason) {
  const auto kind = [&](ReplicaId id) { return controller.transfer(id, now, out).error().kind; };
  EXPECT_EQ(kind(9), ErrorKind::kNotFound);
  EXPECT_EQ(kind(1), ErrorKind::kConflict);  // leads already
  controller.replica_up(Member{4, 104}, 1004, now);
  EXPECT_EQ(kind(4), ErrorKind::kConflict);  // not in sync
  controller.replica_up(Member{2, 999}, 2002, now);
  EXPECT_EQ(kind(2), ErrorKind::kConflict);  // another disk than that of the member
  ASSERT_TRUE(controller.transfer(3, now, out));
  EXPECT_EQ(kind(3), ErrorKind::kUnavailable);  // an election is under way
  controller.set_active(false);
  EXPECT_EQ(kind(3), ErrorKind::kUnavailable);
}

TEST_F(Transfer, IsGivenUpWhereTheMemberDoesNotAnswerAndTheLeaderGoesOn) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  read();
  answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
  answer(2);
  tick(51);
  EXPECT_FALSE(out.swap);
  EXPECT_FALSE(controller.transferring());
  EXPECT_FALSE(controller.electing());
}

TEST_F(Transfer, IsGivenUpWhereTheMemberLeftTheSet) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  record.version = 13;
  record.in_sync.pop_back();
  read();
  tick(51);
  EXPECT_FALSE(out.swap);
  EXPECT_FALSE(controller.electing());
}

TEST_F(Transfer, IsTriedAgainOnTheNewVersionWhereTheSetChangedMeanwhile) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  read();
  answer(3);
  ASSERT_TRUE(out.swap);
  out = {};
  controller.swap_done(12, false, now, out);
  record.version = 13;
  record.in_sync.erase(record.in_sync.begin() + 1);
  read();
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 13u);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(Transfer, GoesOnWhereTheLeaderDiesMeanwhile) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  read();
  kill(1);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(Transfer, AnotherControllersElectionEndsIt) {
  ASSERT_TRUE(controller.transfer(3, now, out));
  record.version = 13;
  record.epoch = 5;
  record.leader = 2;
  read();
  EXPECT_FALSE(controller.transferring());
  EXPECT_FALSE(controller.electing());
}

TEST_F(Space, AMemberWithSpaceIsPreferred) {
  kill(1);
  answer_without_space(2, false);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(Space, WhereNobodyHasSpaceSomebodyLeadsAllTheSame) {
  kill(1);
  answer_without_space(2, false);
  answer_without_space(3, false);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2u);
}

TEST_F(Space, AFullLeaderHandsOverToAMemberWithSpace) {
  tick(50);
  answer_without_space(1, true);
  answer_without_space(2, false);
  answer(3);
  out = {};
  tick();
  read();
  answer_without_space(1, true);
  answer_without_space(2, false);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3u);
}

TEST_F(Space, AFullLeaderStaysWhereNobodyHasMore) {
  tick(50);
  answer_without_space(1, true);
  answer_without_space(2, false);
  answer_without_space(3, false);
  out = {};
  tick();
  EXPECT_FALSE(controller.electing());
}

TEST_F(Space, AHandOverThatFoundNobodyIsNotTriedAgainAtOnce) {
  tick(50);
  answer_without_space(1, true);
  answer(2);
  out = {};
  tick();
  read();
  // By now that one is full as well.
  answer_without_space(1, true);
  answer_without_space(2, false);
  answer_without_space(3, false);
  EXPECT_FALSE(out.swap);
  EXPECT_FALSE(controller.electing());
  int elections = 0;
  for (int i = 0; i < 80; ++i) {
    out = {};
    tick(50);
    answer_without_space(1, true);
    answer(2);
    answer_without_space(3, false);
    if (!out.read_record) continue;
    ++elections;
    read();
    answer_without_space(1, true);
    answer_without_space(2, false);
    answer_without_space(3, false);
  }
  EXPECT_EQ(elections, 1);  // in four seconds
}

TEST_F(Stopped, ALeaderThatIsStoppedIsReplacedWithoutWaitingForIt) {
  tick(150);
  controller.replica_stopped(1, session(1), now);
  answer(2);
  answer(3);
  tick(60);
  read();
  answer(2);
  answer(3);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2u);
  controller.swap_done(12, true, now, out);
  EXPECT_TRUE(said(MessageType::kSessionDown, 2));  // silent, not proven dead
  for (const Message& m : out.messages) EXPECT_FALSE(m.proven);
}

TEST_F(Stopped, ALeaderThatAnswersIsNotStopped) {
  tick(20);
  answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
  controller.replica_stopped(1, session(1), now);
  tick(250);
  EXPECT_FALSE(controller.electing());
  controller.replica_stopped(1, session(1), now);
  answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
  tick();
  EXPECT_FALSE(controller.electing());
}

// Three members of which nobody is left, and two readers outside of the set.
class Loss : public ControllerTest {
 protected:
  Loss() {
    for (ReplicaId id = 1; id <= 3; ++id) kill(id);
    for (ReplicaId id = 4; id <= 5; ++id) controller.replica_up(member(id), session(id), now);
    tick(50);
    reader(4, 3, 70);
    reader(5, 3, 90);
    out = {};
  }
  void reader(ReplicaId id, Epoch epoch, Index index, bool cut_tail = false) {
    answer(id, [&](ReplicaState& s) {
      s.last_epoch = epoch;
      s.last_index = index;
      s.cut_tail = cut_tail;
    });
  }
};

TEST_F(Loss, NobodyIsElectedUntilItIsAccepted) {
  for (int i = 0; i < 100; ++i) {
    tick(10);
    if (std::exchange(out.read_record, false)) controller.record_read(record, now, out);
  }
  EXPECT_FALSE(out.swap);
}

TEST_F(Loss, TheLongestLogOfTheLatestEpochLeadsAlone) {
  const auto chosen = controller.accept_loss({1, 2, 3}, now, out);
  ASSERT_TRUE(chosen);
  EXPECT_EQ(chosen->member.id, 5u);
  EXPECT_EQ(chosen->state.last_index, 90u);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 12u);
  EXPECT_EQ(out.swap->record.lineage, record.lineage);
  EXPECT_EQ(out.swap->record.epoch, 5u);
  EXPECT_EQ(out.swap->record.leader, 5u);
  EXPECT_EQ(out.swap->record.in_sync, std::vector<Member>{member(5)});
  controller.swap_done(12, true, now, out);
  EXPECT_TRUE(said(MessageType::kAnnounce, 5));
}

TEST_F(Loss, ALaterEpochCountsMoreThanALongerLog) {
  reader(4, 4, 71);
  EXPECT_EQ(controller.best_survivor(now)->member.id, 4u);
}

TEST_F(Loss, AmongEqualsTheOneThatCutNoTailIsTaken) {
  reader(4, 3, 90);
  reader(5, 3, 90, true);
  EXPECT_EQ(controller.best_survivor(now)->member.id, 4u);
}

TEST_F(Loss, TheNewEpochIsAboveEveryPromiseOfTheChosen) {
  answer(5, [](ReplicaState& s) {
    s.promise = 8;
    s.last_epoch = 3;
    s.last_index = 90;
  });
  ASSERT_TRUE(controller.accept_loss({1, 2, 3}, now, out));
  EXPECT_EQ(out.swap->record.epoch, 9u);
}

TEST_F(Loss, EveryMemberHasToBeNamed) {
  const auto chosen = controller.accept_loss({1, 3}, now, out);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().kind, ErrorKind::kConflict);
  EXPECT_NE(chosen.error().message.find("1, 2, 3"), std::string::npos);
  EXPECT_FALSE(out.swap);
}

TEST_F(Loss, WhoIsNamedIsAMember) {
  const auto chosen = controller.accept_loss({1, 2, 3, 7}, now, out);
  ASSERT_FALSE(chosen);
  EXPECT_EQ(chosen.error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(chosen.error().message, "replica 7 is not a member of the in-sync set");
  EXPECT_FALSE(out.swap);
}

TEST_F(Loss, NothingIsGivenUpWhileAMemberAnswers) {
  controller.replica_up(member(2), session(2), now);
  tick(50);
  answer(2);
  out = {};
  EXPECT_EQ(controller.accept_loss({1, 2, 3}, now, out).error().kind, ErrorKind::kConflict);
  EXPECT_FALSE(out.swap);
}

// It answers, and can open no epoch without them.
TEST_F(Loss, FewerThanTheSetMustHaveMayBeLeftBehindOnly) {
  record.min_in_sync = 2;
  record.version += 1;
  controller.record_read(record, now, out);
  while (controller.electing()) tick(10);
  controller.replica_up(member(2), session(2), now);
  tick(50);
  reader(2, 4, 95);
  out = {};
  const auto chosen = controller.accept_loss({1, 3}, now, out);
  ASSERT_TRUE(chosen) << chosen.error().message;
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

TEST_F(Loss, MembersWithoutSpaceAreKnown) {
  EXPECT_TRUE(controller.members_without_space().empty());
  controller.replica_up(member(2), session(2), now);
  answer(2, [](ReplicaState& s) { s.has_space = false; });
  EXPECT_EQ(controller.members_without_space(), std::vector<Member>{member(2)});
}

TEST_F(Loss, WipedAndForeignReplicasAreNoSurvivors) {
  answer(4, [](ReplicaState& s) { s.last_index = 0; });  // a new directory
  Message foreign;
  foreign.type = MessageType::kMemory;
  foreign.from = 5;
  foreign.storage_id = member(5).storage_id;
  foreign.session = session(5);
  foreign.lineage = 77;
  foreign.state.last_index = 1000;
  controller.state_answered(foreign, now, out);
  EXPECT_FALSE(controller.best_survivor(now));
  EXPECT_EQ(controller.accept_loss({1, 2, 3}, now, out).error().kind, ErrorKind::kConflict);
}

TEST_F(Loss, TheRecordDecidesWhereItChangedMeanwhile) {
  ASSERT_TRUE(controller.accept_loss({1, 2, 3}, now, out));
  out = {};
  controller.swap_done(12, false, now, out);
  EXPECT_TRUE(out.read_record);
  EXPECT_FALSE(out.swap);
}

}  // namespace
}  // namespace tandem::repl
