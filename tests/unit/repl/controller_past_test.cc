// A controller whose replicas, or whose record, went back to an earlier state.
#include <gmock/gmock.h>

#include <functional>

#include "controller_fixture.h"

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Everything was stopped: nobody has heard of a leader since.
class Past : public ControllerTest {
 protected:
  Past() {
    for (ReplicaId id = 1; id <= 3; ++id) controller.replica_dead(id, session(id), now, out);
    for (ReplicaId id = 1; id <= 3; ++id) restarted_[id] = 5000 + uint64_t{id};
    out = {};
  }

  void come_up(ReplicaId id) { controller.replica_up(present(id), restarted_[id], now); }
  // With the disk that it has now.
  Member present(ReplicaId id) const {
    const auto it = disks_.find(id);
    return it == disks_.end() ? member(id) : Member{id, it->second};
  }

  // Its log ends with these epochs; it knows `committed`.
  void remember(ReplicaId id, std::vector<Position> ends, Position committed,
                const std::optional<Record>& seen = std::nullopt, bool caught_up = false) {
    Message m;
    m.type = MessageType::kMemory;
    m.from = id;
    m.storage_id = present(id).storage_id;
    m.session = restarted_[id];
    m.lineage = record.lineage;
    for (const Message& asked : out.messages) {
      if (asked.to == id && asked.type == MessageType::kQueryMemory) m.question = asked.question;
    }
    m.state.promise = seen ? seen->epoch : record.epoch;
    m.state.pid = uint64_t{10} * id;
    m.state.last_epoch = ends.empty() ? 0 : ends.back().epoch;
    m.state.last_index = ends.empty() ? 0 : ends.back().index;
    m.memory.ends = std::move(ends);
    m.memory.committed = committed;
    m.memory.caught_up = caught_up;
    m.memory.record = seen;
    controller.state_answered(m, now, out);
  }

  void begin_election() {
    for (int i = 0; i < 500 && !out.read_record; ++i) tick(1);
    read();
  }
  // Time passes; what is to be read is read.
  void pass(int64_t ms) {
    for (int64_t i = 0; i < ms; i += 10) {
      tick(10);
      if (!std::exchange(out.read_record, false)) continue;
      controller.record_read(there, now, out);
    }
  }
  // They all say this again and again.
  void until_elected(const std::function<void()>& answers) {
    for (int i = 0; i < 600 && !out.swap; ++i) {
      answers();
      pass(10);
    }
  }
  bool told(const std::string& words) const {
    return std::any_of(out.notices.begin(), out.notices.end(), [&](const std::string& notice) {
      return notice.find(words) != std::string::npos;
    });
  }

  std::map<ReplicaId, uint64_t> restarted_;
  std::map<ReplicaId, uint64_t> disks_;  // storage ids, of those that have another one
  Reading there{record};                 // what is in the store
};

TEST_F(Past, WhoLacksWhatAnotherKnowsCommittedIsNotChosen) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 7}}, {4, 7});  // an old image
  remember(2, {{4, 9}}, {4, 9});
  remember(3, {{4, 9}}, {4, 8});
  tick(60);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U) << "the lowest pid of those that have everything";
  EXPECT_TRUE(told("replica 1 lacks entry 9 of epoch 4, which replica 2 knows committed"));
}

TEST_F(Past, WhatALearnerKnowsCommittedCountsAsWell) {
  for (ReplicaId id = 1; id <= 2; ++id) come_up(id);
  controller.replica_up(Member{4, 104}, 5004, now);
  restarted_[4] = 5004;
  begin_election();
  remember(4, {{4, 9}}, {4, 9});
  remember(1, {{4, 8}}, {4, 7});
  remember(2, {{4, 9}}, {4, 7});
  tick(1100);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

// A later epoch does not make up for it: the old image led alone meanwhile.
TEST_F(Past, ALogThatGoesAnotherWayLacksItToo) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 7}, {5, 9}}, {4, 7});
  remember(2, {{4, 9}}, {4, 9});
  remember(3, {{4, 9}}, {4, 9});
  tick(60);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

