// tables/statistics.h
#include "tables/statistics.h"

#include "db/plan.h"
#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

constexpr std::string_view kSchema = R"({"t":{"key":"k","columns":[
    {"name":"k","type":"text"},{"name":"often","type":"text"},
    {"name":"number","type":"integer","null":true},{"name":"flag","type":"boolean"},
    {"name":"list","type":"list of text"},{"name":"at","type":"timestamp"}],
    "indexes":[["often","number"],["at"]]},
  "empty":{"key":"k","columns":[{"name":"k","type":"integer"}]}})";

class StatisticsOnServer : public ReaderTest {};

TEST_F(StatisticsOnServer, SayHowValuesAreSpread) {
  begin(kSchema);
  make_database("statistics");
  copy_tables();
  // Half of the rows have one text, with what an array has to quote; a tenth have no number.
  must_carry_out({R"(INSERT INTO public.t SELECT 'k' || i,
      CASE WHEN i % 2 = 0 THEN 'a "b",{\}' ELSE 'c' || i END,
      CASE WHEN i % 10 = 0 THEN NULL ELSE i % 7 END, i % 4 = 0, ARRAY['x', 'y'], i
      FROM generate_series(1, 20000) AS i)",
                  "ANALYZE public.t, public.empty"});
  pg::Batch batch;
  add_statistics(batch);
  const pg::Outcome outcome = run(*connection_, std::move(batch));
  ASSERT_TRUE(outcome) << outcome.error().error.message;
  const auto spreads = spreads_of(outcome->front(), file_->schema());
  ASSERT_EQ(spreads.size(), 2U);
  EXPECT_EQ(spreads[1], nullptr);
  ASSERT_NE(spreads[0], nullptr);
  const db::TableSpread& spread = *spreads[0];
  EXPECT_NEAR(spread[1].part_equal(std::string(R"(a "b",{\})")), 0.5, 0.02);
  EXPECT_LT(spread[1].part_equal(std::string("c1")), 0.001);
  EXPECT_NEAR(spread[2].part_equal(db::Null()), 0.1, 0.02);
  EXPECT_NEAR(spread[2].part_equal(int64_t{3}), 0.9 / 7, 0.02);
  EXPECT_NEAR(spread[3].part_equal(true), 0.25, 0.02);
  EXPECT_LT(spread[0].part_equal(std::string("k7")), 0.001) << "each once, as a part of all rows";
  const db::Value low = int64_t{5'000};
  const db::Value high = int64_t{10'000};
  EXPECT_NEAR(spread[5].part_between(&low, &high), 0.25, 0.03);

  db::Residency residency(20'000);
  residency.set_spread(spreads[0]);
  const db::Table table(file_->schema().tables()[0], &residency);
  const auto cost = [&](std::string_view where) {
    const wire::Json json = db::json_of(where);
    const auto parsed = db::parse_where(&json, file_->schema().tables()[0], {});
    EXPECT_TRUE(parsed) << parsed.error().message;
    return static_cast<double>(db::Plan(table, *parsed).cost());
  };
  EXPECT_NEAR(cost(R"({"often":"a \"b\",{\\}","number":3})"), 20'000 * 0.5 * 0.9 / 7, 200);
  EXPECT_NEAR(cost(R"({"at":{"gt":19000}})"), 1'000, 300);
  EXPECT_EQ(cost(R"({"list":["x"]})"), 20'000) << "all of them";
}

}  // namespace
}  // namespace tandem::tables
