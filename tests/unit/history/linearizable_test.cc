#include "history/linearizable.h"

#include <gtest/gtest.h>

#include <string>

#include "history/builder.h"

namespace tandem::history {
namespace {

Verdict verdict(const History& history) { return check_linearizable(history).verdict(); }

TEST(Linearizable, NothingIsRight) { EXPECT_EQ(verdict({}), Verdict::kOk); }

TEST(Linearizable, OneAfterTheOther) {
  EXPECT_EQ(verdict({read(1, 0, 1, kAbsent), write(1, 2, 3, 5), read(2, 4, 5, 5), write(2, 6, 7, 6),
                     read(1, 8, 9, 6)}),
            Verdict::kOk);
}

TEST(Linearizable, AWriteThatIsUnderWayMayOrMayNotBeSeen) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), write(2, 2, 9, 2), read(1, 3, 4, 1), read(3, 5, 6, 2)}),
            Verdict::kOk);
}

TEST(Linearizable, EqualTimesAreConcurrent) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), write(2, 2, 4, 2), read(3, 4, 5, 1)}), Verdict::kOk);
}

TEST(Linearizable, ConcurrentWritesInTheOrderThatReadsShow) {
  EXPECT_EQ(verdict({write(1, 0, 9, 1), write(2, 0, 9, 2), write(3, 0, 9, 3), read(4, 10, 11, 2),
                     read(5, 10, 11, 2)}),
            Verdict::kOk);
}

TEST(Linearizable, AnUnknownWriteThatTookEffectLate) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), unknown(write(2, 2, 0, 2)), read(1, 10, 11, 1),
                     read(1, 20, 21, 2), read(1, 30, 31, 2)}),
            Verdict::kOk);
}

TEST(Linearizable, AnUnknownWriteThatNeverDid) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), unknown(write(2, 2, 0, 2)), read(1, 10, 11, 1),
                     write(1, 20, 21, 3), read(1, 30, 31, 3)}),
            Verdict::kOk);
}

TEST(Linearizable, AnUnknownWriteAfterALaterWrite) {
  EXPECT_EQ(
      verdict({unknown(write(2, 0, 0, 2)), write(1, 5, 6, 3), read(1, 7, 8, 3), read(1, 9, 10, 2)}),
      Verdict::kOk);
}

TEST(Linearizable, UnknownCompareSetsThatDependOnEachOther) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), unknown(compare_set(2, 2, 0, 1, 2)),
                     unknown(compare_set(3, 2, 0, 2, 3)), read(1, 9, 10, 3)}),
            Verdict::kOk);
}

TEST(Linearizable, AMismatchThatAnUnknownWriteExplains) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), unknown(write(2, 2, 0, 2)),
                     with(compare_set(1, 5, 6, 1, 9), Outcome::kMismatch)}),
            Verdict::kOk);
}

TEST(Linearizable, RefusedOperationsTellNothing) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), with(write(1, 2, 3, 2), Outcome::kRefused),
                     with(compare_set(1, 4, 5, 1, 3), Outcome::kRefused),
                     with(read(1, 6, 7, 8), Outcome::kUnknown), read(1, 8, 9, 1)}),
            Verdict::kOk);
}

TEST(Linearizable, OneOfTwoCompareSetsWins) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), compare_set(2, 2, 9, 1, 2),
                     with(compare_set(3, 2, 9, 1, 3), Outcome::kMismatch), read(1, 10, 11, 2)}),
            Verdict::kOk);
}

TEST(Linearizable, Counters) {
  EXPECT_EQ(verdict({increment(1, 0, 9, 1), increment(2, 0, 9, 2), unknown(increment(3, 0, 0, 4)),
                     read(4, 10, 11, 3), read(4, 12, 13, 7)}),
            Verdict::kOk);
}

TEST(Linearizable, SessionReadsAreNotLookedAt) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), write(1, 2, 3, 2), at_index(read(2, 4, 5, 1), 7, 1)}),
            Verdict::kOk);
}

// Wrong ones.

TEST(Linearizable, AStaleRead) {
  const History history = {write(1, 0, 1, 1), write(1, 2, 3, 2), read(2, 4, 5, 1)};
  const Linearity result = check_linearizable(history);
  ASSERT_EQ(result.verdict(), Verdict::kViolated);
  ASSERT_EQ(result.violations.size(), 1u);
  const Violation& violation = result.violations[0];
  EXPECT_EQ(violation.problem, Problem::kNotLinearizable);
  EXPECT_EQ(violation.key, "k");
  EXPECT_EQ(violation.operations, (std::vector<size_t>{2, 0, 1}));
  EXPECT_NE(violation.text.find("the value is 2"), std::string::npos) << violation.text;
  EXPECT_NE(violation.text.find("client 2 [4, 5] read 1"), std::string::npos) << violation.text;
}

TEST(Linearizable, ALostWrite) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), read(1, 2, 3, kAbsent)}), Verdict::kViolated);
}

TEST(Linearizable, AValueThatNobodyWrote) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), read(1, 2, 3, 8)}), Verdict::kViolated);
}

TEST(Linearizable, AReadOfTheFuture) {
  EXPECT_EQ(verdict({read(1, 0, 1, 5), write(2, 2, 3, 5)}), Verdict::kViolated);
}

TEST(Linearizable, AnUnknownWriteReadBeforeItsCall) {
  EXPECT_EQ(verdict({read(1, 0, 1, 5), unknown(write(2, 2, 0, 5))}), Verdict::kViolated);
}

TEST(Linearizable, TwoReadersThatDisagreeOnTheOrder) {
  EXPECT_EQ(verdict({write(1, 0, 99, 1), write(2, 0, 99, 2), read(3, 1, 2, 1), read(4, 3, 4, 2),
                     read(3, 5, 6, 1)}),
            Verdict::kViolated);
}

