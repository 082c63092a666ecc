#include "rs-client/drill_verdict.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

TEST(DrillVerdict, IsSafeWhereNothingWasLostDoubledOrStale) {
  const DrillFindings findings{.answered = 1234, .paused_ms = 58};
  EXPECT_FALSE(findings.violated());
  EXPECT_EQ(verdict_of(findings),
            "SAFE: 1234 writes answered, none lost or doubled; writes paused 58 ms");
}

TEST(DrillVerdict, AWriteWithoutAnOutcomeIsNoViolation) {
  EXPECT_EQ(
      verdict_of({.answered = 9, .unknown = 1, .paused_ms = 5000}),
      "SAFE: 9 writes answered, none lost or doubled; 1 write without an outcome; writes paused "
      "5000 ms");
}

TEST(DrillVerdict, NamesEachViolation) {
  EXPECT_EQ(verdict_of({.answered = 10, .lost = 2, .paused_ms = 7}),
            "VIOLATION: 10 writes answered, 2 lost; writes paused 7 ms");
  EXPECT_EQ(verdict_of({.answered = 10, .doubled = 1, .paused_ms = 7}),
            "VIOLATION: 10 writes answered, 1 doubled; writes paused 7 ms");
  EXPECT_EQ(verdict_of({.answered = 10, .stale = 3, .paused_ms = 7}),
            "VIOLATION: 10 writes answered, none lost or doubled; 3 reads older than what was "
            "answered before; writes paused 7 ms");
}

}  // namespace
}  // namespace tandem::client
