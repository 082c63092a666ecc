#include "repl/controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace tandem::repl {
namespace {

constexpr int64_t kMs = 1'000'000;

bool lower_pid(const Candidate& a, const Candidate& b) { return a.state.pid < b.state.pid; }

// A controller, a record with three members, the first of which leads, and their answers.
class ControllerTest : public testing::Test {
 protected:
  ControllerTest() : controller(ControllerOptions{}, lower_pid) {
    record.lineage = 9;
    record.epoch = 4;
    record.version = 12;
    record.leader = 1;
    for (ReplicaId id = 1; id <= 3; ++id) record.in_sync.push_back(member(id));
    controller.set_active(true);
    controller.record_read(record, now, out);
    for (ReplicaId id = 1; id <= 3; ++id) controller.replica_up(member(id), session(id), now);
    tick();
    answer(1, [](ReplicaState& s) { s.leading = s.opened = true; });
    out = {};
  }

  static Member member(ReplicaId id) { return Member{id, 100 + uint64_t{id}}; }
  static uint64_t session(ReplicaId id) { return 1000 + uint64_t{id}; }

  void tick(int64_t ms = 0) {
    now += ms * kMs;
    controller.tick(now, out);
  }

  // The last question to this replica, 0 where it was not asked.
  uint64_t question_to(ReplicaId id) const {
    uint64_t question = 0;
    for (const Message& m : out.messages) {
      if (m.to == id && m.type == MessageType::kQueryState) question = m.question;
    }
    return question;
  }

  template <typename Change>
  void answer(ReplicaId id, Change change) {
    Message m;
    m.type = MessageType::kState;
    m.from = id;
    m.storage_id = member(id).storage_id;
    m.session = session(id);
    m.question = question_to(id);
    m.state.promise = controller.record()->epoch;
    m.state.pid = 10 * id;
    change(m.state);
    controller.state_answered(m, now, out);
  }
  void answer(ReplicaId id) {
    answer(id, [](ReplicaState&) {});
  }
  void kill(ReplicaId id) { controller.replica_dead(id, session(id), now, out); }

  bool said(MessageType type, ReplicaId to) const {
    return std::any_of(out.messages.begin(), out.messages.end(),
                       [&](const Message& m) { return m.type == type && m.to == to; });
  }

  Controller controller;
  Record record;
  ControllerEffects out;
  int64_t now = 1'000 * kMs;
};

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
  for (int i = 0; i < 600 && !out.swap; ++i) {
    tick(1);
    if (out.read_record) {
      out.read_record = false;
      controller.record_read(record, now, out);
    }
    Message m;
    m.type = MessageType::kState;
    m.from = 1;
    m.storage_id = member(1).storage_id;
    m.session = 2001;
    m.question = question_to(1);
    m.state.promise = record.epoch;
    controller.state_answered(m, now, out);
  }
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 1u);
  EXPECT_EQ(out.swap->record.epoch, 5u);
}

TEST_F(ControllerTest, ALeaderThatCameBackIsNotWaitedFor) {
  controller.replica_up(member(1), 2001, now);
  tick();
  Message m;
  m.type = MessageType::kState;
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
  m.type = MessageType::kState;
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

}  // namespace
}  // namespace tandem::repl
