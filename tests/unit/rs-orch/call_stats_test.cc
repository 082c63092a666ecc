#include "call_stats.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tandem::orch {
namespace {

int64_t begin_of(size_t bucket) {
  if (bucket < 4) return static_cast<int64_t>(bucket);
  return static_cast<int64_t>((4 + bucket % 4) << (bucket / 4 - 1));
}

TEST(DurationBucket, IsThatWhichItSays) {
  for (int64_t us = 0; us < 1 << 27; us = us < 100 ? us + 1 : us + us / 7) {
    const size_t bucket = duration_bucket(us);
    EXPECT_LE(begin_of(bucket), us);
    EXPECT_LT(us, begin_of(bucket + 1));
  }
  EXPECT_EQ(duration_bucket(-1), 0U);
  EXPECT_EQ(duration_bucket(std::numeric_limits<int64_t>::max()), 103U);
}

TEST(CallStats, CountsByKindAndOutcome) {
  CallStats stats;
  EXPECT_EQ(stats.json().dump(), R"({"reads":{"answered":0,"failed":0,"us":[]},)"
                                 R"("writes":{"answered":0,"failed":0,"us":[]}})");
  stats.ended(CallStats::Kind::kRead, 200, 3);
  stats.ended(CallStats::Kind::kRead, 400, 3);
  stats.ended(CallStats::Kind::kWrite, 503, 5);
  EXPECT_EQ(stats.json().dump(), R"({"reads":{"answered":2,"failed":0,"us":[0,0,0,2]},)"
                                 R"("writes":{"answered":0,"failed":1,"us":[0,0,0,0,0,1]}})");
}

}  // namespace
}  // namespace tandem::orch
