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

TEST(DrillPause, IsTheLongestTimeWithoutAnAnsweredWrite) {
  Pause pause;
  pause.unanswered(500);  // before the first answer nothing is measured
  EXPECT_EQ(pause.longest_ms(), 0);
  pause.answered(1000);
  pause.answered(1058);
  pause.answered(1060);
  EXPECT_EQ(pause.longest_ms(), 58);
}

TEST(DrillPause, CountsWritesThatAreNeverAnswered) {
  Pause pause;
  pause.answered(1000);
  pause.unanswered(31'000);
  EXPECT_EQ(pause.longest_ms(), 30'000);
}

}  // namespace
}  // namespace tandem::client
