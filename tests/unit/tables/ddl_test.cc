// tables/ddl.h
#include "tables/ddl.h"

#include <gmock/gmock.h>

#include "db/generator.h"
#include "db/schema_change.h"
#include "tables/fixture.h"
#include "tables/table_sql.h"

namespace tandem::tables {
namespace {

using db::schema_of;
using testing::ElementsAre;

// Everything of the tables that PostgreSQL's catalog says, in one text.
constexpr const char* kCatalog = R"(
  SELECT coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C"), '') FROM (
    SELECT format('%s.%s %s %s %s %s', attrelid::regclass, attnum, attname,
                  format_type(atttypid, atttypmod), attnotnull,
                  pg_get_expr(adbin, adrelid)) AS line
      FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
      JOIN pg_class c ON c.oid = attrelid
      WHERE attnum > 0 AND c.relnamespace::regnamespace::text IN ('public', 'tandem_view')
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT definition FROM pg_views WHERE schemaname = 'tandem_view') AS all_of_it)";

TEST(Ddl, OfARideshareSchema) {
  const db::Schema schema = schema_of(R"({
    "users":{"key":"name","columns":[{"name":"name","type":"text"},
       {"name":"nick","type":"text","null":true}],"indexes":[{"columns":["nick"],"unique":true}]},
    "rides":{"key":"id","columns":[{"name":"id","type":"integer"},
       {"name":"by","type":"text","references":"users","on_delete":"cascade"},
       {"name":"seats","type":"integer","null":true,"default":3}],"indexes":[["seats"]]}})");
  EXPECT_THAT(
      create_sql(schema),
      ElementsAre(
          "CREATE SCHEMA IF NOT EXISTS tandem_view",
          R"(CREATE TABLE public."users" ("name" text COLLATE "C" NOT NULL, "nick" text COLLATE "C", CONSTRAINT "users_name_670e0c84" PRIMARY KEY ("name")))",
          R"(ALTER TABLE public."users" ADD CONSTRAINT "users_nick_bd678e01" UNIQUE ("nick") DEFERRABLE INITIALLY DEFERRED)",
          R"(CREATE TABLE public."rides" ("id" bigint NOT NULL, "by" text COLLATE "C" NOT NULL, "seats" bigint DEFAULT '3'::bigint, CONSTRAINT "rides_id_911a97d1" PRIMARY KEY ("id")))",
          R"(CREATE INDEX "rides_seats_980fa01b" ON public."rides" ("seats" NULLS FIRST, "id"))",
          R"(CREATE INDEX "rides_by_d0af7dab" ON public."rides" ("by", "id"))",
          R"(CREATE OR REPLACE VIEW tandem_view."users" AS SELECT "name", "nick" FROM public."users")",
          R"(ALTER TABLE public."rides" ADD FOREIGN KEY ("by") REFERENCES public."users" ("name") DEFERRABLE INITIALLY DEFERRED)",
          R"(CREATE OR REPLACE VIEW tandem_view."rides" AS SELECT "id", "by", "seats" FROM public."rides")"));
  EXPECT_THAT(change_sql(schema, schema), ElementsAre());
  EXPECT_THAT(drop_sql(schema), ElementsAre("DROP TABLE IF EXISTS public.\"users\", "
                                            "public.\"rides\" CASCADE"));
  EXPECT_THAT(drop_sql({}), ElementsAre());
  EXPECT_THAT(create_sql({}), ElementsAre());
}

class DdlOnServer : public TablesTest {
 protected:
  // A change makes what would have been made at once.
  void expect_change(std::string_view from_text, std::string_view to_text) {
    make_database("ddl");
    const db::Schema from = schema_of(from_text);
    const auto change = db::change_schema(from, schema_of(to_text));
    ASSERT_TRUE(change) << change.error().message;
    must_carry_out(create_sql(from));
    const std::string before = value(kCatalog);
    must_carry_out(change_sql(from, change->schema));
    const std::string changed = value(kCatalog);
    EXPECT_NE(before, changed);
    must_carry_out(drop_sql(change->schema));
    EXPECT_EQ(value(kCatalog), "");
    must_carry_out(create_sql(change->schema));
    EXPECT_EQ(value(kCatalog), changed);
  }
};

TEST_F(DdlOnServer, AChangeComesToWhatIsMadeAtOnce) {
  expect_change(R"({"a":{"key":"k","columns":[{"name":"k","type":"text"},
      {"name":"r","type":"text","references":"a"}]}})",
                R"({"b":{"key":"k","columns":[{"name":"k","type":"timestamp"},
      {"name":"a","type":"text","references":"a"},{"name":"f","type":"boolean"}]},
    "a":{"key":"k","columns":[{"name":"k","type":"text"},
      {"name":"r","type":"text","references":"a"},
      {"name":"t","type":"timestamp","null":true},{"name":"n","type":"integer","default":-9},
      {"name":"min","type":"integer","default":-9223372036854775808},
      {"name":"b","type":"boolean","default":false},
      {"name":"quote's \\ \"","type":"text","default":"it's \\ \"é\n"},
      {"name":"l","type":"list of text","default":["a,b","{}","\"","\\","NULL","","'"]},
      {"name":"later","type":"timestamp","null":true,"references":"b"}],
     "indexes":[["r","n"],["t"],{"columns":["n","quote's \\ \""],"unique":true},
                {"columns":["k"],"unique":true},["k"],["k","n"]]}})");
  expect_change("{}", db::kRidesSchema);
}

