#include "history/checks.h"

#include <gtest/gtest.h>

#include <vector>

#include "history/builder.h"

namespace tandem::history {
namespace {

using Check = std::vector<Violation> (*)(std::span<const Operation>);

std::vector<Problem> problems(Check check, const History& history) {
  std::vector<Problem> found;
  for (const Violation& violation : check(history)) {
    EXPECT_EQ(violation.key, "k");
    EXPECT_FALSE(violation.operations.empty());
    EXPECT_FALSE(violation.text.empty());
    found.push_back(violation.problem);
  }
  return found;
}

using Problems = std::vector<Problem>;

TEST(Sets, RightOnes) {
  EXPECT_EQ(problems(check_sets, {}), Problems{});
  EXPECT_EQ(problems(check_sets, {read_set(1, 0, 1, {}), add(1, 2, 3, 1), add(2, 2, 9, 2),
                                  read_set(3, 4, 5, {1}), read_set(3, 6, 7, {2, 1}),
                                  read_set(3, 10, 11, {1, 2})}),
            Problems{});
}

TEST(Sets, UnknownAddsMayComeLateOrNever) {
  EXPECT_EQ(problems(check_sets, {unknown(add(1, 0, 0, 1)), unknown(add(1, 2, 0, 2)),
                                  read_set(2, 4, 5, {}), read_set(2, 6, 7, {1})}),
            Problems{});
}

TEST(Sets, AReadDuringTheAddMayMissIt) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 5, 1), read_set(2, 4, 8, {})}), Problems{});
}

TEST(Sets, SessionReadsMayBeBehind) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 1, 1), at_index(read_set(2, 4, 8, {}), 3, 1)}),
            Problems{});
}

TEST(Sets, Lost) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 1, 1), add(1, 2, 3, 2), read_set(2, 4, 5, {2})}),
            Problems{Problem::kLost});
}

TEST(Sets, LostAfterItWasSeen) {
  EXPECT_EQ(problems(check_sets,
                     {unknown(add(1, 0, 0, 1)), read_set(2, 4, 5, {1}), read_set(2, 6, 7, {})}),
            Problems{Problem::kLost});
}

TEST(Sets, Stale) {
  const std::vector<Violation> found =
      check_sets(History{add(1, 0, 1, 1), read_set(2, 4, 5, {}), read_set(2, 6, 7, {1})});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].problem, Problem::kStale);
  EXPECT_EQ(found[0].operations, (std::vector<size_t>{0, 1}));
}

TEST(Sets, StaleThoughTheAddIsStillUnderWay) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 99, 1), read_set(2, 4, 5, {1}), read_set(3, 6, 7, {}),
                                  read_set(2, 8, 9, {1})}),
            Problems{Problem::kStale});
}

TEST(Sets, Doubled) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 1, 1), read_set(2, 4, 5, {1, 1})}),
            Problems{Problem::kDoubled});
}

TEST(Sets, Phantom) {
  EXPECT_EQ(problems(check_sets, {read_set(2, 0, 1, {7})}), Problems{Problem::kPhantom});
  EXPECT_EQ(problems(check_sets, {read_set(2, 0, 1, {7}), add(1, 2, 3, 7)}),
            Problems{Problem::kPhantom});
}

TEST(Sets, ARefusedAddIsAPhantom) {
  EXPECT_EQ(
      problems(check_sets, {with(add(1, 0, 1, 7), Outcome::kRefused), read_set(2, 2, 3, {7})}),
      Problems{Problem::kPhantom});
}

TEST(Sets, ReadsThatEachLackWhatTheOtherHas) {
  EXPECT_EQ(problems(check_sets, {add(1, 0, 9, 1), add(2, 0, 9, 2), read_set(3, 1, 8, {1}),
                                  read_set(4, 1, 8, {2})}),
            Problems{Problem::kOrder});
}

TEST(Lists, RightOnes) {
  EXPECT_EQ(
      problems(check_lists, {append(1, 0, 1, 1), append(2, 2, 9, 2), append(3, 2, 9, 3),
                             unknown(append(4, 2, 0, 4)), read_list(5, 3, 4, {1, 3}),
                             read_list(5, 10, 11, {1, 3, 2}), read_list(5, 12, 13, {1, 3, 2, 4})}),
      Problems{});
}

TEST(Lists, Lost) {
  EXPECT_EQ(
      problems(check_lists, {append(1, 0, 1, 1), append(1, 2, 3, 2), read_list(1, 4, 5, {1})}),
      Problems{Problem::kLost});
}

TEST(Lists, Stale) {
  EXPECT_EQ(
      problems(check_lists, {append(1, 0, 1, 1), read_list(1, 4, 5, {}), read_list(1, 6, 7, {1})}),
      Problems{Problem::kStale});
}

TEST(Lists, DoubledByARepetition) {
  EXPECT_EQ(problems(check_lists,
                     {append(1, 0, 1, 1), append(1, 2, 3, 2), read_list(1, 4, 5, {1, 2, 1})}),
            Problems{Problem::kDoubled});
}

TEST(Lists, TheOrderOfAcknowledgedAppends) {
  EXPECT_EQ(
      problems(check_lists, {append(1, 0, 1, 1), append(2, 2, 3, 2), read_list(1, 4, 5, {2, 1})}),
      Problems{Problem::kOrder});
}

