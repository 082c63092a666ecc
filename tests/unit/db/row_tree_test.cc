#include "db/row_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>

namespace tandem::db {
namespace {

RowPtr row_of(int64_t key, int64_t value) {
  return std::make_shared<const Row>(Row{Value(key), Value(value)});
}

using Model = std::map<int64_t, int64_t>;

int64_t integer(const Value& value) { return *std::get_if<int64_t>(&value); }

Model contents(const RowTree& tree) {
  Model out;
  int64_t last = INT64_MIN;
  tree.visit_from({}, [&](const Row& row) {
    EXPECT_GT(integer(row[0]), last);
    last = integer(row[0]);
    out[last] = integer(row[1]);
    return true;
  });
  EXPECT_EQ(tree.size(), out.size());
  return out;
}

size_t count_below(const RowTree& tree, int64_t key, bool or_equal) {
  const Value bound(key);
  const Value* values[] = {&bound};
  return tree.count_below(values, or_equal);
}

// One step that mostly grows or mostly shrinks the tree, in long runs.
void change(RowTree& tree, Model& model, std::mt19937_64& random, int64_t keys, int step) {
  const auto key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys));
  const bool grows = (step / 1000) % 2 == 0;
  if (random() % 10 < (grows ? 8u : 2u)) {
    EXPECT_EQ(tree.put(row_of(key, step)) != nullptr, model.contains(key));
    model[key] = step;
  } else {
    EXPECT_EQ(tree.erase(*row_of(key, 0)) != nullptr, model.erase(key) == 1);
  }
  ASSERT_EQ(tree.size(), model.size());
}

class RowTreeTest : public testing::TestWithParam<int> {};

// Copies must keep what they hold, whatever happens to the tree that they were made of, and the
// other way round.
TEST_P(RowTreeTest, AgreesWithAMapAndCopiesAreIndependent) {
  std::mt19937_64 random(static_cast<uint64_t>(GetParam()));
  const int64_t keys = int64_t{1} << (GetParam() % 14 + 1);
  RowTree tree({0});
  Model model;
  std::vector<std::pair<RowTree, Model>> copies;
  for (int step = 0; step < 8000; ++step) {
    change(tree, model, random, keys, step);
    if (random() % 500 == 0) copies.emplace_back(tree, model);
    if (!copies.empty() && random() % 4 == 0) {
      auto& [copy, was] = copies[random() % copies.size()];
      change(copy, was, random, keys, step);
    }
  }
  EXPECT_EQ(contents(tree), model);
  for (const auto& [copy, was] : copies) EXPECT_EQ(contents(copy), was);
  size_t below = 0;
  for (int64_t key = -1; key <= keys; ++key) {
    EXPECT_EQ(tree.find(Value(key)) != nullptr, model.contains(key));
    const Value from(key);
    const Value* values[] = {&from};
    int64_t first = -1;
    tree.visit_from(values, [&](const Row& row) {
      first = integer(row[0]);
      return false;
    });
    const auto expected = model.lower_bound(key);
    EXPECT_EQ(first, expected == model.end() ? -1 : expected->first);
    EXPECT_EQ(count_below(tree, key, false), below);
    below += model.count(key);
    EXPECT_EQ(count_below(tree, key, true), below);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RowTreeTest, testing::Range(0, 28));

TEST(RowTree, RisingKeysFillTheirNodes) {
  RowTree tree({0});
  for (int64_t key = 0; key < 640'000; ++key) tree.put(row_of(key, 0));
  EXPECT_LE(tree.nodes(), 640'000 / RowTree::kNodeSize * 102 / 100);
}

// Memory must follow the living rows, in whatever order the others went.
TEST(RowTree, NodesJoinWhenMostRowsAreGone) {
  for (const bool upwards : {true, false}) {
    RowTree tree({0});
    for (int64_t key = 0; key < 64'000; ++key) tree.put(row_of(key, 0));
    for (int64_t i = 0; i < 64'000; ++i) {
      const int64_t key = upwards ? i : 63'999 - i;
      if (key % 64 != 0) tree.erase(*row_of(key, 0));
    }
    EXPECT_EQ(tree.size(), 1000u);
    EXPECT_LE(tree.nodes(), 1000u / (RowTree::kNodeSize / 9)) << upwards;
    for (int64_t key = 0; key < 64'000; key += 64) tree.erase(*row_of(key, 0));
    EXPECT_EQ(tree.nodes(), 0u);
  }
}

TEST(RowTree, VisitsBackwardsUntilToldToStop) {
  RowTree tree({0});
  for (int64_t key = 0; key < 10'000; ++key) tree.put(row_of(key, 0));
  int64_t expected = 9999;
  tree.visit_backwards([&](const Row& row) {
    EXPECT_EQ(integer(row[0]), expected--);
    return expected > 5000;
  });
  EXPECT_EQ(expected, 5000);
}

// Rows of one value are found by it alone, in the order of the key.
TEST(RowTree, VisitsAndCountsWhatBeginsWithAValue) {
  RowTree tree({1, 0});
  for (int64_t key = 0; key < 10'000; ++key) tree.put(row_of(key, key % 7));
  const Value three(int64_t{3});
  const Value* values[] = {&three};
  int64_t expected = 3;
  tree.visit_from(values, [&](const Row& row) {
    if (integer(row[1]) != 3) return false;
    EXPECT_EQ(integer(row[0]), expected);
    expected += 7;
    return true;
  });
  EXPECT_EQ(expected, 10'006);
  EXPECT_EQ(tree.count_below(values, true) - tree.count_below(values, false), 1429u);
}

// A copy is another thread's alone: what the sanitizer for threads watches.
TEST(RowTree, ACopyIsReadChangedAndFreedByAnotherThread) {
  RowTree tree({0});
  for (int64_t key = 0; key < 5000; ++key) tree.put(row_of(key, 0));
  for (int round = 0; round < 20; ++round) {
    std::thread other([copy = tree]() mutable {
      EXPECT_EQ(contents(copy).size(), copy.size());
      for (int64_t key = 0; key < 5000; key += 3) copy.erase(*row_of(key, 0));
    });
    for (int64_t key = 0; key < 5000; key += 7) tree.put(row_of(key, round));
    other.join();
  }
  EXPECT_EQ(tree.size(), 5000u);
}

}  // namespace
}  // namespace tandem::db
