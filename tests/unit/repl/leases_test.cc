#include "repl/leases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tandem::repl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kLeaseNs = 1000;
constexpr int64_t kHoldNs = 900;  // nine tenths of it
constexpr int64_t kPromisedNs = 50'000;
const Member kSelf{1, 11};
const Member kTwo{2, 22};
const Member kThree{3, 33};

class LeasesTest : public testing::Test {
 protected:
  std::vector<Member> holders(int64_t now_ns) const {
    std::vector<Member> all;
    leases.each_holder(now_ns, [&all](const Member& member) { all.push_back(member); });
    return all;
  }
  int64_t deadline(int64_t now_ns) const {
    Deadline next(now_ns);
    leases.add_deadlines(next, now_ns);
    return next.ns();
  }
  // Stamped 100 by its own clock, and heard when ours said this.
  static Answers heard_at(int64_t heard_ns) {
    Answers answers;
    answers.answered(heard_ns - 10, 100, heard_ns);
    return answers;
  }

  Leases leases{kLeaseNs, kSelf, {kSelf, kTwo, kThree}, kPromisedNs};
};

TEST(Answers, TheNewestOfEachCounts) {
  Answers answers;
  answers.answered(10, 500, 20);
  answers.answered(5, 400, 30);  // came late
  EXPECT_EQ(answers.sent_ns, 10);
  EXPECT_EQ(answers.stamp_ns, 500);
  EXPECT_EQ(answers.heard_ns, 20);
  answers.answered(15, 500, 40);  // that stamp was heard before
  EXPECT_EQ(answers.sent_ns, 15);
  EXPECT_EQ(answers.heard_ns, 20);
}

TEST_F(LeasesTest, ThePredecessorIsOverOneLeaseLengthAfterThePromise) {
  EXPECT_FALSE(leases.predecessor_is_over(kPromisedNs + kLeaseNs - 1));
  EXPECT_TRUE(leases.predecessor_is_over(kPromisedNs + kLeaseNs));
}

TEST_F(LeasesTest, ThePredecessorIsOverWhenAllOthersHavePromised) {
  leases.has_promised(kTwo);
  leases.has_promised({3, 34});  // another disk with its id
  EXPECT_FALSE(leases.predecessor_is_over(kPromisedNs));
  leases.has_promised(kThree);
  EXPECT_TRUE(leases.predecessor_is_over(kPromisedNs));
}

TEST_F(LeasesTest, OneThatWasElectedFromItselfHasNoPredecessorToWaitFor) {
  const Leases alone(kLeaseNs, kSelf, {kSelf}, kPromisedNs);
  EXPECT_TRUE(alone.predecessor_is_over(kPromisedNs));
}

TEST_F(LeasesTest, TheLeadersOwnRunsFromWhenItSentWhatWasAnswered) {
  EXPECT_EQ(leases.held_by(Answers{}), 0);
  EXPECT_EQ(leases.held_by(heard_at(60'000)), 59'990 + kHoldNs);
}

TEST_F(LeasesTest, WhatIsGrantedEndsByThenOnAnyClock) {
  // From its stamp to the end there are 200 of ours: it counts nine tenths of that.
  EXPECT_EQ(leases.grant(kTwo, 7, heard_at(60'000), 60'200, 60'100), 180);
  EXPECT_TRUE(leases.runs(kTwo, 60'199));
  EXPECT_FALSE(leases.runs(kTwo, 60'200));
  EXPECT_FALSE(leases.runs(kThree, 60'100));
}

TEST_F(LeasesTest, NoneIsGrantedThatWouldBeOver) {
  EXPECT_EQ(leases.grant(kTwo, 7, heard_at(60'000), 60'000, 60'100), 0);
  EXPECT_THAT(holders(60'100), IsEmpty());
}

TEST_F(LeasesTest, ALaterGrantNeverEndsAnEarlierOne) {
  leases.grant(kTwo, 7, heard_at(60'000), 60'500, 60'100);
  leases.grant(kTwo, 7, heard_at(60'100), 60'300, 60'100);
  EXPECT_TRUE(leases.runs(kTwo, 60'499));
}

TEST_F(LeasesTest, HoldersAreThoseWhoseLeaseRuns) {
  leases.grant(kTwo, 7, heard_at(60'000), 60'200, 60'100);
  leases.grant(kThree, 8, heard_at(60'000), 60'400, 60'100);
  EXPECT_THAT(holders(60'100), ElementsAre(kTwo, kThree));
  EXPECT_THAT(holders(60'200), ElementsAre(kThree));
  leases.forget_ended(60'200);
  EXPECT_THAT(holders(60'100), ElementsAre(kThree));
}

TEST_F(LeasesTest, DeathVoidsWhatThatSessionWasGranted) {
  leases.grant(kTwo, 7, heard_at(60'000), 60'500, 60'100);
  leases.died(kTwo, 6);  // an earlier life
  leases.died(kThree, 7);
  EXPECT_TRUE(leases.runs(kTwo, 60'100));
  leases.died(kTwo, 7);
  EXPECT_FALSE(leases.runs(kTwo, 60'100));
}

TEST_F(LeasesTest, DeathVoidsNothingWhereMoreThanOneSessionMayHoldIt) {
  leases.grant(kTwo, 7, heard_at(60'000), 60'500, 60'100);
  leases.grant(kTwo, 8, heard_at(60'100), 60'600, 60'200);
  leases.died(kTwo, 7);
  leases.died(kTwo, 8);
  EXPECT_TRUE(leases.runs(kTwo, 60'300));
  // Once both are over the next is one session's again.
  leases.grant(kTwo, 8, heard_at(60'700), 61'000, 60'800);
  leases.died(kTwo, 8);
  EXPECT_FALSE(leases.runs(kTwo, 60'800));
}

TEST_F(LeasesTest, IsLookedAtWhenSomethingEnds) {
  EXPECT_EQ(deadline(kPromisedNs), kPromisedNs + kLeaseNs);
  leases.grant(kTwo, 7, heard_at(kPromisedNs), kPromisedNs + 500, kPromisedNs + 100);
  EXPECT_EQ(deadline(kPromisedNs + 100), kPromisedNs + 500);
  EXPECT_EQ(deadline(kPromisedNs + 500), kPromisedNs + kLeaseNs);
  leases.has_promised(kTwo);
  leases.has_promised(kThree);
  EXPECT_EQ(deadline(kPromisedNs + 500), INT64_MAX);
}

}  // namespace
}  // namespace tandem::repl
