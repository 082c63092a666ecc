#include "repl/adaptive_timeout.h"

#include <gtest/gtest.h>

namespace tandem::repl {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kSet = 400 * kMs;

TEST(AdaptiveTimeout, IsWhatIsSetWhereAnswersAreQuick) {
  AdaptiveTimeout timeout;
  EXPECT_EQ(timeout.ns(kSet), kSet);
  for (int64_t now = 0; now < 1000 * kMs; now += 50 * kMs) timeout.waited(50 * kMs, now);
  EXPECT_EQ(timeout.ns(kSet), kSet);
}

TEST(AdaptiveTimeout, IsThreeTimesTheLongestWaitWithinBounds) {
  AdaptiveTimeout timeout;
  timeout.waited(200 * kMs, 0);
  timeout.waited(50 * kMs, kMs);
  EXPECT_EQ(timeout.ns(kSet), 600 * kMs);
  timeout.waited(9'000 * kMs, 2 * kMs);
  EXPECT_EQ(timeout.ns(kSet), 4 * kSet);
}

TEST(AdaptiveTimeout, ForgetsAfterSomeSeconds) {
  AdaptiveTimeout timeout;
  timeout.waited(300 * kMs, 20'000 * kMs);
  timeout.waited(kMs, 25'000 * kMs);
  EXPECT_EQ(timeout.ns(kSet), 900 * kMs) << "of the window before";
  timeout.waited(kMs, 30'000 * kMs);
  EXPECT_EQ(timeout.ns(kSet), kSet);
}

TEST(AdaptiveTimeout, ForgetsOverALongTimeWithoutAnything) {
  AdaptiveTimeout timeout;
  timeout.waited(300 * kMs, 20'000 * kMs);
  timeout.waited(kMs, 60'000 * kMs);
  EXPECT_EQ(timeout.ns(kSet), kSet);
}

}  // namespace
}  // namespace tandem::repl
