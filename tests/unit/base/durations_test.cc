#include "base/durations.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace tandem {
namespace {

TEST(Durations, ABucketHoldsWhatItSays) {
  for (int64_t us = 0; us < 1 << 27; us = us < 100 ? us + 1 : us + us / 7) {
    const size_t bucket = Durations::bucket_of(us);
    EXPECT_LE(Durations::begin_us(bucket), us);
    EXPECT_LT(us, Durations::begin_us(bucket + 1));
  }
  EXPECT_EQ(Durations::bucket_of(-1), 0U);
  EXPECT_EQ(Durations::bucket_of(std::numeric_limits<int64_t>::max()), Durations::kBuckets - 1);
}

TEST(Durations, CountsAndAddsUp) {
  Durations durations;
  EXPECT_TRUE(durations.counts().empty());
  durations.add(2);
  durations.add(2);
  durations.add(-1);  // of a clock that is not to be trusted
  ASSERT_EQ(durations.counts().size(), 3U);
  EXPECT_EQ(durations.counts()[0], 1);
  EXPECT_EQ(durations.counts()[2], 2);
  EXPECT_EQ(durations.total_us(), 4);
}

}  // namespace
}  // namespace tandem
