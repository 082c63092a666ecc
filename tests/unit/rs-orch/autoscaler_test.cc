#include "autoscaler.h"

#include <gtest/gtest.h>

namespace tandem::orch {
namespace {

struct AutoscalerTest : testing::Test {
  void read(int times) {
    for (int i = 0; i < times; ++i) scaler.count_read(now_ms);
  }
  // Slaves by the window that ends now; 0: none ends.
  uint32_t slaves() {
    const auto decision = scaler.tick(now_ms);
    return decision ? decision->slaves : 0;
  }

  Autoscaler scaler{{.window_ms = 1000, .reads_per_slave = 20, .min_slaves = 1, .max_slaves = 4}};
  int64_t now_ms = 5000;
};

TEST_F(AutoscalerTest, NoWindowBeginsBeforeTheFirstRead) {
  for (; now_ms < 20'000; now_ms += 500) EXPECT_EQ(slaves(), 0U);
  read(1);
  now_ms += 999;
  EXPECT_EQ(slaves(), 0U);
  now_ms += 1;
  EXPECT_EQ(slaves(), 1U);
}

TEST_F(AutoscalerTest, EachWindowTakesASlaveForAsManyReadsAndForWhatIsLeft) {
  read(1);
  for (const auto& [reads, expected] : {std::pair{20, 1}, {21, 2}, {40, 2}, {41, 3}, {0, 1}}) {
    read(reads - static_cast<int>(scaler.reads()));
    now_ms += 1000;
    EXPECT_EQ(slaves(), static_cast<uint32_t>(expected)) << reads;
    EXPECT_EQ(scaler.reads(), 0U) << "the count starts again";
  }
}

TEST_F(AutoscalerTest, StaysWithinTheBoundsAndTellsWhatItCounted) {
  read(1000);
  now_ms += 1000;
  const auto most = scaler.tick(now_ms);
  ASSERT_TRUE(most);
  EXPECT_EQ(most->slaves, 4U);
  EXPECT_EQ(most->reads, 1000U);
  scaler.set_rule({.window_ms = 1000, .reads_per_slave = 20, .min_slaves = 3, .max_slaves = 8});
  now_ms += 1000;
  EXPECT_EQ(slaves(), 3U) << "nobody reads";
}

TEST_F(AutoscalerTest, AWindowThatIsOverIsFollowedByAnotherAtOnce) {
  read(1);
  now_ms += 1000;
  EXPECT_EQ(slaves(), 1U);
  EXPECT_EQ(slaves(), 0U);
  now_ms += 1000;
  EXPECT_EQ(slaves(), 1U) << "without a read in it";
}

}  // namespace
}  // namespace tandem::orch