TEST_F(Past, WhereEachLacksWhatAnotherKnowsNobodyIsChosenAndBothAreNamed) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 7}, {5, 9}}, {5, 9});
  remember(2, {{4, 9}}, {4, 9});
  remember(3, {{4, 9}}, {4, 9});
  pass(3000);
  EXPECT_FALSE(out.swap);
  EXPECT_THAT(controller.trouble(),
              HasSubstr("replica 1 lacks entry 9 of epoch 4, which replica 2 knows committed"));
  EXPECT_THAT(controller.trouble(),
              HasSubstr("replica 2 lacks entry 9 of epoch 5, which replica 1 knows committed"));
}

// It led alone, as nobody else was there, and nothing was written meanwhile.
TEST_F(Past, WhoeverHoldsAllThatAnImageCommittedAloneLeadsInItsPlace) {
  record.epoch = 5;
  record.version = 14;
  record.in_sync = {member(1)};
  there = Reading{record};
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  controller.record_read(record, now, out);
  until_elected([&] {
    remember(1, {{4, 7}, {5, 8}}, {4, 7});
    remember(2, {{4, 9}}, {4, 8});
    remember(3, {{4, 9}}, {4, 9});
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
  EXPECT_THAT(out.swap->record.in_sync, ElementsAre(member(2)));
}

TEST_F(Past, AnOperatorMayThenGiveOneUp) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 7}, {5, 9}}, {5, 9});
  remember(2, {{4, 9}}, {4, 9});
  remember(3, {{4, 9}}, {4, 9});
  tick(60);
  ASSERT_FALSE(controller.trouble().empty());
  const auto chosen = controller.accept_loss({1}, now, out);
  ASSERT_TRUE(chosen) << chosen.error().message;
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
  EXPECT_THAT(out.swap->record.given_up, ElementsAre(member(1)));
}

TEST_F(Past, OfThoseThatHaveNotCaughtUpOnlyTheLongestLogMayLead) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 8}}, {4, 7});
  remember(2, {{4, 8}}, {4, 7});
  remember(3, {{4, 9}}, {4, 7});  // nobody wrote down that 9 is committed
  tick(60);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3U);
}

TEST_F(Past, OneThatHasCaughtUpMayLeadWithAShorterLog) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  remember(1, {{4, 8}}, {4, 7}, std::nullopt, true);
  remember(2, {{4, 9}}, {4, 7}, std::nullopt, true);
  remember(3, {{4, 9}}, {4, 7}, std::nullopt, true);
  tick(60);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 1U);
}

TEST_F(Past, AfterAStartOfAllMembersThatAreNotThereAreWaitedFor) {
  come_up(1);
  begin_election();
  remember(1, {{4, 7}}, {4, 7});
  pass(500);
  EXPECT_FALSE(out.swap);
  come_up(2);
  come_up(3);
  tick(60);
  remember(2, {{4, 9}}, {4, 9});
  remember(3, {{4, 9}}, {4, 9});
  tick(10);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

TEST_F(Past, ButNotForEver) {
  come_up(1);
  begin_election();
  remember(1, {{4, 7}}, {4, 7});
  pass(1200);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 1U);
  EXPECT_GT(out.swap->record.epoch, record.epoch) << "maybe far: who is absent may have used some";
}

// What starts last may have been stopped with others that are on their way.
TEST_F(Past, AndAnewWhereSomebodyStartsMeanwhile) {
  come_up(1);
  begin_election();
  remember(1, {{4, 7}}, {4, 7});
  pass(800);
  controller.replica_dead(1, restarted_[1]++, now, out);
  come_up(1);
  for (int i = 0; i < 70; ++i) {
    remember(1, {{4, 7}}, {4, 7});
    pass(10);
    ASSERT_FALSE(out.swap);
  }
  until_elected([&] { remember(1, {{4, 7}}, {4, 7}); });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 1U);
}

