// Values of the database (db/value.h) as PostgreSQL has them:
//
//   type            column of a table         on the way there       on the way back
//   integer         bigint                    bigint                 bigint
//   timestamp       bigint: ms since 1970     bigint                 bigint
//   text            text COLLATE "C"          text                   text
//   boolean         boolean                   boolean                boolean
//   list of text    text[] COLLATE "C"        text, and a cast       text[]
//
// In the collation "C" texts are in the order of their bytes, as everywhere in tandem. A list goes
// as the text of an array: so that a column of many lists is an array of texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "db/schema.h"
#include "db/value.h"
#include "db/write_cost.h"
#include "pg/parameters.h"
#include "pg/rows.h"

namespace tandem::tables {

// "a ""name""", as it stands in SQL.
std::string quoted(std::string_view name);
// 'it''s', for what cannot be a parameter.
std::string literal(std::string_view text);

std::string_view column_type(db::Type type);  // text COLLATE "C"
pg::Type parameter_type(db::Type type);
pg::Type result_type(db::Type type);
// "$3", and with the cast that the type needs.
std::string parameter(size_t number, db::Type type);
// The type of an array of parameters: bigint[].
std::string_view array_type(db::Type type);
// What makes a value of an element of that array: "u.c0::text[]" of "u.c0".
std::string element(const std::string& name, db::Type type);

void append_value(pg::Parameters& parameters, const db::Value& value, db::Type type);
// As one parameter: an array.
void append_values(pg::Parameters& parameters, const std::vector<const db::Value*>& values,
                   db::Type type);

// As COPY wants it, which knows no casts.
void append_copied(pg::Parameters& parameters, const db::Value& value, db::Type type);

db::Value value_of(const pg::Rows& rows, size_t row, size_t column, db::Type type);

// The columns of the table in their order: "a", "b".
std::string column_list(const db::TableSchema& table);
// Rows as they are fetched: whole, or with some columns of which only the length comes (db::Elsewhere),
// which PostgreSQL knows without reading the text.
class FetchedRow {
 public:
  // The table outlives this.
  explicit FetchedRow(const db::TableSchema& table, db::Columns elsewhere = {});

  // Of a SELECT from the table as t, and their types.
  const std::string& columns() const { return columns_; }
  const std::vector<pg::Type>& types() const { return types_; }
  // Of an answer that begins with these.
  db::RowPtr row_of(const pg::Rows& rows, size_t number) const;

 private:
  const db::TableSchema& table_;
  db::Columns elsewhere_;
  std::string columns_;
  std::vector<pg::Type> types_;
};

}  // namespace tandem::tables
