#include "group/stand_in.h"

#include <gtest/gtest.h>

namespace tandem::group {
namespace {

constexpr int64_t kS = 1'000'000'000;

TEST(StandIn, BeginsWhenThereWasNoLeaderForLongAndEndsWithOne) {
  StandIn stand_in(1 * kS);
  EXPECT_FALSE(stand_in.look(true, 10 * kS));
  EXPECT_FALSE(stand_in.look(false, 20 * kS));
  EXPECT_FALSE(stand_in.look(false, 21 * kS - 1));
  EXPECT_FALSE(stand_in.look(true, 21 * kS));  // it was back just in time
  EXPECT_FALSE(stand_in.look(false, 22 * kS));
  EXPECT_TRUE(stand_in.look(false, 23 * kS));
  EXPECT_TRUE(stand_in.look(false, 99 * kS));
  EXPECT_FALSE(stand_in.look(true, 100 * kS));
}

TEST(StandIn, WaitsForLongerEachTimeUntilALeaderStays) {
  StandIn stand_in(1 * kS);
  int64_t now = 10 * kS;
  for (const int64_t wait : {1 * kS, 2 * kS, 4 * kS, 8 * kS, 16 * kS, 32 * kS, 60 * kS, 60 * kS}) {
    EXPECT_FALSE(stand_in.look(false, now));
    EXPECT_FALSE(stand_in.look(false, now + wait - 1));
    EXPECT_TRUE(stand_in.look(false, now += wait));
    EXPECT_FALSE(stand_in.look(true, now += kS));
    now += kS;
  }
  EXPECT_FALSE(stand_in.look(true, now += kS));
  EXPECT_FALSE(stand_in.look(true, now += 60 * kS));
  EXPECT_FALSE(stand_in.look(false, now += kS));
  EXPECT_TRUE(stand_in.look(false, now += kS));
}

TEST(StandIn, NeverWhereItIsNotWanted) {
  StandIn stand_in(0);
  EXPECT_FALSE(stand_in.look(false, 1));
  EXPECT_FALSE(stand_in.look(false, INT64_MAX));
}

}  // namespace
}  // namespace tandem::group