TEST(Linearizable, AReadGoesBackWhileTheWriteIsUnderWay) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), write(1, 2, 99, 2), read(2, 3, 4, 2), read(3, 5, 6, 1)}),
            Verdict::kViolated);
}

TEST(Linearizable, AnUnknownWriteTakesEffectTwice) {
  EXPECT_EQ(verdict({unknown(write(1, 0, 0, 1)), read(2, 1, 2, 1), write(2, 3, 4, 2),
                     read(2, 5, 6, 2), read(2, 7, 8, 1)}),
            Verdict::kViolated);
}

TEST(Linearizable, ARefusedWriteIsSeen) {
  EXPECT_EQ(
      verdict({write(1, 0, 1, 1), with(write(1, 2, 3, 2), Outcome::kRefused), read(1, 4, 5, 2)}),
      Verdict::kViolated);
}

TEST(Linearizable, TwoCompareSetsWinOnTheSameValue) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), compare_set(2, 2, 9, 1, 2), compare_set(3, 2, 9, 1, 3)}),
            Verdict::kViolated);
}

TEST(Linearizable, ACompareSetThatRepeats) {
  EXPECT_EQ(
      verdict({write(1, 0, 1, 1), compare_set(1, 2, 3, 1, 2), write(1, 4, 5, 1), read(2, 6, 7, 2)}),
      Verdict::kViolated);
}

TEST(Linearizable, AMismatchThoughItHeldTheValue) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), with(compare_set(1, 2, 3, 1, 2), Outcome::kMismatch)}),
            Verdict::kViolated);
}

TEST(Linearizable, AnUnknownCompareSetFromAValueThatNeverWas) {
  EXPECT_EQ(verdict({write(1, 0, 1, 1), unknown(compare_set(2, 2, 0, 7, 8)), read(1, 3, 4, 8)}),
            Verdict::kViolated);
}

TEST(Linearizable, ALostIncrement) {
  EXPECT_EQ(verdict({increment(1, 0, 1, 1), increment(2, 2, 3, 1), read(1, 4, 5, 1)}),
            Verdict::kViolated);
}

TEST(Linearizable, ADoubledIncrement) {
  EXPECT_EQ(verdict({increment(1, 0, 1, 1), unknown(increment(2, 2, 0, 1)), read(1, 4, 5, 3)}),
            Verdict::kViolated);
}

TEST(Linearizable, OnlyTheWrongKeyIsNamed) {
  const Linearity result = check_linearizable(
      History{of_key(write(1, 0, 1, 1), "good"), of_key(write(1, 0, 1, 1), "bad"),
              of_key(read(1, 2, 3, 1), "good"), of_key(read(1, 2, 3, 2), "bad")});
  ASSERT_EQ(result.violations.size(), 1u);
  EXPECT_EQ(result.violations[0].key, "bad");
  EXPECT_EQ(result.keys, 2u);
}

// A violation deep inside of much concurrency, after many operations of unknown outcome.
History long_history(bool wrong) {
  History history;
  int64_t value = 0;
  for (Time t = 0; t < 2000; t += 10) {
    for (uint32_t c = 0; c < 4; ++c) history.push_back(write(c, t, t + 8, ++value));
    if (t % 50 == 0) history.push_back(unknown(write(9, t, 0, 1'000'000 + t)));
    if (t % 100 == 0 && t > 0) history.push_back(read(5, t + 9, t + 9, 1'000'000 + t - 100));
    history.push_back(
        read(6, t + 9, t + 9, t % 100 == 0 && t > 0 ? 1'000'000 + t - 100 : value - 2));
  }
  if (wrong) history.push_back(read(7, 3000, 3001, value - 9));
  return history;
}

TEST(Linearizable, ManyConcurrentAndUnknownOperations) {
  EXPECT_EQ(verdict(long_history(false)), Verdict::kOk);
}

TEST(Linearizable, AStaleReadAfterManyConcurrentAndUnknownOperations) {
  EXPECT_EQ(verdict(long_history(true)), Verdict::kViolated);
}

// The budget.

TEST(Linearizable, ABudgetThatRunsOutIsUnknownAndNotOk) {
  LinearOptions options;
  options.steps_per_key = 20;
  const Linearity result = check_linearizable(long_history(false), options);
  EXPECT_EQ(result.verdict(), Verdict::kUnknown);
  EXPECT_EQ(result.unknown, (std::vector<std::string>{"k"}));
}

TEST(Linearizable, TimeThatRunsOutIsUnknownAndNotOk) {
  LinearOptions options;
  options.out_of_time = [] { return true; };
  History history;
  for (int64_t i = 0; i < 3000; ++i) history.push_back(write(1, 3 * i, 3 * i + 1, i));
  EXPECT_EQ(check_linearizable(history, options).verdict(), Verdict::kOk);
  for (int64_t i = 3000; i < 9000; ++i) history.push_back(write(1, 3 * i, 3 * i + 1, i));
  EXPECT_EQ(check_linearizable(history, options).verdict(), Verdict::kUnknown);
}

TEST(Linearizable, AViolationOutweighsAnUnknownKey) {
  LinearOptions options;
  options.steps_per_key = 20;
  History history = long_history(false);
  history.push_back(of_key(read(1, 0, 1, 7), "bad"));
  const Linearity result = check_linearizable(history, options);
  EXPECT_EQ(result.verdict(), Verdict::kViolated);
  EXPECT_EQ(result.unknown.size(), 1u);
}

TEST(Linearizable, TheSameHistoryTakesTheSameSteps) {
  const History history = long_history(true);
  EXPECT_EQ(check_linearizable(history).steps, check_linearizable(history).steps);
}

}  // namespace
}  // namespace tandem::history
