#include "retirement.h"

#include <gtest/gtest.h>

namespace tandem::orch {
namespace {

TEST(RetirementTest, ARunningOneIsStoppedOnceTheLeaderKeepsItOut) {
  RetirementFacts facts{.running = true};
  EXPECT_EQ(next_step(facts), RetirementStep::kWait);
  facts.leader_knows = true;
  EXPECT_EQ(next_step(facts), RetirementStep::kStop);
  facts.told_to_stop = true;
  EXPECT_EQ(next_step(facts), RetirementStep::kWait);
  facts.running = false;
  EXPECT_EQ(next_step(facts), RetirementStep::kErase);
}

TEST(RetirementTest, AMemberIsNeitherStoppedNorErased) {
  for (const bool running : {false, true}) {
    const RetirementFacts facts{.in_set = true, .running = running, .leader_knows = true};
    EXPECT_EQ(next_step(facts), RetirementStep::kWait) << running;
  }
}

TEST(RetirementTest, TheMasterStays) {
  EXPECT_EQ(next_step({.leads = true, .in_set = true, .running = true}), RetirementStep::kStay);
}

// It was taken into the set while it ended: the leader takes it out again where it can.
TEST(RetirementTest, ARetiringMemberComesBackWhereTheSetNeedsIt) {
  EXPECT_FALSE(is_needed_back(true, true, 3, 2));
  EXPECT_TRUE(is_needed_back(true, true, 2, 2));
  EXPECT_TRUE(is_needed_back(true, false, 3, 2));
  EXPECT_TRUE(is_needed_back(false, true, 3, 2));
}

}  // namespace
}  // namespace tandem::orch
