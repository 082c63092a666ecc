#include "db/row_store.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tandem::db {
namespace {

RowPtr row_of(int64_t key, int64_t value) {
  return std::make_shared<const Row>(Row{Value(key), Value(value)});
}

using Model = std::map<int64_t, int64_t>;

int64_t integer(const Value& value) { return *std::get_if<int64_t>(&value); }

Model contents(const RowStore& store) {
  Model out;
  int64_t last = INT64_MIN;
  store.visit_from(nullptr, [&](const Row& row) {
    EXPECT_GT(integer(row[0]), last);
    last = integer(row[0]);
    out[last] = integer(row[1]);
    return true;
  });
  return out;
}

Model contents(const RowStore::Frozen& frozen) {
  Model out;
  for (const auto& leaf : frozen) {
    for (const RowPtr& row : leaf->rows) out[integer((*row)[0])] = integer((*row)[1]);
  }
  return out;
}

class RowStoreTest : public testing::TestWithParam<int> {};

// Frozen pictures must keep what they showed, whatever happens to the store afterwards.
TEST_P(RowStoreTest, AgreesWithAMapAndFrozenStatesStay) {
  std::mt19937_64 random(static_cast<uint64_t>(GetParam()));
  const int64_t keys = int64_t{1} << (GetParam() % 12 + 1);
  RowStore store(0);
  Model model;
  std::vector<std::pair<RowStore::Frozen, Model>> frozen;
  for (int step = 0; step < 5000; ++step) {
    const auto key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys));
    // Long runs that mostly grow or mostly shrink.
    const bool grows = (step / 1000) % 2 == 0;
    if (random() % 10 < (grows ? 8u : 2u)) {
      EXPECT_EQ(store.put(row_of(key, step)) != nullptr, model.contains(key));
      model[key] = step;
    } else {
      EXPECT_EQ(store.erase(Value(key)) != nullptr, model.erase(key) == 1);
    }
    ASSERT_EQ(store.size(), model.size());
    if (random() % 500 == 0) frozen.emplace_back(store.freeze(), model);
  }
  EXPECT_EQ(contents(store), model);
  for (const auto& [picture, was] : frozen) EXPECT_EQ(contents(picture), was);
  for (int64_t key = -1; key <= keys; ++key) {
    EXPECT_EQ(store.find(Value(key)) != nullptr, model.contains(key));
    const Value from(key);
    int64_t first = -1;
    store.visit_from(&from, [&](const Row& row) {
      first = integer(row[0]);
      return false;
    });
    const auto expected = model.lower_bound(key);
    EXPECT_EQ(first, expected == model.end() ? -1 : expected->first);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RowStoreTest, testing::Range(0, 24));

TEST(RowStore, RisingKeysFillTheirLeaves) {
  RowStore store(0);
  for (int64_t key = 0; key < 6400; ++key) store.put(row_of(key, 0));
  EXPECT_LE(store.freeze().size(), 6400 / RowStore::kLeafRows + 1);
}

// Memory must follow the living rows, in whatever order the others went.
TEST(RowStore, LeavesJoinWhenMostRowsAreGone) {
  for (const bool upwards : {true, false}) {
    RowStore store(0);
    for (int64_t key = 0; key < 64'000; ++key) store.put(row_of(key, 0));
    for (int64_t i = 0; i < 64'000; ++i) {
      const int64_t key = upwards ? i : 63'999 - i;
      if (key % 64 != 0) store.erase(Value(key));
    }
    EXPECT_EQ(store.size(), 1000u);
    EXPECT_LE(store.freeze().size(), 1000u / (RowStore::kLeafRows / 8)) << upwards;
  }
}

TEST(RowStore, VisitsBackwardsUntilToldToStop) {
  RowStore store(0);
  for (int64_t key = 0; key < 1000; ++key) store.put(row_of(key, 0));
  int64_t expected = 999;
  store.visit_backwards([&](const Row& row) {
    EXPECT_EQ(integer(row[0]), expected--);
    return expected > 500;
  });
  EXPECT_EQ(expected, 500);
}

}  // namespace
}  // namespace tandem::db
