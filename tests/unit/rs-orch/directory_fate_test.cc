#include "directory_fate.h"

#include <gtest/gtest.h>

#include "base/exit_status.h"

namespace tandem::orch {
namespace {

constexpr auto kDiskFailed = static_cast<int64_t>(ExitStatus::kIo);

// A slave of a database of three that is well.
DirectoryFacts slave() {
  DirectoryFacts facts;
  facts.has_data = true;
  facts.exit_status = 0;
  facts.record_known = true;
  facts.in_set = true;
  facts.set_may_shrink = true;
  facts.leader_open = true;
  facts.others_may_lead = true;
  facts.good_copies = 2;
  facts.min_in_sync = 2;
  return facts;
}

TEST(FateAtStart, WhatIsTrustedIsStartedWhateverElseIsSo) {
  for (const int64_t status : {0, 65, 69, 70, 73, 75, 77, 78, 137}) {
    DirectoryFacts facts = slave();
    facts.exit_status = status;
    EXPECT_EQ(fate_at_start(facts), StartFate::kStart) << status;
    facts.record_known = facts.leader_open = facts.others_may_lead = false;
    facts.good_copies = 0;
    EXPECT_EQ(fate_at_start(facts), StartFate::kStart) << status;
  }
}

// 0 for an adopted one was once taken for an end in peace.
TEST(FateAtStart, AnUnknownExitStatusSaysNothingAndTheMarkAll) {
  DirectoryFacts facts = slave();
  facts.exit_status.reset();
  EXPECT_EQ(fate_at_start(facts), StartFate::kStart);
  facts.marked = true;
  facts.in_set = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kStartNew);
}

TEST(FateAtStart, ADistrustedMemberWaitsUntilTheSetGoesOnWithoutIt) {
  DirectoryFacts facts = slave();
  facts.exit_status = kDiskFailed;
  EXPECT_EQ(fate_at_start(facts), StartFate::kWait);
  facts.in_set = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kStartNew);
}

TEST(FateAtStart, WhereTheSetCannotShrinkItComesBackAsAnotherMember) {
  DirectoryFacts facts = slave();
  facts.marked = true;
  facts.set_may_shrink = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kStartNew);
  facts.good_copies = 0;  // the leader is open, it was said, and nobody answers
  EXPECT_EQ(fate_at_start(facts), StartFate::kWait);
}

// With two workers and min_in_sync 2 nobody takes writes before it has come back as another member.
TEST(FateAtStart, AnOldImageBeginsAnewWithoutWaitingForALeader) {
  DirectoryFacts facts = slave();
  facts.marked = facts.old = true;
  facts.set_may_shrink = facts.leader_open = false;
  facts.exit_status = 69;
  EXPECT_EQ(fate_at_start(facts), StartFate::kStartNew);
  facts.exit_status.reset();
  EXPECT_EQ(fate_at_start(facts), StartFate::kStartNew);
  facts.exit_status = kDiskFailed;
  facts.old = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kWait);
}

TEST(FateAtStart, TheLastCopyIsUsedThoughItIsDistrusted) {
  DirectoryFacts facts = slave();
  facts.marked = true;
  facts.leader_open = facts.others_may_lead = false;
  facts.good_copies = 0;
  for (const bool leads : {false, true}) {
    for (const bool may_shrink : {false, true}) {
      facts.leads = leads;
      facts.set_may_shrink = may_shrink;
      EXPECT_EQ(fate_at_start(facts), StartFate::kTrust);
    }
  }
}

TEST(FateAtStart, NothingIsDoneToADistrustedOneWhileTheGroupIsNotSeen) {
  DirectoryFacts facts = slave();
  facts.exit_status = kDiskFailed;
  facts.record_known = facts.in_set = facts.leader_open = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kWait);
  facts.record_known = true;
  EXPECT_EQ(fate_at_start(facts), StartFate::kWait);
  facts.has_data = false;
  EXPECT_EQ(fate_at_start(facts), StartFate::kStart);
}

TEST(FateAtStart, WhatWasGivenUpIsMovedAway) {
  DirectoryFacts facts = slave();
  facts.given_up = true;
  EXPECT_EQ(fate_at_start(facts), StartFate::kMoveAway);
}

TEST(MayBeRemoved, OnlyWhereAsManyOthersAnswerAsTheSetNeeds) {
  DirectoryFacts facts = slave();
  facts.in_set = false;
  EXPECT_TRUE(may_be_removed(facts));
  facts.good_copies = 1;
  EXPECT_FALSE(may_be_removed(facts));
  facts.min_in_sync = 1;
  EXPECT_TRUE(may_be_removed(facts));
  facts.min_in_sync = 0;
  facts.good_copies = 0;
  EXPECT_FALSE(may_be_removed(facts));
}

TEST(MayBeRemoved, NeverAMemberNorWithoutARecordOrAnOpenLeader) {
  DirectoryFacts facts = slave();
  EXPECT_FALSE(may_be_removed(facts));
  facts.in_set = false;
  facts.record_known = false;
  EXPECT_FALSE(may_be_removed(facts));
  facts.record_known = true;
  facts.leader_open = false;
  EXPECT_FALSE(may_be_removed(facts));
  facts.has_data = false;
  EXPECT_TRUE(may_be_removed(facts));
}

// Whatever is known: nothing that is done leaves nobody with the data.
TEST(DirectoryFate, NoCombinationLosesTheLastCopy) {
  for (unsigned bits = 0; bits < 1u << 8; ++bits) {
    DirectoryFacts facts;
    facts.has_data = true;
    facts.marked = (bits & 1) != 0;
    facts.record_known = (bits & 2) != 0;
    facts.in_set = (bits & 4) != 0;
    facts.leads = (bits & 8) != 0;
    facts.set_may_shrink = (bits & 16) != 0;
    facts.leader_open = (bits & 32) != 0;
    facts.others_may_lead = (bits & 64) != 0;
    if ((bits & 128) != 0) facts.exit_status = kDiskFailed;
    EXPECT_FALSE(may_be_removed(facts)) << bits;
    EXPECT_NE(fate_at_start(facts), StartFate::kStartNew) << bits;
  }
}

}  // namespace
}  // namespace tandem::orch