TEST(Lists, ReadsThatAreNoBeginningsOfEachOther) {
  EXPECT_EQ(problems(check_lists, {append(1, 0, 9, 1), append(2, 0, 9, 2), append(3, 0, 9, 3),
                                   read_list(4, 1, 8, {1, 2}), read_list(5, 1, 8, {2, 1, 3})}),
            Problems{Problem::kOrder});
}

TEST(Sessions, RightOnes) {
  EXPECT_EQ(problems(check_sessions,
                     {at_index(write(1, 0, 1, 1), 5, 1), at_index(read(1, 2, 3, 1), 5, 1),
                      at_index(read(1, 4, 5, 1), 9, 1), at_index(read(2, 6, 7, 1), 4, 2)}),
            Problems{});
}

TEST(Sessions, AReadBeforeTheOwnWrite) {
  EXPECT_EQ(problems(check_sessions,
                     {at_index(write(1, 0, 1, 1), 5, 1), at_index(read(1, 2, 3, kAbsent), 4, 1)}),
            Problems{Problem::kWentBack});
}

TEST(Sessions, AReadBeforeAnEarlierRead) {
  EXPECT_EQ(problems(check_sessions,
                     {at_index(read(1, 0, 1, 1), 9, 1), at_index(read(1, 2, 3, 1), 8, 1)}),
            Problems{Problem::kWentBack});
}

TEST(Sessions, TheOwnAddIsMissingThoughTheIndexIsRight) {
  EXPECT_EQ(problems(check_sessions,
                     {at_index(add(1, 0, 1, 1), 5, 1), at_index(read_set(1, 2, 3, {}), 6, 1)}),
            Problems{Problem::kWentBack});
}

TEST(Sessions, WhatWasSeenIsMissing) {
  EXPECT_EQ(problems(check_sessions, {at_index(read_list(1, 0, 1, {1, 2}), 5, 1),
                                      at_index(read_list(1, 2, 3, {1}), 5, 1)}),
            Problems{Problem::kWentBack});
}

TEST(Indexes, RightOnes) {
  EXPECT_EQ(
      problems(check_indexes, {at_index(write(1, 0, 1, 1), 5), unknown(write(2, 0, 0, 2)),
                               at_index(write(1, 2, 3, 3), 9), at_index(read(3, 9, 10, 1), 8, 1),
                               at_index(read(3, 9, 10, 2), 8, 1), at_index(read(3, 9, 10, 3), 9, 1),
                               at_index(read(3, 9, 10, kAbsent), 4, 1)}),
      Problems{});
  EXPECT_EQ(problems(check_indexes,
                     {at_index(add(1, 0, 1, 1), 5), unknown(add(2, 0, 0, 2)),
                      at_index(add(1, 2, 3, 3), 9), at_index(read_set(3, 9, 10, {1, 2}), 8, 1),
                      at_index(read_set(3, 9, 10, {1, 3}), 9, 1)}),
            Problems{});
}

TEST(Indexes, AReadThatIsBehindItsIndex) {
  EXPECT_EQ(problems(check_indexes, {at_index(write(1, 0, 1, 1), 5), at_index(write(1, 2, 3, 2), 7),
                                     at_index(read(2, 9, 10, 1), 7, 1)}),
            Problems{Problem::kWrongIndex});
}

TEST(Indexes, AReadThatIsAheadOfItsIndex) {
  EXPECT_EQ(
      problems(check_indexes, {at_index(write(1, 0, 1, 1), 5), at_index(read(2, 9, 10, 1), 4)}),
      Problems{Problem::kWrongIndex});
}

TEST(Indexes, ASetThatIsBehindItsIndex) {
  EXPECT_EQ(problems(check_indexes, {at_index(add(1, 0, 1, 1), 5), at_index(add(1, 2, 3, 2), 7),
                                     at_index(read_set(2, 9, 10, {1}), 7, 1)}),
            Problems{Problem::kWrongIndex});
}

TEST(Indexes, AListThatIsAheadOfItsIndex) {
  EXPECT_EQ(
      problems(check_indexes, {at_index(append(1, 0, 1, 1), 5), at_index(append(1, 2, 3, 2), 7),
                               at_index(read_list(2, 9, 10, {1, 2}), 6, 1)}),
      Problems{Problem::kWrongIndex});
}

TEST(Indexes, TwoOperationsAtTheSameIndex) {
  EXPECT_EQ(
      problems(check_indexes, {at_index(append(1, 0, 1, 1), 5), at_index(append(1, 2, 3, 2), 5)}),
      Problems{Problem::kWrongIndex});
}

TEST(Describe, SaysWhoWhenAndWhat) {
  EXPECT_EQ(describe(unknown(compare_set(3, 7, 0, 1, 2))), "client 3 [7, ?] if 1 write 2: unknown");
  EXPECT_EQ(describe(at_index(read_set(1, 2, 3, {4, 5}), 9, 1)),
            "client 1 [2, 3] read set [4 5], session, index 9");
  EXPECT_EQ(describe(read(1, 2, 3, kAbsent)), "client 1 [2, 3] read absent");
}

}  // namespace
}  // namespace tandem::history
