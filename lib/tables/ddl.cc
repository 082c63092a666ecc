#include "tables/ddl.h"

#include <algorithm>
#include <cstdio>
#include <string_view>
#include <variant>

#include "db/admission.h"
#include "tables/codec.h"
#include "tables/planted.h"
#include "wire/crc32c.h"

namespace tandem::tables {
namespace {

using db::Column;
using db::IndexSchema;
using db::Schema;
using db::TableSchema;
using Statements = std::vector<std::string>;

std::string view_name(const TableSchema& table) { return "tandem_view." + quoted(table.name); }

// A constant of the type of the column.
std::string constant(const db::Value& value) {
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return literal(std::to_string(*number)) + "::bigint";
  }
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "true" : "false";
  if (const auto* text = std::get_if<std::string>(&value)) return literal(*text) + "::text";
  std::string items;
  for (const std::string& text : std::get<db::TextList>(value)) {
    items += (items.empty() ? "" : ", ") + literal(text);
  }
  return "ARRAY[" + items + "]::text[]";
}

std::string column_definition(const Column& column) {
  std::string sql = quoted(column.name) + " " + std::string(column_type(column.type));
  if (!column.nullable) sql += " NOT NULL";
  if (column.default_value && !db::is_null(*column.default_value)) {
    sql += " DEFAULT " + constant(*column.default_value);
  }
  return sql;
}

// Of an index. Tables have their names beside it, and whatever could be the name of an index could
// be that of a table. So it ends in something that nobody comes upon by chance: a checksum of what
// the index is.
std::string index_name(const TableSchema& table, std::string_view kind,
                       const std::vector<size_t>& columns) {
  std::string readable = table.name;
  std::string whole = table.name + '\0' + std::string(kind);
  for (const size_t column : columns) {
    readable += "_" + table.columns[column].name;
    whole += '\0' + table.columns[column].name;
  }
  char end[10];
  const int length = std::snprintf(end, sizeof end, "_%08x", wire::crc32c(whole));
  size_t kept = std::min(readable.size(), db::kMaxNameBytes - static_cast<size_t>(length));
  // Never inside a character.
  while (kept < readable.size() && (static_cast<unsigned char>(readable[kept]) & 0xc0) == 0x80) {
    --kept;
  }
  return readable.substr(0, kept) + end;
}

std::string index_name(const TableSchema& table, const IndexSchema& index) {
  return index_name(table, index.unique ? "unique" : "index", index.columns);
}

std::string create_table(const TableSchema& table, std::string_view place) {
  std::string sql = "CREATE TABLE " + table_name(table, place) + " (";
  for (const Column& column : table.columns) sql += column_definition(column) + ", ";
  return sql + "CONSTRAINT " + quoted(index_name(table, "key", {table.key})) + " PRIMARY KEY (" +
         quoted(table.key_column().name) + "))";
}

std::string create_index(const TableSchema& table, const IndexSchema& index,
                         std::string_view place) {
  std::vector<size_t> columns = index.columns;
  const bool has_key = std::find(columns.begin(), columns.end(), table.key) != columns.end();
  if (!index.unique && !has_key && columns.size() < db::kMaxIndexColumns) {
    columns.push_back(table.key);
  }
  std::string names;
  for (const size_t column : columns) {
    const Column& its = table.columns[column];
    names += (names.empty() ? "" : ", ") + (index.unique ? quoted(its.name) : in_order(its, false));
  }
  const std::string name = quoted(index_name(table, index));
  if (!index.unique)
    return "CREATE INDEX " + name + " ON " + table_name(table, place) + " (" + names + ")";
  return "ALTER TABLE " + table_name(table, place) + " ADD CONSTRAINT " + name + " UNIQUE (" +
         names + (planted(Bug::kUniqueAtOnce) ? ")" : ") DEFERRABLE INITIALLY DEFERRED");
}

// NO ACTION, also where the engine deletes by cascade: it does that by itself.
std::string add_reference(const TableSchema& table, const Column& column, const Schema& schema,
                          std::string_view place) {
  const TableSchema& target = schema.tables()[column.references_table];
  return "ALTER TABLE " + table_name(table, place) + " ADD FOREIGN KEY (" + quoted(column.name) +
         ") REFERENCES " + table_name(target, place) + " (" + quoted(target.key_column().name) +
         ") DEFERRABLE INITIALLY DEFERRED";
}

// A timestamptz goes from 4714 BC to 294276; what lies beyond is endless there. It is counted from
// 2000 on, so that no other beginning reaches its ends. Days of 24 hours apart from the rest: the
// product of an interval is a floating-point one, and exact like this.
std::string readable(const Column& column) {
  const std::string name = quoted(column.name);
  if (column.type != db::Type::kTimestamp) return name;
  const std::string since_2000 = "(" + name + " - 946684800000)";
  return "CASE WHEN " + name + " < -210866803200000 THEN '-infinity' WHEN " + name +
         " > 9224318015999999 THEN 'infinity' ELSE timestamptz '2000-01-01 00:00:00+00' + " +
         since_2000 + " / 86400000 * interval '24 hours' + " + since_2000 +
         " % 86400000 * interval '1 millisecond' END AS " + name;
}

// Also of one that is there with fewer columns.
std::string create_view(const TableSchema& table) {
  std::string columns;
  for (const Column& column : table.columns) {
    columns += (columns.empty() ? "" : ", ") + readable(column);
  }
  return "CREATE OR REPLACE VIEW " + view_name(table) + " AS SELECT " + columns + " FROM " +
         table_name(table);
}

// One of the key alone is there as the key. One more that is unique would also stand in the way of
// ON CONFLICT, which takes no constraint that is looked at later.
bool is_the_key(const TableSchema& table, const IndexSchema& index) {
  return index.columns.size() == 1 && index.columns.front() == table.key;
}

void add_columns(const TableSchema& from, const TableSchema& to, Statements& sql) {
  for (size_t i = from.columns.size(); i < to.columns.size(); ++i) {
    sql.push_back("ALTER TABLE " + table_name(to) + " ADD COLUMN " +
                  column_definition(to.columns[i]));
  }
}

// An index that was made for a reference is gone where another one begins with its column now.
void change_indexes(const TableSchema& from, const TableSchema& to, Statements& sql) {
  const auto has = [](const TableSchema& table, const IndexSchema& index) {
    return std::find(table.indexes.begin(), table.indexes.end(), index) != table.indexes.end();
  };
  for (const IndexSchema& index : from.indexes) {
    if (is_the_key(from, index) || has(to, index)) continue;
    sql.push_back("DROP INDEX public." + quoted(index_name(from, index)));
  }
  for (const IndexSchema& index : to.indexes) {
    if (is_the_key(to, index) || has(from, index)) continue;
    sql.push_back(create_index(to, index, kPublic));
  }
}

}  // namespace

