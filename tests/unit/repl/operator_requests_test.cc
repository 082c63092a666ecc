#include "repl/operator_requests.h"

#include <set>
#include <string>

#include "knowledge_fixture.h"

namespace tandem::repl {
namespace {

class MayLeadTest : public KnowledgeFixture {
 protected:
  MayLeadTest() {
    Message m = answer(1);
    m.state.leading = m.state.opened = true;
    known.answered(m, now);
  }
  // "" where it may.
  std::string refusal(ReplicaId id) {
    const Status may = OperatorRequests{known, prefer, nouns}.may_lead(id, standing);
    return may ? "" : may.error().message;
  }

  const Prefer prefer = [](const Candidate&, const Candidate&) { return false; };
  const Nouns nouns{"worker", "master"};
  OperatorRequests::Standing standing{.active = true};
};

TEST_F(MayLeadTest, AnInSyncMemberThatDoesNotLead) {
  EXPECT_EQ(refusal(2), "");
  EXPECT_EQ(refusal(1), "worker 1 is the master already");
  EXPECT_EQ(refusal(9), "there is no worker 9");
  up(4);
  EXPECT_EQ(refusal(4), "worker 4 is not in sync; these are: 1, 2, 3");
  known.replica_up({2, 999}, 2002, now);
  EXPECT_EQ(refusal(2), "worker 2 is not in sync; these are: 1, 2, 3") << "another disk";
}

TEST_F(MayLeadTest, NobodyWhileALeaderIsSought) {
  standing.electing = true;
  EXPECT_EQ(refusal(2), "a master is being chosen now");
  standing.electing = false;
  known.answered(answer(1), now);  // it has not opened its epoch
  EXPECT_EQ(refusal(2), "a master is being chosen now");
  standing.active = false;
  EXPECT_EQ(refusal(2), "there is no group to lead yet");
}

// Of the set 1, 2, 3 nobody answers any more; 4, outside of it, has what it copied.
class AcceptLossTest : public KnowledgeFixture {
 protected:
  AcceptLossTest() {
    standing.active = true;
    now += 1000 * kMs;
    up(4);
    known.answered(answer(4, 45), now);
  }
  Result<OperatorRequests::Loss> plan(const std::set<ReplicaId>& given_up) {
    return OperatorRequests{known, prefer, nouns}.accept_loss(given_up, standing, now);
  }
  ErrorKind refusal(const std::set<ReplicaId>& given_up) {
    const auto loss = plan(given_up);
    EXPECT_FALSE(loss);
    return loss ? ErrorKind::kBug : loss.error().kind;
  }

  const Prefer prefer = [](const Candidate& a, const Candidate& b) {
    return a.member.id < b.member.id;
  };
  const Nouns nouns;
  OperatorRequests::Standing standing;
};

TEST_F(AcceptLossTest, TheSurvivorLeadsAloneInALaterEpoch) {
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

TEST_F(AcceptLossTest, NoEpochIsUsedThatAnybodyHasPromised) {
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

TEST_F(AcceptLossTest, ARecordThatWentBackIsReplacedAsItIsThere) {
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

TEST_F(AcceptLossTest, TheRecordKeepsTheLastOfThemOnly) {
  for (ReplicaId id = 50; id < 65; ++id) record.given_up.push_back(member(id));
  record.version = 13;
  known.read(record);
  const std::vector<Member> given_up = plan({1, 2, 3})->swap.record.given_up;
  EXPECT_EQ(given_up.size(), 16U);
  EXPECT_EQ(given_up.front(), member(52));
  EXPECT_EQ(given_up.back(), member(3));
}

TEST_F(AcceptLossTest, NothingIsGivenUpWhereAMemberAnswersUnlessNobodyCanLead) {
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

TEST_F(AcceptLossTest, EverySilentMemberHasToBeNamedAndNobodyElse) {
  EXPECT_EQ(refusal({1, 2}), ErrorKind::kConflict);
  EXPECT_EQ(refusal({1, 2, 3, 4}), ErrorKind::kBadInput) << "4 is no member";
}

TEST_F(AcceptLossTest, IsRefusedWhileALeaderIsBeingChosenAndWithoutAGroup) {
  standing.chosen = true;
  EXPECT_EQ(refusal({1, 2, 3}), ErrorKind::kUnavailable);
  standing.chosen = false;
  standing.active = false;
  EXPECT_EQ(refusal({1, 2, 3}), ErrorKind::kUnavailable);
  standing.active = true;
  const Knowledge nothing({.silence_ns = 1, .quiet_ns = 1}, Nouns{});
  const OperatorRequests requests{nothing, prefer, nouns};
  EXPECT_EQ(requests.accept_loss({1}, standing, now).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(requests.may_lead(1, standing).error().kind, ErrorKind::kUnavailable);
  EXPECT_FALSE(requests.best_survivor({}, now));
}

TEST_F(AcceptLossTest, ADirectoryThatOnlyHeardOfTheGroupIsNoSurvivor) {
  known.answered(answer(4, 0, 0), now);
  EXPECT_EQ(refusal({1, 2, 3}), ErrorKind::kConflict);
}

}  // namespace
}  // namespace tandem::repl