// Whatever the election was begun for.
TEST_F(ControllerTest, ALeaderWithoutSpaceThatDiesIsWaitedForAsAnyOther) {
  kill(2);
  kill(3);
  controller.replica_up(member(2), 5002, now);
  const auto remembers_little = [&] {
    Message m;
    m.type = MessageType::kMemory;
    m.from = 2;
    m.storage_id = member(2).storage_id;
    m.session = 5002;
    m.lineage = record.lineage;
    m.question = question_to(2);
    m.state.promise = record.epoch;
    m.state.pid = 20;
    controller.state_answered(m, now, out);
  };
  tick(60);
  remembers_little();
  answer_without_space(1, true);
  tick(60);
  ASSERT_TRUE(out.read_record) << "another one has space";
  read();
  kill(1);
  for (int i = 0; i < 50; ++i) {
    tick(10);
    remembers_little();
    if (out.read_record) read();
    ASSERT_FALSE(out.swap);
  }
}

// Each may be an old image, and so may be the only one that answers.
class PastOfTwo : public Past {
 protected:
  PastOfTwo() {
    record.min_in_sync = 2;
    record.version = 14;
    record.in_sync = {member(2), member(3)};
    record.leader = 2;
    there = Reading{record};
    controller.record_read(record, now, out);
  }
};

TEST_F(PastOfTwo, AfterAStartOfAllFewerThanTheMinimumElectNobody) {
  come_up(3);
  come_up(1);  // outside the set: it would do for min_in_sync, and has nothing
  begin_election();
  remember(3, {{4, 7}}, {4, 7});
  remember(1, {}, {});
  pass(5000);
  EXPECT_FALSE(out.swap);
  EXPECT_THAT(controller.trouble(), HasSubstr("2 of the in-sync replicas 2, 3 have to answer"));
  EXPECT_THAT(controller.trouble(), HasSubstr("missing: replica 2"));
  come_up(2);
  until_elected([&] {
    remember(2, {{4, 9}}, {4, 7});  // 9 was answered right before all were killed
    remember(3, {{4, 7}}, {4, 7});
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 2U);
}

TEST_F(PastOfTwo, NobodyWaitsForADiskThatIsGone) {
  come_up(3);
  disks_[2] = 777;
  come_up(2);
  begin_election();
  until_elected([&] {
    remember(3, {{4, 9}}, {4, 9});
    remember(2, {}, {});
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3U);
}

TEST_F(PastOfTwo, OneThatHasHeardOfALeaderSinceLeadsAlone) {
  come_up(3);
  begin_election();
  remember(3, {{4, 9}}, {4, 9}, std::nullopt, true);
  pass(100);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader, 3U);
}

TEST_F(PastOfTwo, AnOperatorMayGiveUpWhoIsMissing) {
  come_up(3);
  begin_election();
  remember(3, {{4, 9}}, {4, 9});
  for (int i = 0; i < 200; ++i) {
    remember(3, {{4, 9}}, {4, 9});
    pass(10);
  }
  ASSERT_FALSE(controller.trouble().empty());
  const auto chosen = controller.accept_loss({2}, now, out);
  ASSERT_TRUE(chosen) << chosen.error().message;
  EXPECT_EQ(out.swap->record.leader, 3U);
}

TEST_F(Past, TheRecordNamesTheLifeThatWasChosen) {
  for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  begin_election();
  for (ReplicaId id = 1; id <= 3; ++id) remember(id, {{4, 9}}, {4, 9});
  tick(60);
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->record.leader_session, restarted_[1]);
}

// --- the record ---

class OldRecord : public Past {
 protected:
  OldRecord() {
    newest = record;
    newest.epoch = 6;
    newest.version = 15;
    newest.leader = 2;
    newest.in_sync = {member(2), member(3)};
    for (ReplicaId id = 1; id <= 3; ++id) come_up(id);
  }
  Record newest;
};

