// The tables of a schema as PostgreSQL has them, for people and their tools as much as for us:
//
//   public."rides"       the rows, with the columns and types of tables/codec.h
//   tandem_view."rides"  the same for people: timestamps are timestamptz
//
// Nothing that is declared refuses what the engine allows: a batch is written as its outcome alone,
// in any order, so that unique constraints and references are looked at when it is committed. They
// are there for the planner and for tools; the engine keeps to them by itself. Keys can refuse
// nothing, and rows are put in place by them (ON CONFLICT), so that those are looked at at once.
//
// The order of an index is the engine's: null comes before all others. For a column without nulls
// it is said in neither index nor query, as the index of a key or a constraint cannot say it. The
// key comes last in every other index, so that it gives rows in the order that they are wanted in.
//
// Pure: texts of SQL, in their order, each to be sent once (pg::Batch::add_once). REQUIRES: the
// schema is one that db::admit_schema() takes, else a name would be cut and meet another. In a
// transaction that has changed rows "SET CONSTRAINTS ALL IMMEDIATE" has to stand before them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "db/schema.h"

namespace tandem::tables {

// All tables, with their indexes, references and views.
std::vector<std::string> create_sql(const db::Schema& schema);
// What makes the tables of `from` those of `to`. REQUIRES: `to` is a SchemaChange of it: it has all
// that `from` has, under the same numbers. A new unique constraint fails with 23505 where there are
// two rows with one value.
std::vector<std::string> change_sql(const db::Schema& from, const db::Schema& to);
// What others have made that depends on the tables, as views and foreign keys, goes with them.
std::vector<std::string> drop_sql(const db::Schema& schema);

// The same in parts, for tables that are filled in another schema of the database first: the tables
// with their keys; what else is declared, once their rows are there; the views, in their place,
// once they are in public.
std::vector<std::string> create_tables_sql(const db::Schema& schema, std::string_view place);
std::vector<std::string> constraints_sql(const db::Schema& schema, std::string_view place);
std::vector<std::string> views_sql(const db::Schema& schema);

constexpr std::string_view kPublic = "public";
// "public.\"rides\""
std::string table_name(const db::TableSchema& table, std::string_view place = kPublic);
// "\"ts\"", with what makes PostgreSQL's order of the column that of the engine: " NULLS FIRST", or
// " DESC NULLS LAST".
std::string in_order(const db::Column& column, bool falling);

}  // namespace tandem::tables
