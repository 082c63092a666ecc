// tables/select.h: the texts, and that indexes give the order that is asked for.
#include "tables/select.h"

#include <gmock/gmock.h>

#include "tables/query_generator.h"
#include "tables/reader_fixture.h"

namespace tandem::tables {
namespace {

using testing::HasSubstr;
using testing::Not;

Select select_of(const db::Schema& schema, std::string_view text, size_t most = 10) {
  const auto query = db::parse_query(db::json_of(text), schema, {});
  EXPECT_TRUE(query) << query.error().message;
  return query->count ? select_count(*query, schema.tables()[query->table])
                      : select_rows(*query, schema.tables()[query->table], most);
}

TEST(Select, TextsDependOnTheShapeAlone) {
  const db::Schema schema = db::schema_of(kEdgesSchema);
  const auto text = [&](std::string_view query) { return select_of(schema, query).sql; };
  EXPECT_EQ(text(R"({"table":"texts","columns":["n"],"where":{"k":"a"}})"),
            R"(SELECT t."n" FROM public."texts" AS t WHERE t."k" = $1)");
  EXPECT_EQ(text(R"({"table":"numbers","columns":["k"],"where":{"nn":{"ne":1,"in":[1,null]}},)"
                 R"("order":["-nn","tn"],"offset":2})"),
            R"(SELECT t."k" FROM public."numbers" AS t WHERE t."nn" IS DISTINCT FROM $1 AND )"
            R"((t."nn" = ANY ($2::bigint[]) OR t."nn" IS NULL) )"
            R"(ORDER BY t."nn" DESC NULLS LAST, t."tn" NULLS FIRST, t."k" LIMIT $3 OFFSET $4)");
  EXPECT_EQ(
      text(R"({"table":"texts","count":true,"where":{"tn":null,"n":{"ne":1},"b":{"in":[]}}})"),
      R"(SELECT count(*) FROM public."texts" AS t WHERE t."tn" IS NULL AND t."n" <> $1 )"
      R"(AND false)");
  EXPECT_EQ(text(R"({"table":"texts","where":{"t":{"in":["a"]}}})"),
            text(R"({"table":"texts","where":{"t":{"in":["b","c","d"]}},"limit":7})"));
}

class SelectOnServer : public ReaderTest {
 protected:
  std::string plan_of(std::string_view query) {
    Select select = select_of(file_->schema(), query);
    pg::Batch batch;
    batch.add_once("EXPLAIN (COSTS OFF) " + select.sql, std::move(select.parameters),
                   {pg::Type::kText});
    const pg::Outcome outcome = run(*connection_, std::move(batch));
    EXPECT_TRUE(outcome) << outcome.error().error.message;
    std::string plan;
    for (size_t i = 0; i < outcome->front().size(); ++i) {
      plan += std::string(outcome->front().text(i, 0)) + '\n';
    }
    return plan;
  }
};

// But for rows with a null: to PostgreSQL "IS NULL" fixes no value.
TEST_F(SelectOnServer, IndexesGiveTheOrder) {
  begin(kEdgesSchema);
  make_database("plans");
  copy_tables();
  must_carry_out({R"(INSERT INTO public.texts SELECT 'k' || i, 't' || i % 100,
      CASE WHEN i % 10 = 0 THEN NULL ELSE 'tn' || i END, i, CASE WHEN i % 9 = 0 THEN NULL
      ELSE i % 300 END, i % 2 = 0, NULL, i, NULL, '{}', NULL FROM generate_series(1, 20000) AS i)",
                  "ANALYZE"});
  for (const char* query :
       {R"({"table":"texts"})", R"({"table":"texts","order":["-k"]})",
        R"({"table":"texts","where":{"t":"t5"}})", R"({"table":"texts","order":["t"]})",
        R"({"table":"texts","order":["nn","tn"]})", R"({"table":"texts","order":["at","b"]})",
        R"({"table":"texts","where":{"nn":5},"order":["tn"]})",
        R"({"table":"texts","where":{"nn":{"gt":290}},"order":["nn","tn"]})",
        R"({"table":"texts","where":{"t":"t5","k":{"gt":"k2"}}})"}) {
    const std::string plan = plan_of(query);
    EXPECT_THAT(plan, HasSubstr("Index Scan")) << query;
    EXPECT_THAT(plan, Not(HasSubstr("Sort"))) << query << '\n' << plan;
  }
}

}  // namespace
}  // namespace tandem::tables
