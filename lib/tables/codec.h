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

// The columns of the table in their order: "a", "b". `prefix`: what stands before each.
std::string column_list(const db::TableSchema& table, std::string_view prefix = {});
std::vector<pg::Type> result_types(const db::TableSchema& table);
// A row of an answer that begins with column_list().
db::RowPtr row_of(const pg::Rows& rows, size_t number, const db::TableSchema& table);

}  // namespace tandem::tables