std::string table_name(const TableSchema& table, std::string_view place) {
  return std::string(place) + "." + quoted(table.name);
}

std::string in_order(const Column& column, bool falling) {
  const std::string name = quoted(column.name) + (falling ? " DESC" : "");
  if (!column.nullable || planted(Bug::kNoNullOrder)) return name;
  return name + (falling ? " NULLS LAST" : " NULLS FIRST");
}

std::vector<std::string> create_sql(const Schema& schema) { return change_sql({}, schema); }

std::vector<std::string> create_tables_sql(const Schema& schema, std::string_view place) {
  Statements sql;
  for (const TableSchema& table : schema.tables()) sql.push_back(create_table(table, place));
  return sql;
}

std::vector<std::string> constraints_sql(const Schema& schema, std::string_view place) {
  Statements sql;
  for (const TableSchema& table : schema.tables()) {
    for (const IndexSchema& index : table.indexes) {
      if (!is_the_key(table, index)) sql.push_back(create_index(table, index, place));
    }
  }
  for (const TableSchema& table : schema.tables()) {
    for (const Column& column : table.columns) {
      if (!column.references.empty()) sql.push_back(add_reference(table, column, schema, place));
    }
  }
  return sql;
}

std::vector<std::string> views_sql(const Schema& schema) {
  Statements sql;
  if (!schema.tables().empty()) sql.emplace_back("CREATE SCHEMA IF NOT EXISTS tandem_view");
  for (const TableSchema& table : schema.tables()) sql.push_back(create_view(table));
  return sql;
}

std::vector<std::string> change_sql(const Schema& from, const Schema& to) {
  const TableSchema none;
  const auto before = [&](size_t i) -> const TableSchema& {
    return i < from.tables().size() ? from.tables()[i] : none;
  };
  Statements sql;
  if (from.tables().empty() && !to.tables().empty()) {
    sql.emplace_back("CREATE SCHEMA IF NOT EXISTS tandem_view");
  }
  for (size_t i = 0; i < to.tables().size(); ++i) {
    const TableSchema& table = to.tables()[i];
    if (i < from.tables().size()) {
      add_columns(from.tables()[i], table, sql);
    } else {
      sql.push_back(create_table(table, kPublic));
    }
    change_indexes(before(i), table, sql);
  }
  // References may go in circles, so that all tables have to be there.
  for (size_t i = 0; i < to.tables().size(); ++i) {
    const TableSchema& table = to.tables()[i];
    for (size_t c = before(i).columns.size(); c < table.columns.size(); ++c) {
      const Column& column = table.columns[c];
      if (!column.references.empty()) sql.push_back(add_reference(table, column, to, kPublic));
    }
    if (table.columns.size() > before(i).columns.size()) sql.push_back(create_view(table));
  }
  return sql;
}

std::vector<std::string> drop_sql(const Schema& schema) {
  if (schema.tables().empty()) return {};
  std::string names;
  for (const TableSchema& table : schema.tables()) {
    names += (names.empty() ? "" : ", ") + table_name(table);
  }
  return {"DROP TABLE IF EXISTS " + names + " CASCADE"};
}

}  // namespace tandem::tables
