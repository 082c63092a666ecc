#include "fleet_plan.h"

#include <gtest/gtest.h>

#include <csignal>
#include <initializer_list>
#include <string>

#include "base/exit_status.h"

namespace tandem::orch {
namespace {

constexpr ProcessEnd kKilled{0, SIGKILL};
constexpr ProcessEnd kFailed{static_cast<int64_t>(ExitStatus::kUnavailable), 0};

// A database of three workers, all in sync, of which 1 leads; the pid of worker N is 100 - N.
class FleetPlanTest : public testing::Test {
 protected:
  FleetPlanTest() {
    record.epoch = 7;
    record.leader = 1;
    record.in_sync = {{1, 11}, {2, 12}, {3, 13}};
    record.min_in_sync = 2;
    for (const repl::ReplicaId id : {1U, 2U, 3U}) up(id);
  }

  static constexpr FleetLimits kLimits{
      .min_slaves = 2, .max_slaves = 4, .start_timeout_ms = 60'000, .stop_timeout_ms = 5000};
  static pid_t pid_of(repl::ReplicaId id) { return static_cast<pid_t>(100 - id); }

  void up(repl::ReplicaId id) {
    plan.add(id);
    plan.runs(id, pid_of(id), now);
    EXPECT_TRUE(plan.registered(id, pid_of(id), 1000 + id));
  }
  FleetPlan::Ended end(repl::ReplicaId id, const std::optional<ProcessEnd>& how) {
    return plan.ended(id, how, group(), now);
  }
  GroupFacts group() const { return {&record, leader_open}; }
  const Slot& slot(repl::ReplicaId id) const { return *plan.find(id); }

  // What Fleet does, where every start succeeds and leaders keep out whom they are asked to; gives
  // who was started, in that order.
  std::vector<repl::ReplicaId> reconcile() {
    std::vector<repl::ReplicaId> started;
    const auto start = [&](const std::vector<FleetPlan::Start>& starts) {
      for (const auto& one : starts) {
        started.push_back(one.id);
        up(one.id);
      }
    };
    start(plan.missing_members(group(), now));
    plan.fit(group());
    start(plan.missing(now));
    return started;
  }
  using Ids = std::vector<repl::ReplicaId>;
  static Ids ids(const std::vector<FleetPlan::Start>& starts) {
    Ids ids;
    for (const auto& start : starts) ids.push_back(start.id);
    return ids;
  }

  FleetPlan plan{kLimits};
  repl::Record record;
  bool leader_open = true;
  int64_t now = 1'000'000;
};

// --- as many as wanted ---

TEST_F(FleetPlanTest, NothingIsDoneWhereAllIsAsItIsToBe) {
  EXPECT_EQ(reconcile(), Ids{});
  EXPECT_TRUE(plan.leaving(group()).empty());
  EXPECT_TRUE(plan.late(now).empty());
}

TEST_F(FleetPlanTest, MoreSlavesGetNumbersThatNobodyHad) {
  plan.set_slaves(4);
  EXPECT_EQ(reconcile(), (Ids{4, 5}));
  plan.remove(5);
  EXPECT_EQ(reconcile(), (Ids{6})) << "5 was another one";
}

TEST_F(FleetPlanTest, ADirectoryThatWasFoundIsUsedBeforeANewOneIsMade) {
  plan.add(9);
  plan.set_slaves(3);
  EXPECT_EQ(reconcile(), Ids{9});
  plan.set_slaves(4);
  EXPECT_EQ(reconcile(), Ids{10});
}

TEST_F(FleetPlanTest, TheDeadAreStartedAgainMembersOfTheSetFirst) {
  record.in_sync = {{1, 11}, {3, 13}};
  end(2, kKilled);
  end(3, kKilled);
  EXPECT_EQ(reconcile(), (Ids{3, 2}));
}

TEST_F(FleetPlanTest, AMemberWithoutADirectoryHereIsStartedToo) {
  record.in_sync.push_back({8, 18});
  EXPECT_EQ(ids(plan.missing_members(group(), now)), Ids{8});
}

TEST_F(FleetPlanTest, WhoIsTooManyGoesNotRunningFirstThenOutsideTheSetThenTheHighestPid) {
  plan.set_slaves(4);
  reconcile();
  record.in_sync = {{1, 11}, {4, 14}, {5, 15}};
  end(2, kFailed);
  plan.set_slaves(3);
  EXPECT_EQ(plan.fit(group()), Ids{2});
  plan.set_slaves(2);
  EXPECT_EQ(plan.fit(group()), Ids{3});
  plan.set_slaves(1);
  EXPECT_EQ(plan.fit(group()), Ids{4});
}

TEST_F(FleetPlanTest, NeitherTheMasterNorAHeldOneGoes) {
  record.leader = 2;
  ASSERT_TRUE(plan.hold(1));
  plan.set_slaves(0);
  EXPECT_EQ(plan.fit(group()), Ids{3});
  EXPECT_EQ(plan.fit(group()), Ids{}) << "the other two stay";
  EXPECT_FALSE(plan.hold(3)) << "that has begun";
  plan.let_go(1);
  EXPECT_EQ(plan.fit(group()), Ids{1});
}

TEST_F(FleetPlanTest, AHelperDoesNotCountAndGoesWhenItIsEnded) {
  const repl::ReplicaId helper = plan.add_new();
  plan.make_helper(helper);
  EXPECT_EQ(reconcile(), Ids{helper});
  EXPECT_FALSE(plan.retire_helper(1)) << "it is none";
  EXPECT_TRUE(plan.retire_helper(helper));
  EXPECT_FALSE(plan.retire_helper(helper)) << "twice";
  EXPECT_EQ(reconcile(), Ids{});
  ASSERT_EQ(plan.leaving(group()).size(), 1U);
}

TEST_F(FleetPlanTest, ScalingStaysWithinTheLimits) {
  plan.set_slaves(4);
  ASSERT_FALSE(plan.room_for_one_more());
  EXPECT_EQ(plan.room_for_one_more().error().kind, ErrorKind::kConflict);
  plan.set_limits(1, 5);
  EXPECT_TRUE(plan.room_for_one_more());
  EXPECT_EQ(plan.within_limits(0), 1U);
  EXPECT_EQ(plan.within_limits(3), 3U);
  EXPECT_EQ(plan.within_limits(9), 5U);
}

// --- going for good ---

TEST_F(FleetPlanTest, ARetiringOneIsStoppedOnceTheLeaderOfThisEpochKeepsItOut) {
  plan.set_slaves(1);
  ASSERT_EQ(plan.fit(group()), Ids{2});  // the highest pid
  const auto step = [this] { return plan.leaving(group()).at(0).step; };
  EXPECT_EQ(step(), RetirementStep::kWait);
  record.in_sync = {{1, 11}, {3, 13}};
  EXPECT_EQ(step(), RetirementStep::kWait);
  plan.kept_out(2, 6);
  EXPECT_EQ(step(), RetirementStep::kWait) << "an earlier leader";
  plan.kept_out(2, 7);
  EXPECT_EQ(step(), RetirementStep::kStop);
  plan.told_to_stop(2, now);
  EXPECT_EQ(step(), RetirementStep::kWait);
  end(2, ProcessEnd{});
  EXPECT_EQ(step(), RetirementStep::kErase);
  EXPECT_EQ(reconcile(), Ids{}) << "it is not started again";
  plan.remove(2);
  EXPECT_TRUE(plan.leaving(group()).empty());
}

TEST_F(FleetPlanTest, OneThatBecameMasterStaysAndAnotherOneGoes) {
  plan.set_slaves(1);
  ASSERT_EQ(plan.fit(group()), Ids{2});
  record.leader = 2;
  EXPECT_TRUE(plan.leaving(group()).empty());
  EXPECT_FALSE(slot(2).retiring);
  EXPECT_EQ(plan.fit(group()), Ids{1});
}

TEST_F(FleetPlanTest, ARetiringMemberThatDiedComesBackWhereTheSetNeedsIt) {
  plan.set_slaves(1);
  ASSERT_EQ(plan.fit(group()), Ids{2});
  end(2, kKilled);
  EXPECT_EQ(ids(plan.missing_members(group(), now)), Ids{});
  leader_open = false;
  EXPECT_EQ(ids(plan.missing_members(group(), now)), Ids{2});
  leader_open = true;
  record.in_sync = {{1, 11}, {2, 12}};
  EXPECT_EQ(ids(plan.missing_members(group(), now)), Ids{2});
}

// --- pauses between starts ---

TEST_F(FleetPlanTest, OneThatWasKilledOrToldToStopIsReplacedAtOnce) {
  for (int i = 0; i < 5; ++i) {
    end(2, kKilled);
    EXPECT_EQ(reconcile(), Ids{2});
    plan.told_to_stop(2, now);
    EXPECT_TRUE(end(2, kFailed).asked);
    EXPECT_EQ(reconcile(), Ids{2});
  }
}

TEST_F(FleetPlanTest, OneThatFailsAgainAndAgainWaitsForLongerEachTime) {
  int64_t last_ms = 0;
  for (int failures = 1; failures <= 12; ++failures) {
    end(2, kFailed);
    const int64_t pause_ms = slot(2).next_start_ms - now;
    EXPECT_TRUE(failures == 1 ? pause_ms == 0 : pause_ms > last_ms || pause_ms == 5000) << failures;
    last_ms = pause_ms;
    if (pause_ms > 0) {
      now += pause_ms - 1;
      EXPECT_EQ(reconcile(), Ids{});
      ++now;
    }
    EXPECT_EQ(reconcile(), Ids{2});
  }
  EXPECT_EQ(last_ms, 5000);
}

TEST_F(FleetPlanTest, OneThatRanForAWhileBeginsWithoutAPauseAgain) {
  for (int i = 0; i < 6; ++i) {
    end(2, kFailed);
    now = slot(2).next_start_ms;
    reconcile();
  }
  now += 5001;
  end(2, kFailed);
  EXPECT_EQ(reconcile(), Ids{2});
}

TEST_F(FleetPlanTest, OneThatIsKilledBeforeItRegisteredHasFailed) {
  for (int i = 0; i < 2; ++i) {
    end(2, kKilled);
    plan.runs(2, pid_of(2), now);
  }
  EXPECT_EQ(end(2, kKilled).session, 0U);
  EXPECT_GT(slot(2).next_start_ms, now);
}

TEST_F(FleetPlanTest, TheMastersReplacementLeavesTheElectionItsTime) {
  end(1, kKilled);
  EXPECT_EQ(reconcile(), Ids{});
  now += 50;
  EXPECT_EQ(reconcile(), Ids{1});
  record.in_sync = {{1, 11}};  // nobody else could lead
  end(1, kKilled);
  EXPECT_EQ(reconcile(), Ids{1});
}

TEST_F(FleetPlanTest, WhatCannotBeStartedIsTriedAgainInASecondAtFirst) {
  end(2, kKilled);
  plan.cannot_start(2, now);
  EXPECT_EQ(slot(2).next_start_ms, now + 1000);
  for (int i = 0; i < 10; ++i) plan.cannot_start(2, now);
  EXPECT_EQ(slot(2).next_start_ms, now + 5000);
  plan.postpone(2, now + 7);
  now += 6;
  EXPECT_EQ(reconcile(), Ids{});
  ++now;
  EXPECT_EQ(reconcile(), Ids{2});
}

// --- late ones ---

TEST_F(FleetPlanTest, WhoIsToldToStopAndDoesNotIsNamedOnce) {
  plan.told_to_stop(2, now);
  now += 5000;
  EXPECT_TRUE(plan.late(now).empty());
  ++now;
  const auto late = plan.late(now);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_EQ(late[0].id, 2U);
  EXPECT_FALSE(late[0].hangs);
  EXPECT_TRUE(plan.late(now).empty());
  end(2, kKilled);
  reconcile();
  EXPECT_TRUE(plan.late(now + 5001).empty()) << "the next one was told nothing";
}

TEST_F(FleetPlanTest, WhoDoesNotRegisterInTimeHangs) {
  end(2, kKilled);
  plan.runs(2, 77, now);
  EXPECT_TRUE(plan.late(now + 60'000).empty());
  const auto late = plan.late(now + 60'001);
  ASSERT_EQ(late.size(), 1U);
  EXPECT_TRUE(late[0].hangs);

  FleetPlan patient{{.start_timeout_ms = 0}};
  patient.add(1);
  patient.runs(1, 5, now);
  EXPECT_TRUE(patient.late(now + 1'000'000'000).empty()) << "0: as long as it takes";
}

// --- adopting ---

TEST_F(FleetPlanTest, WhatAnEarlierLifeLeftRunningIsKeptUpToTheMaximum) {
  for (const auto& [running, slaves] : {std::pair{0, 2}, {2, 2}, {3, 2}, {4, 3}, {9, 4}}) {
    FleetPlan later{kLimits};
    for (int i = 1; i <= running; ++i) {
      later.add(static_cast<repl::ReplicaId>(i));
      later.runs(static_cast<repl::ReplicaId>(i), 50 + i, now);
    }
    later.add(20);  // a directory
    later.keep_adopted();
    EXPECT_EQ(later.slaves(), static_cast<uint32_t>(slaves)) << running;
  }
}

TEST_F(FleetPlanTest, AnEntryOfAnotherProcessThanTheOneThatRunsIsNotBelieved) {
  EXPECT_FALSE(plan.registered(2, 4711, 99));
  EXPECT_EQ(slot(2).session, 1002U);
}

TEST_F(FleetPlanTest, HowAnAdoptedOneEndedIsNotKnownAndItsNextStartIsNotLate) {
  EXPECT_EQ(end(3, std::nullopt).pid, pid_of(3));
  EXPECT_FALSE(slot(3).exit_status);
  EXPECT_EQ(reconcile(), Ids{3});
}

// --- a group that is not there ---

TEST_F(FleetPlanTest, ANewDatabaseBeginsWithTheFirstWorker) {
  FleetPlan fresh{kLimits};
  EXPECT_EQ(fresh.first(), 1U);
  EXPECT_EQ(fresh.first(), 1U);
  fresh.add(5);
  EXPECT_EQ(fresh.first(), 1U);
}

TEST_F(FleetPlanTest, EverybodyIsAskedWhereTheRecordIsGone) {
  end(1, kKilled);
  plan.add(7);
  EXPECT_EQ(ids(plan.everybody(now)), Ids{7}) << "1 was the master";
  EXPECT_EQ(ids(plan.everybody(now + 50)), (Ids{1, 7}));
}

TEST_F(FleetPlanTest, ARefusedConfigurationIsKnownUntilAWorkerComesUp) {
  for (const ExitStatus status : {ExitStatus::kConfig, ExitStatus::kUsage}) {
    EXPECT_FALSE(plan.config_refused());
    end(2, ProcessEnd{static_cast<int64_t>(status), 0});
    EXPECT_TRUE(plan.config_refused());
    up(2);
  }
  EXPECT_FALSE(plan.config_refused());
  end(2, kFailed);
  EXPECT_FALSE(plan.config_refused());
}

// --- what an operator kills ---

TEST_F(FleetPlanTest, CrashTakesTheMasterOrTheSlaveWithTheHighestPidOnce) {
  EXPECT_EQ(plan.master_to_crash(group())->id, 1U);
  plan.crashed(1);
  EXPECT_EQ(plan.master_to_crash(group()), nullptr);
  EXPECT_EQ(plan.slave_to_crash(group())->id, 2U);
  plan.crashed(2);
  EXPECT_EQ(plan.slave_to_crash(group())->id, 3U);
  plan.crashed(3);
  EXPECT_EQ(plan.slave_to_crash(group()), nullptr);
  end(2, kKilled);
  up(2);
  EXPECT_EQ(plan.slave_to_crash(group())->id, 2U) << "it is another process";
  EXPECT_EQ(plan.master_to_crash({}), nullptr) << "there is no record";
}

TEST_F(FleetPlanTest, TheLastThatHasEverythingAndWillGoOnIsKnown) {
  EXPECT_FALSE(plan.is_last_good_copy(2, group(), {1, 2, 3}));
  EXPECT_TRUE(plan.is_last_good_copy(2, group(), {2}));
  EXPECT_TRUE(plan.is_last_good_copy(2, group(), {})) << "whether it answers or not";
  plan.crashed(1);
  EXPECT_FALSE(plan.is_last_good_copy(2, group(), {1, 2, 3}));
  plan.told_to_stop(3, now);
  EXPECT_TRUE(plan.is_last_good_copy(2, group(), {1, 2, 3}));
  EXPECT_FALSE(plan.is_last_good_copy(4, group(), {})) << "it is no member";
}

// --- directories ---

TEST_F(FleetPlanTest, TheFactsOfADirectoryCountOthersOnly) {
  end(2, kFailed);
  DirectoryFacts of_directory;
  of_directory.has_data = true;
  DirectoryFacts facts = plan.facts_of(2, of_directory, group(), {1, 2, 3}, {});
  EXPECT_TRUE(facts.has_data);
  EXPECT_EQ(facts.exit_status, kFailed.status);
  EXPECT_TRUE(facts.record_known && facts.in_set && facts.leader_open && facts.set_may_shrink);
  EXPECT_FALSE(facts.leads);
  EXPECT_EQ(facts.good_copies, 2U);
  EXPECT_EQ(facts.min_in_sync, 2U);
  EXPECT_TRUE(facts.others_may_lead);
  facts = plan.facts_of(2, {}, group(), {1}, {2, 3, 1});
  EXPECT_FALSE(facts.others_may_lead) << "their disks have failed";
  EXPECT_EQ(facts.good_copies, 1U);
  EXPECT_TRUE(plan.facts_of(1, {}, group(), {}, {}).leads);
  EXPECT_FALSE(plan.facts_of(1, {}, {}, {}, {}).record_known);
}

// The next process is started on a directory that was made ready: the end of the last one is dealt
// with.
TEST_F(FleetPlanTest, AnExitStatusCountsOnce) {
  end(2, ProcessEnd{static_cast<int64_t>(ExitStatus::kIo), 0});
  EXPECT_TRUE(is_distrusted(plan.facts_of(2, {}, group(), {}, {})));
  plan.prepared(2);
  EXPECT_FALSE(is_distrusted(plan.facts_of(2, {}, group(), {}, {})));
}

TEST(ProcessEnd, IsTold) {
  EXPECT_EQ(describe(ProcessEnd{3, 0}), "exit status 3");
  EXPECT_EQ(describe(kKilled), "killed by SIGKILL (Killed)");
  EXPECT_EQ(describe(std::nullopt), "ended");
}

}  // namespace
}  // namespace tandem::orch