TEST_F(OldRecord, IsReadWhereAWatchShowsIt) {
  const auto watch_shows = [&](const std::optional<Record>& shown) {
    out = {};
    Reading reading;
    reading.record = shown;
    reading.consistent = false;
    controller.record_read(reading, now, out);
    return out.read_record;
  };
  Record older = record;
  --older.epoch;
  EXPECT_TRUE(watch_shows(older));
  EXPECT_TRUE(watch_shows(std::nullopt)) << "it was lost";
  EXPECT_FALSE(watch_shows(record));
  EXPECT_FALSE(watch_shows(newest));
}

TEST_F(OldRecord, ElectsNobody) {
  begin_election();
  remember(1, {{4, 9}}, {4, 9});
  remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
  pass(2000);
  EXPECT_FALSE(out.swap);
  EXPECT_THAT(controller.trouble(),
              HasSubstr("the record went back to version 12 of epoch 4, version 15 of epoch 6 was "
                        "seen with the replicas 2, 3 in sync"));
  EXPECT_THAT(controller.trouble(), HasSubstr("missing: replica 3"));
}

TEST_F(OldRecord, IsPutRightOnceEveryMemberOfTheNewestSetAnswers) {
  begin_election();
  remember(1, {{4, 9}}, {4, 9});
  remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
  pass(500);
  until_elected([&] {
    remember(3, {{4, 9}, {6, 12}}, {6, 11}, newest);
    remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 12U) << "what is there";
  EXPECT_EQ(out.swap->expected, record);
  EXPECT_EQ(out.swap->record.version, 13U);
  EXPECT_EQ(out.swap->record.epoch, 7U);
  EXPECT_EQ(out.swap->record.leader, 2U);
  EXPECT_THAT(out.swap->record.in_sync, ElementsAre(member(2), member(3)));
}

TEST_F(OldRecord, OneThatIsGoneIsMadeAgain) {
  there = Reading{};
  begin_election();
  until_elected([&] {
    remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
    remember(3, {{4, 9}, {6, 12}}, {6, 12}, newest);
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 0U);
  EXPECT_EQ(out.swap->record.version, 1U);
  EXPECT_EQ(out.swap->record.epoch, 7U);
}

TEST_F(OldRecord, OneThatCannotBeReadIsFollowedByTheNextVersion) {
  there = Reading{};
  there.version = 15;
  begin_election();
  until_elected([&] {
    remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
    remember(3, {{4, 9}, {6, 12}}, {6, 12}, newest);
  });
  ASSERT_TRUE(out.swap);
  EXPECT_EQ(out.swap->expected_version, 15U);
  EXPECT_FALSE(out.swap->expected) << "nobody knows its text";
  EXPECT_EQ(out.swap->record.version, 16U);
}

TEST_F(OldRecord, AReadThatWasUnderWayIsNoSign) {
  begin_election();
  remember(2, {{4, 9}, {6, 12}}, {6, 12}, newest);
  remember(3, {{4, 9}, {6, 12}}, {6, 12}, newest);
  there = Reading{newest};  // it was made while the first read was on its way
  pass(400);
  EXPECT_FALSE(told("puts the record back"));
}

TEST_F(OldRecord, AWatchThatTellsOldVersionsIsNoSign) {
  controller.record_read(newest, now, out);
  Reading old{record};
  old.consistent = false;
  for (int i = 0; i < 20; ++i) controller.record_read(old, now, out);
  EXPECT_EQ(controller.record()->version, 15U);
  EXPECT_TRUE(controller.trouble().empty());
}

TEST_F(OldRecord, WhatAnotherDatabaseHasSeenIsNoSign) {
  Record foreign = newest;
  foreign.lineage = 77;
  begin_election();
  remember(1, {{4, 9}}, {4, 9}, foreign);
  EXPECT_EQ(controller.record()->version, 12U);
}

}  // namespace
}  // namespace tandem::repl
