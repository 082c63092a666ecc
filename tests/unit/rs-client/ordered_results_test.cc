#include "rs-client/ordered_results.h"

#include <gtest/gtest.h>

#include <string>

namespace tandem::client {
namespace {

TEST(OrderedResults, GivesResultsInTheOrderOfTheQuestions) {
  OrderedResults<std::string> results;
  const uint64_t a = results.open();
  const uint64_t b = results.open();
  const uint64_t c = results.open();
  results.put(c, "c");
  EXPECT_FALSE(results.take());
  results.put(a, "a");
  EXPECT_EQ(results.take(), "a");
  EXPECT_FALSE(results.take());
  results.put(b, "b");
  EXPECT_EQ(results.take(), "b");
  EXPECT_EQ(results.take(), "c");
  EXPECT_FALSE(results.take());
}

TEST(OrderedResults, CountsWhatWasNotTaken) {
  OrderedResults<int> results;
  const uint64_t first = results.open();
  const uint64_t second = results.open();
  results.put(second, 2);
  EXPECT_EQ(results.size(), 2u);
  results.put(first, 1);
  results.take();
  EXPECT_EQ(results.size(), 1u);
}

TEST(OrderedResults, GoesOnAfterHavingBeenEmpty) {
  OrderedResults<int> results;
  for (int i = 0; i < 100; ++i) {
    results.put(results.open(), i);
    EXPECT_EQ(results.take(), i);
  }
}

}  // namespace
}  // namespace tandem::client
