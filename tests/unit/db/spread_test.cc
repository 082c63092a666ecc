// db/spread.h, and what a plan for a table without its rows expects.
#include "db/spread.h"

#include "db/admission.h"
#include "db/fixture.h"
#include "db/plan.h"
#include "db/query.h"

namespace tandem::db {
namespace {

TEST(Spread, OfNothingKnown) {
  const ColumnSpread spread;
  EXPECT_DOUBLE_EQ(spread.part_equal(int64_t{1}), 1.0 / 200);
  EXPECT_DOUBLE_EQ(spread.part_equal(Null()), 0);
  const Value low = int64_t{1};
  EXPECT_DOUBLE_EQ(spread.part_between(&low, nullptr), 1);
}

TEST(Spread, CommonValuesAndTheRest) {
  const ColumnSpread spread{.nulls = 0.1, .distinct = 12, .common = {{int64_t{7}, 0.4}}};
  EXPECT_DOUBLE_EQ(spread.part_equal(Null()), 0.1);
  EXPECT_DOUBLE_EQ(spread.part_equal(int64_t{7}), 0.4);
  EXPECT_NEAR(spread.part_equal(int64_t{8}), 0.5 / 11, 1e-9);
}

TEST(Spread, BetweenBounds) {
  ColumnSpread spread{.distinct = 1000};
  for (int64_t i = 0; i <= 100; ++i) spread.bounds.emplace_back(i * 10);
  const auto between = [&](int64_t low, int64_t high) {
    const Value from = low;
    const Value to = high;
    return spread.part_between(&from, &to);
  };
  EXPECT_NEAR(between(200, 300), 0.1, 0.011);
  EXPECT_NEAR(between(-5, 2000), 1, 0.011);
  EXPECT_NEAR(between(500, 501), 0.005, 1e-9);
  EXPECT_DOUBLE_EQ(between(300, 200), 0);
  const Value low = int64_t{750};
  EXPECT_NEAR(spread.part_between(&low, nullptr), 0.25, 0.011);
}

class ExpectationTest : public testing::Test {
 protected:
  ExpectationTest() {
    auto spread = std::make_shared<TableSpread>(schema_.tables()[1].columns.size());
    (*spread)[3] = {.distinct = 100, .common = {{int64_t{5}, 0.3}}};
    (*spread)[4] = {.distinct = 10};
    residency_.set_spread(spread);
  }
  FindingCost cost(std::string_view text) {
    const auto query = parse_query(json_of(text), schema_, limits_);
    EXPECT_TRUE(query) << query.error().message;
    return finding_cost(*query, rides_, limits_);
  }
  uint64_t expected(std::string_view where) {
    return cost(R"({"table":"rides","where":)" + std::string(where) + "}").expected;
  }

  const Schema schema_ = schema_of(kRidesSchema);
  const Limits limits_;
  Residency residency_{1'000'000};
  const Table rides_{schema_.tables()[1], &residency_};
};

TEST_F(ExpectationTest, AKeyIsOneRowAndAnIndexAsManyAsItsSpreadSays) {
  EXPECT_EQ(expected(R"({"rideId":7})"), 1u);
  EXPECT_EQ(expected(R"({"rideId":{"in":[7,8,9]}})"), 3u);
  // With putting them in order.
  EXPECT_EQ(expected(R"({"source":5})"), 300'000u * 2);
  EXPECT_EQ(expected(R"({"source":5,"destination":1})"), 30'000u * 2);
  EXPECT_NEAR(static_cast<double>(expected(R"({"source":6,"destination":1})")), 707 * 2, 2);
  // Nothing is known of who made them.
  EXPECT_EQ(expected(R"({"created_by":"ann"})"), 5000u);
  EXPECT_EQ(expected(R"({"timestamp":5})"), 1'000'000u);
  residency_.clear();
  EXPECT_EQ(expected(R"({"source":5})"), 300'000u * 2) << "forgotten with the rows";
}

TEST_F(ExpectationTest, WhatEndsEarlyCostsLessAndWhatDoesNotCostsAtLeastThat) {
  const FindingCost some = cost(R"({"table":"rides","offset":100,"limit":50})");
  EXPECT_EQ(some.least, 150u);
  EXPECT_EQ(some.expected, 150u);
  EXPECT_EQ(cost(R"({"table":"rides","limit":0})").expected, 0u);
  EXPECT_EQ(cost(R"({"table":"rides","count":true})").expected, 0u);
  EXPECT_EQ(cost(R"({"table":"rides","order":["-timestamp"],"limit":5})").least, 2'000'000u);
  EXPECT_EQ(cost(R"({"table":"rides","count":true,"where":{"timestamp":5}})").least, 1'000'000u);
  const FindingCost filtered = cost(R"({"table":"rides","where":{"timestamp":5},"limit":1})");
  EXPECT_EQ(filtered.least, 0u) << "the first row may be it";
  EXPECT_EQ(filtered.expected, 1'000'000u);
  const FindingCost first = cost(
      R"({"table":"rides","where":{"source":5},"order":["destination","timestamp"],"limit":9})");
  EXPECT_EQ(first.least, 0u);
  EXPECT_EQ(first.expected, 9u);
}

TEST(PartialAdmission, AnUpdateThatWouldHaveToLookAtRowsIsRefused) {
  const Schema schema = schema_of(R"({"users":{"key":"name","columns":[
      {"name":"name","type":"text"},{"name":"town","type":"text"}],"indexes":[["town"]]}})");
  Residency residency(1);
  std::vector<Table> tables;
  tables.emplace_back(schema.tables()[0], &residency);
  const auto admitted = [&] {
    const auto command = parse_command(
        json_of(R"({"table":"users","op":"update","where":{"name":"ann"},"set":{"town":"Oslo"}})"),
        schema, {});
    return admit_command(*command, schema, tables, {});
  };
  EXPECT_TRUE(admitted());
  tables[0].set_longest_texts({1996, 5000});
  EXPECT_TRUE(admitted()) << "what is set takes the place of the longest";
  tables[0].set_longest_texts({1997, 5});
  const Status refused = admitted();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kTooLarge);
  EXPECT_EQ(residency.misses(), 0u) << "what is only looked for is not to be fetched";
}

}  // namespace
}  // namespace tandem::db
