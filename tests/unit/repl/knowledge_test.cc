#include "knowledge_fixture.h"

namespace tandem::repl {
namespace {

using News = Knowledge::News;

class KnowledgeTest : public KnowledgeFixture {
 protected:
  // What replica 2 has seen.
  News learn(const Record& seen) {
    Message m = answer(2);
    m.memory.record = seen;
    return known.learn(*known.answered(m, now));
  }
};

// --- the record ---

TEST_F(KnowledgeTest, ALaterRecordIsFollowedAndAnEarlierOneIsNot) {
  Record later = record;
  later.version = 13;
  EXPECT_EQ(known.read(later), News::kRecord);
  EXPECT_EQ(known.read(record), News::kNone);
  EXPECT_EQ(known.record()->version, 13U);
  later.epoch = 5;
  EXPECT_EQ(known.read(later), News::kNewLeader);
}

TEST_F(KnowledgeTest, ARecordOfAnotherGroupIsNotLookedAt) {
  Record foreign = record;
  foreign.lineage = 8;
  foreign.epoch = 99;
  EXPECT_EQ(known.read(foreign), News::kNone);
  EXPECT_EQ(known.record()->lineage, 9U);
  EXPECT_EQ(known.stored()->epoch, 4U);
  EXPECT_EQ(learn(foreign), News::kNone);
}

// The first read may have been under way when the newer one was told of.
TEST_F(KnowledgeTest, TheRecordWentBackWhereTwoReadsShowLessThanWasSeen) {
  Record seen = record;
  seen.version = 20;
  EXPECT_EQ(learn(seen), News::kRecord);
  EXPECT_TRUE(known.record_is_in_doubt());
  EXPECT_FALSE(known.record_went_back());
  known.read(record);
  EXPECT_FALSE(known.record_went_back());
  EXPECT_EQ(known.expected_version(), 20U);
  known.read(record);
  EXPECT_TRUE(known.record_went_back());
  EXPECT_EQ(known.expected_version(), 12U) << "that is what is there";
  EXPECT_EQ(known.expected()->version, 12U);
  known.wrote(seen);
  EXPECT_FALSE(known.record_is_in_doubt());
}

TEST_F(KnowledgeTest, WhatAWatchShowsProvesNothing) {
  Record seen = record;
  seen.version = 20;
  learn(seen);
  Reading watched(record);
  watched.consistent = false;
  for (int i = 0; i < 3; ++i) known.read(watched);
  EXPECT_FALSE(known.record_went_back());
}

TEST_F(KnowledgeTest, ADiskThatWasGivenUpHasNothingToTell) {
  Record seen = record;
  seen.version = 20;
  seen.given_up = {member(2)};
  EXPECT_EQ(learn(seen), News::kNone) << "it says so itself";
  seen.given_up.clear();
  record.version = 13;
  record.given_up = {member(2)};
  known.read(record);
  EXPECT_EQ(learn(seen), News::kNone);
  known.answered(answer(2, 90, 90), now);
  EXPECT_EQ(known.who_lacks_what(replica(1)), "") << "what it knew committed does not count";
  EXPECT_EQ(known.highest_promise(), 4U);
  Message m = answer(2);
  m.state.promise = 77;
  known.answered(m, now);
  EXPECT_EQ(known.highest_promise(), 4U);
  m = answer(3);
  m.state.promise = 78;
  known.answered(m, now);
  EXPECT_EQ(known.highest_promise(), 78U);
}

// --- the replicas ---

TEST_F(KnowledgeTest, AnswersOfAnotherSessionOrDiskAreNotTaken) {
  Message m = answer(2);
  m.session = 7;
  EXPECT_EQ(known.answered(m, now), nullptr);
  m = answer(2);
  m.storage_id = 7;
  EXPECT_EQ(known.answered(m, now), nullptr);
  EXPECT_EQ(known.in_session(2, 7), nullptr);
  EXPECT_EQ(known.find(Member{2, 7}), nullptr);
  EXPECT_NE(known.find(member(2)), nullptr);
}

TEST_F(KnowledgeTest, WhoIsNotHeardIsQuietAndThenSilent) {
  EXPECT_FALSE(known.quiet(2, now + 150 * kMs));
  EXPECT_TRUE(known.quiet(2, now + 151 * kMs));
  EXPECT_TRUE(known.quiet(9, now)) << "nobody";
  EXPECT_TRUE(known.silent_members(now + 400 * kMs).empty());
  EXPECT_EQ(known.silent_members(now + 401 * kMs).size(), 3U);
  known.forgive(300 * kMs, now + 300 * kMs);
  EXPECT_TRUE(known.silent_members(now + 700 * kMs).empty());
}

TEST_F(KnowledgeTest, ANewSessionHasToldNothing) {
  known.replica_up(member(2), 77, now);
  EXPECT_EQ(known.missing_members(), std::vector<Member>{member(2)});
  EXPECT_FALSE(known.answers(replica(2), now));
}

TEST_F(KnowledgeTest, TheLeaderIsOpenAsItSaysOfTheEpochOfTheRecord) {
  EXPECT_FALSE(known.leader_open());
  Message m = answer(1);
  m.state.opened = true;
  known.answered(m, now);
  EXPECT_TRUE(known.leader_open());
  record.epoch = 5;
  known.read(record);
  EXPECT_FALSE(known.leader_open()) << "that was another epoch";
  known.in_session(1, session(1))->alive = false;
  EXPECT_EQ(known.leader(), nullptr);
}

// --- who has what ---

TEST_F(KnowledgeTest, WhatAnyReplicaKnowsCommittedMustBeThere) {
  known.answered(answer(2, 39, 30), now);
  EXPECT_EQ(known.who_lacks_what(replica(1)), "");
  EXPECT_EQ(known.who_lacks_what(replica(2)),
            "replica 2 lacks " + to_text(Position{4, 40}) + ", which replica 1 knows committed");
  EXPECT_EQ(known.who_lacks_what(replica(2), {1, 3}), "") << "they are given up";
}

TEST_F(KnowledgeTest, AmongThoseThatHaveNotCaughtUpTheLongestLogCounts) {
  for (ReplicaId id = 1; id <= 2; ++id) {
    Message m = answer(id, id == 1 ? 45 : 50);
    m.memory.caught_up = false;
    known.answered(m, now);
  }
  EXPECT_FALSE(known.has_newest(replica(1)));
  EXPECT_TRUE(known.has_newest(replica(2)));
  Message m = answer(1, 45);
  known.answered(m, now);
  EXPECT_TRUE(known.has_newest(replica(1))) << "a leader has told it all that was committed";
}

}  // namespace
}  // namespace tandem::repl
