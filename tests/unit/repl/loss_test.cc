#include "repl/loss.h"

#include <set>
#include <string>

#include "knowledge_fixture.h"

namespace tandem::repl {
namespace {

// Of the set 1, 2, 3 nobody answers any more; 4, outside of it, has what it copied.
class LossPlanTest : public KnowledgeFixture {
 protected:
  LossPlanTest() {
    now += 1000 * kMs;
    up(4);
    known.answered(answer(4, 45), now);
  }
  Result<Loss> plan(const std::set<ReplicaId>& given_up) {
    return plan_loss(known, prefer, standing, given_up, now);
  }
  ErrorKind refusal(const std::set<ReplicaId>& given_up) {
    const auto loss = plan(given_up);
    EXPECT_FALSE(loss);
    return loss ? ErrorKind::kBug : loss.error().kind;
  }
  static bool prefer(const Candidate& a, const Candidate& b) { return a.member.id < b.member.id; }

  Standing standing;
};

TEST_F(LossPlanTest, TheSurvivorLeadsAloneInALaterEpoch) {
  const auto loss = plan({1, 2, 3});
  ASSERT_TRUE(loss) << loss.error().message;
  EXPECT_EQ(loss->survivor.member, member(4));
  const Record& after = loss->swap.record;
  EXPECT_EQ(after.leader, 4U);
  EXPECT_EQ(after.leader_session, session(4));
  EXPECT_EQ(after.in_sync, std::vector<Member>{member(4)});
  EXPECT_EQ(after.given_up, record.in_sync);
  EXPECT_EQ(after.epoch, 5U);
  EXPECT_EQ(loss->swap.expected_version, 12U);
  EXPECT_EQ(loss->swap.expected, record);
  EXPECT_EQ(after.version, 13U);
  EXPECT_TRUE(loss->notice.starts_with("the loss of 1, 2, 3 is accepted: elects leader=4"))
      << loss->notice;
}

TEST_F(LossPlanTest, NoEpochIsUsedThatAnybodyHasPromised) {
  Message m = answer(4, 45);
  m.state.promise = 9;
  known.answered(m, now);
  EXPECT_EQ(plan({1, 2, 3})->swap.record.epoch, 10U);
  up(5);
  m = answer(5, 44);
  m.state.promise = 30;
  known.answered(m, now);
  EXPECT_EQ(plan({1, 2, 3})->survivor.member, member(4)) << "its log goes further";
  EXPECT_EQ(plan({1, 2, 3})->swap.record.epoch, 31U);
}

TEST_F(LossPlanTest, ARecordThatWentBackIsReplacedAsItIsThere) {
  Record seen = record;
  seen.version = 20;
  Message m = answer(4, 45);
  m.memory.record = seen;
  known.learn(*known.answered(m, now));
  for (int i = 0; i < 2; ++i) known.read(record);
  ASSERT_TRUE(known.record_went_back());
  const auto loss = plan({1, 2, 3});
  ASSERT_TRUE(loss);
  EXPECT_EQ(loss->swap.expected_version, 12U);
  EXPECT_EQ(loss->swap.expected, record);
  EXPECT_EQ(loss->swap.record.version, 13U);
}

TEST_F(LossPlanTest, TheRecordKeepsTheLastOfThemOnly) {
  for (ReplicaId id = 50; id < 65; ++id) record.given_up.push_back(member(id));
  record.version = 13;
  known.read(record);
  const std::vector<Member> given_up = plan({1, 2, 3})->swap.record.given_up;
  EXPECT_EQ(given_up.size(), 16U);
  EXPECT_EQ(given_up.front(), member(52));
  EXPECT_EQ(given_up.back(), member(3));
}

TEST_F(LossPlanTest, NothingIsGivenUpWhereAMemberAnswersUnlessNobodyCanLead) {
  up(1);
  EXPECT_EQ(refusal({2, 3}), ErrorKind::kConflict) << "1 has everything";
  standing.trouble = "a disk went back";
  EXPECT_TRUE(plan({2, 3}));
  Message m = answer(1);
  m.state.opened = true;
  known.answered(m, now);
  EXPECT_EQ(refusal({2, 3}), ErrorKind::kConflict) << "1 leads";
  standing.trouble.clear();
  m.state.opened = false;
  known.answered(m, now);
  record.version = 13;
  record.min_in_sync = 2;
  known.read(record);
  EXPECT_TRUE(plan({2, 3})) << "too few answer to go on";
}

TEST_F(LossPlanTest, EverySilentMemberHasToBeNamedAndNobodyElse) {
  EXPECT_EQ(refusal({1, 2}), ErrorKind::kConflict);
  EXPECT_EQ(refusal({1, 2, 3, 4}), ErrorKind::kBadInput) << "4 is no member";
}

TEST_F(LossPlanTest, IsRefusedWhileALeaderIsBeingChosenAndWithoutAGroup) {
  standing.choosing = true;
  EXPECT_EQ(refusal({1, 2, 3}), ErrorKind::kUnavailable);
  const Knowledge nothing({.silence_ns = 1, .quiet_ns = 1}, Nouns{});
  EXPECT_EQ(plan_loss(nothing, prefer, {}, {1}, now).error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(best_survivor(nothing, prefer, now, {}));
}

TEST_F(LossPlanTest, ADirectoryThatOnlyHeardOfTheGroupIsNoSurvivor) {
  known.answered(answer(4, 0, 0), now);
  EXPECT_EQ(refusal({1, 2, 3}), ErrorKind::kConflict);
}

}  // namespace
}  // namespace tandem::repl
