#include "restart_plan.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace tandem::orch {
namespace {

using Kind = RestartStep::Kind;

// Worker 2, a slave of a database of three in sync whose master is 1, is restarted.
class RestartPlanTest : public testing::Test {
 protected:
  RestartPlanTest() {
    record.leader = 1;
    record.in_sync = {{1, 11}, {2, 12}, {3, 13}};
    record.min_in_sync = 2;
    facts.now_ms = 1000;
    facts.record = &record;
    facts.leader_open = true;
    facts.leader_last_index = 50;
    facts.max_in_sync = 3;
    facts.session = 7;
    facts.in_sync = true;
    facts.last_index = 50;
    facts.others = {other(1, 900), other(3, 700)};
  }

  static RestartFacts::Other other(repl::ReplicaId id, int64_t pid) { return {id, pid}; }
  // Without what is only told.
  std::vector<Kind> next() {
    std::vector<Kind> kinds;
    for (const RestartStep& step : plan->next(facts)) {
      if (step.kind == Kind::kTell) {
        told = step.text;
      } else {
        kinds.push_back(step.kind);
        last = step;
      }
    }
    return kinds;
  }
  void leaves_the_set(repl::ReplicaId id) {
    std::erase_if(record.in_sync, [id](const repl::Member& member) { return member.id == id; });
    facts.in_sync = facts.in_sync && id != 2;
  }
  // Up to where its process is told to stop.
  void stop() {
    leaves_the_set(2);
    EXPECT_EQ(next(), Kinds{Kind::kStop});
  }
  // The next process has registered.
  void comes_up(repl::Index last_index) {
    facts.session = 8;
    facts.last_index = last_index;
  }
  using Kinds = std::vector<Kind>;

  std::optional<RestartPlan> plan{std::in_place, 2, 7, true, 60'000};
  repl::Record record;
  RestartFacts facts;
  std::string told;
  RestartStep last;
};

TEST_F(RestartPlanTest, ASlaveLeavesTheSetIsStoppedAndIsBackWhenItIsInSync) {
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut});
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut}) << "until the record says so";
  leaves_the_set(2);
  EXPECT_EQ(next(), Kinds{Kind::kStop});
  EXPECT_EQ(told, "its process has not been replaced yet");
  EXPECT_EQ(next(), Kinds{}) << "it ends";
  facts.session = 0;
  EXPECT_EQ(next(), Kinds{}) << "it starts";
  comes_up(50);
  EXPECT_EQ(next(), Kinds{Kind::kDismiss});
  EXPECT_EQ(told, "it has not caught up yet");
  EXPECT_EQ(next(), Kinds{}) << "it was a member and is none yet, though it has everything";
  facts.in_sync = true;
  EXPECT_EQ(next(), Kinds{Kind::kDone});
}

TEST_F(RestartPlanTest, NothingIsDoneWhileNobodyTakesWrites) {
  facts.leader_open = false;
  EXPECT_EQ(next(), Kinds{});
  EXPECT_EQ(told, "there is no master that takes writes");
  facts.leader_open = true;
  facts.record = nullptr;
  EXPECT_EQ(next(), Kinds{});
}

TEST_F(RestartPlanTest, WhereTheSetMayNotGetSmallerOneMoreHelpsOut) {
  record.min_in_sync = 3;
  EXPECT_EQ(next(), (Kinds{Kind::kHelp, Kind::kTakeOut}));
  plan->helped_by(4);
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut}) << "one helper is enough";
  record.in_sync.push_back({4, 14});
  stop();
  comes_up(50);
  EXPECT_EQ(next(), Kinds{Kind::kDismiss});
  record.in_sync = {{1, 11}, {3, 13}, {4, 14}};
  EXPECT_EQ(next(), Kinds{}) << "the helper is still in its place";
  record.in_sync = {{1, 11}, {3, 13}, {5, 15}};
  EXPECT_EQ(next(), Kinds{Kind::kDone}) << "another one has filled the set";
}

TEST_F(RestartPlanTest, AMasterHandsOverToTheBestOfTheOthersOnce) {
  record.leader = 2;
  facts.others = {other(2, 1), other(1, 900), other(3, 700)};
  EXPECT_EQ(next(), Kinds{Kind::kHandOver});
  EXPECT_EQ(last.to, 3U) << "the lowest pid";
  EXPECT_EQ(next(), Kinds{}) << "it is under way";
  plan->handed_over(fail(ErrorKind::kConflict, "beaten"));
  facts.others[2].has_space = false;
  EXPECT_EQ(next(), Kinds{Kind::kHandOver});
  EXPECT_EQ(last.to, 1U) << "3 has no space";
  plan->handed_over(fail(ErrorKind::kConflict, "beaten"));
  facts.others[1].retiring = true;
  EXPECT_EQ(next(), Kinds{Kind::kHandOver});
  EXPECT_EQ(last.to, 3U) << "1 is about to go";
  plan->handed_over({});
  record.leader = 3;
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut});
}

TEST_F(RestartPlanTest, AMasterAloneCallsAHelperBeforeItHandsOver) {
  record.leader = 2;
  record.in_sync = {{2, 12}};
  record.min_in_sync = 1;
  facts.others.clear();
  EXPECT_EQ(next(), Kinds{Kind::kHelp});
  plan->helped_by(4);
  EXPECT_EQ(next(), Kinds{});
  EXPECT_EQ(plan->helper(), 4U);
  facts.others = {other(4, 1000)};
  EXPECT_EQ(next(), Kinds{Kind::kHandOver});
  EXPECT_EQ(last.to, 4U);
}

TEST_F(RestartPlanTest, OneThatWasNoMemberHasToCatchUpOnly) {
  plan.emplace(2, 7, false, 60'000);
  stop();
  comes_up(49);
  EXPECT_EQ(next(), Kinds{Kind::kDismiss});
  facts.leader_last_index = 80;
  EXPECT_EQ(next(), Kinds{});
  facts.last_index = 50;
  EXPECT_EQ(next(), Kinds{Kind::kDone}) << "what there was when it came up";
}

TEST_F(RestartPlanTest, OneThatDiedByItselfMeanwhileIsWaitedForAllTheSame) {
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut});
  facts.session = 0;
  EXPECT_EQ(next(), Kinds{});
  comes_up(50);
  EXPECT_EQ(next(), (Kinds{Kind::kDismiss, Kind::kDone}));
}

TEST_F(RestartPlanTest, HowFarItCameIsToldWhenTheTimeIsOver) {
  next();
  facts.now_ms = 59'999;
  EXPECT_EQ(next(), Kinds{Kind::kTakeOut});
  facts.now_ms = 60'000;
  EXPECT_EQ(next(), Kinds{Kind::kFail});
  EXPECT_EQ(last.text, "worker 2 is not restarted in time: it has not left the in-sync set yet");
}

TEST_F(RestartPlanTest, TheReasonOfARefusedHandOverIsHowFarItCame) {
  record.leader = 2;
  next();
  plan->handed_over(fail(ErrorKind::kUnavailable, "a master is being chosen now"));
  facts.now_ms = 60'000;
  next();
  EXPECT_TRUE(last.text.ends_with("a master is being chosen now")) << last.text;
}

}  // namespace
}  // namespace tandem::orch
