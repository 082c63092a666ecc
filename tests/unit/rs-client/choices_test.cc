#include "rs-client/choices.h"

#include <gtest/gtest.h>

#include <vector>

namespace tandem::client {
namespace {

std::vector<size_t> picks(Choices choices) {
  std::vector<size_t> all;
  for (int i = 0; i < 50; ++i) all.push_back(choices.pick(1000));
  return all;
}

TEST(Choices, AreTheSameForTheSameSeedAndShopper) {
  EXPECT_EQ(picks(Choices(7, 0)), picks(Choices(7, 0)));
  EXPECT_NE(picks(Choices(7, 0)), picks(Choices(8, 0)));
  EXPECT_NE(picks(Choices(7, 0)), picks(Choices(7, 1)));
}

TEST(Choices, PickEachAboutAsOften) {
  Choices choices(1, 1);
  std::vector<int> counts(10);
  for (int i = 0; i < 10'000; ++i) ++counts.at(choices.pick(10));
  for (const int count : counts) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(Choices, TakeAChanceAsOftenAsItsProbabilitySays) {
  Choices choices(1, 1);
  int never = 0;
  int sometimes = 0;
  int always = 0;
  for (int i = 0; i < 10'000; ++i) {
    never += choices.chance(0) ? 1 : 0;
    sometimes += choices.chance(0.2) ? 1 : 0;
    always += choices.chance(1) ? 1 : 0;
  }
  EXPECT_EQ(never, 0);
  EXPECT_NEAR(sometimes, 2000, 150);
  EXPECT_EQ(always, 10'000);
}

}  // namespace
}  // namespace tandem::client