TEST_F(DdlOnServer, NamesThatOthersWouldChoose) {
  // Of a table, its key, an index of PostgreSQL's own making, and the longest that there are.
  const std::string longest = "é" + std::string(61, 'x');
  const std::string columns = R"("columns":[{"name":"k","type":"text"},
      {"name":")" + longest + R"(","type":"text"},
      {"name":"t","type":"integer"},{"name":"user","type":"text","default":""}],
      "indexes":[[")" + longest +
                              R"("],["t",")" + longest + R"("],["user"]]})";
  std::string text;
  for (const std::string& name : {std::string("t"), std::string("t_pkey"), std::string("t_k_idx"),
                                  std::string("user"), std::string("\\\"; DROP TABLE t; --"),
                                  std::string("pg_class"), std::string("\\n"), longest}) {
    text += (text.empty() ? "{\"" : ",\"") + name + R"(":{"key":"k",)" + columns;
  }
  make_database("ddl");
  const db::Schema schema = schema_of(text + "}");
  must_carry_out(create_sql(schema));
  EXPECT_EQ(value("SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"), "8");
  for (const db::TableSchema& table : schema.tables()) {
    pg::Batch batch;
    const db::RowPtr row = std::make_shared<const db::Row>(
        db::Row{std::string("a"), std::string("b"), int64_t{1}, std::string("u")});
    TableSql(table).write(batch, {{row}, {}});
    EXPECT_TRUE(run(*connection_, std::move(batch))) << table.name;
  }
  must_carry_out(drop_sql(schema));
  EXPECT_EQ(value("SELECT count(*)::text FROM pg_tables WHERE schemaname = 'public'"), "0");
}

TEST_F(DdlOnServer, WhatIsUniqueIsLookedAtInTheEnd) {
  make_database("ddl");
  const db::Schema schema = schema_of(R"({"a":{"key":"k","columns":[
      {"name":"k","type":"integer"},{"name":"u","type":"integer","null":true},
      {"name":"r","type":"integer","null":true,"references":"a","on_delete":"restrict"}],
      "indexes":[{"columns":["u"],"unique":true},{"columns":["k"],"unique":true}]}})");
  must_carry_out(create_sql(schema));
  const auto row = [](int64_t key, db::Value unique, db::Value reference) {
    return std::make_shared<const db::Row>(db::Row{key, std::move(unique), std::move(reference)});
  };
  const TableSql sql(schema.tables()[0]);
  const auto write = [&](const db::TableChanges& changes) {
    pg::Batch batch(pg::Place::kWhole);
    sql.write(batch, changes);
    return run(*connection_, std::move(batch));
  };
  EXPECT_TRUE(write({{row(1, int64_t{1}, int64_t{2}), row(2, int64_t{2}, int64_t{1}),
                      row(3, db::Null(), db::Null()), row(4, db::Null(), db::Null())},
                     {}}));
  EXPECT_TRUE(write({{row(1, int64_t{2}, int64_t{1}), row(2, int64_t{1}, int64_t{2})}, {}}))
      << "they change places";
  EXPECT_TRUE(write({{row(2, int64_t{2}, int64_t{2})}, {int64_t{1}}}));
  const auto twice = write({{row(5, int64_t{2}, db::Null())}, {}});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().sqlstate, "23505");
  const auto dangling = write({{row(5, int64_t{5}, int64_t{77})}, {}});
  ASSERT_FALSE(dangling);
  EXPECT_EQ(dangling.error().sqlstate, "23503");
}

TEST_F(DdlOnServer, TimesForPeople) {
  make_database("ddl");
  const db::Schema schema = schema_of(R"({"a":{"key":"k","columns":[
      {"name":"k","type":"integer"},{"name":"t","type":"timestamp","null":true}]}})");
  must_carry_out(create_sql(schema));
  must_carry_out(
      {"INSERT INTO public.a SELECT row_number() OVER (), t FROM unnest(ARRAY["
       "0, 1, -1, 1700000000123, 253402300799999, -62135596800000, "
       "-210866803200000, -210866803200001, 9224318015999999, 9224318016000000, "
       "-9223372036854775808, 9223372036854775807, 951786061001, NULL]) AS t"});
  // Whatever the time zone, and across changes of its offset.
  must(*connection_, {"SET timezone = 'America/New_York'"});
  EXPECT_EQ(value("SELECT string_agg(coalesce(to_char(t AT TIME ZONE 'UTC', "
                  "'YYYY-MM-DD HH24:MI:SS.US BC'), 'null'), E'\\n' ORDER BY k) "
                  "FROM tandem_view.a WHERE t IS NULL OR isfinite(t)"),
            "1970-01-01 00:00:00.000000 AD\n"
            "1970-01-01 00:00:00.001000 AD\n"
            "1969-12-31 23:59:59.999000 AD\n"
            "2023-11-14 22:13:20.123000 AD\n"
            "9999-12-31 23:59:59.999000 AD\n"
            "0001-01-01 00:00:00.000000 AD\n"
            "4714-11-24 00:00:00.000000 BC\n"
            "294276-12-31 23:59:59.999000 AD\n"
            "2000-02-29 01:01:01.001000 AD\n"
            "null");
  EXPECT_EQ(value("SELECT string_agg(k || ' ' || t, ', ' ORDER BY k) FROM tandem_view.a "
                  "WHERE NOT isfinite(t)"),
            "8 -infinity, 10 infinity, 11 -infinity, 12 infinity");
}

TEST_F(DdlOnServer, WhatPeopleMadeOnTablesGoesWithThem) {
  make_database("ddl");
  const db::Schema schema = schema_of(db::kRidesSchema);
  must_carry_out(create_sql(schema));
  must_carry_out({"CREATE VIEW mine AS SELECT count(*) FROM tandem_view.rides"});
  must_carry_out(drop_sql(schema));
  must_carry_out(drop_sql(schema));
  must_carry_out(create_sql(schema));
}

}  // namespace
}  // namespace tandem::tables
