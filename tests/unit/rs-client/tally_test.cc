#include "rs-client/tally.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

constexpr int64_t kMs = 1'000'000;

TEST(Latencies, TellMeanAndNearestRank) {
  Latencies latencies;
  for (int64_t i = 100; i >= 1; --i) latencies.add(i * kMs);
  EXPECT_EQ(latencies.count(), 100u);
  EXPECT_EQ(latencies.mean_ms(), wire::Json(50.5));
  EXPECT_EQ(latencies.quantile_ms(0.5), wire::Json(50.0));
  EXPECT_EQ(latencies.quantile_ms(0.99), wire::Json(99.0));
  EXPECT_EQ(latencies.quantile_ms(1), wire::Json(100.0));
  EXPECT_EQ(latencies.quantile_ms(0), wire::Json(1.0));
}

TEST(Latencies, OfOneAreThatOne) {
  Latencies latencies;
  latencies.add(1'234'567);
  EXPECT_EQ(latencies.mean_ms(), wire::Json(1.235));
  EXPECT_EQ(latencies.quantile_ms(0.99), wire::Json(1.235));
}

TEST(Latencies, OfNothingAreNull) {
  EXPECT_TRUE(Latencies().mean_ms().is_null());
  EXPECT_TRUE(Latencies().quantile_ms(0.5).is_null());
}

TEST(Gap, IsTheLongestBetweenAnswers) {
  Gap gap;
  gap.answered(5000 * kMs);
  EXPECT_TRUE(gap.longest_ms().is_null());
  gap.answered(5010 * kMs);
  gap.answered(5015 * kMs);
  EXPECT_EQ(gap.longest_ms(), wire::Json(10.0));
}

TEST(Tally, AddsUpAndShowsEverything) {
  Tally one;
  one.latencies.add(kMs);
  one.errors = 1;
  one.out_of_stock = 2;
  one.mismatches = 3;
  one.retries = 4;
  Tally sum;
  sum.latencies.add(3 * kMs);
  sum.add(one);
  sum.add(one);
  EXPECT_EQ(to_row("all", sum).dump(),
            R"({"kind":"all","count":3,"mean_ms":1.667,"p50_ms":1.0,"p99_ms":3.0,"errors":2,)"
            R"("out_of_stock":4,"mismatches":6,"retries":8,"longest_gap_ms":null})");
}

}  // namespace
}  // namespace tandem::client
