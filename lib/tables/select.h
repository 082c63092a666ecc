// Queries as SQL: one SELECT, with what they compare with as parameters. The text depends on what a
// query looks like and never on its values, so that the server prepares each once: a list of values
// is one parameter.
//
//   column is a value                t."c" = $1
//   column is null                   t."c" IS NULL
//   ne a value, of a column that     t."c" IS DISTINCT FROM $1, as ne holds for null there
//     may be null
//   in                               t."c" = ANY ($1::bigint[]), and OR t."c" IS NULL
//   order                            ORDER BY t."c" NULLS FIRST, t."d" DESC, then the key
//
// Texts are compared in the collation of their columns, "C", and so are those in lists: item by item,
// the shorter one first, as std::vector does.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "db/query.h"
#include "db/schema.h"
#include "pg/batch.h"
#include "tables/codec.h"

namespace tandem::tables {

struct Select {
  std::string sql;
  pg::Parameters parameters;
  std::vector<pg::Type> columns;
};

// The rows of the answer, with the columns asked for, and of them `most` at most.
Select select_rows(const db::Query& query, const db::TableSchema& table, size_t most);
// Rows that the Where means, in no order, and of them `most` at most.
Select select_matching(const db::Where& where, const db::TableSchema& table, const FetchedRow& row,
                       uint64_t most);
// How many rows the Where means; one row.
Select select_count(const db::Query& query, const db::TableSchema& table);
// The same without those that the offset passes over, counted up to `most`.
Select select_count_up_to(const db::Query& query, const db::TableSchema& table, size_t most);

// Appends the value as JSON, as it stands in an answer. REQUIRES: the rows are of select_rows().
void append_cell(std::string& out, const pg::Rows& rows, size_t row, size_t column, db::Type type);

}  // namespace tandem::tables
