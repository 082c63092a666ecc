#include "tables/table_sql.h"

#include <algorithm>
#include <map>
#include <utility>

#include "tables/codec.h"
#include "tables/select.h"

namespace tandem::tables {
namespace {

// "unnest($1::bigint[], $2::text[]) AS u(c0, c1)": rows of parameters that are arrays.
std::string unnested(const db::TableSchema& table, const std::vector<size_t>& columns) {
  std::string arrays;
  std::string names;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) arrays += ", ", names += ", ";
    arrays += '$' + std::to_string(i + 1) + "::";
    arrays += array_type(table.columns[columns[i]].type);
    names += 'c' + std::to_string(i);
  }
  return "unnest(" + arrays + ") AS u(" + names + ")";
}

std::string nth(size_t i) { return "u.c" + std::to_string(i); }

std::vector<size_t> all_columns(const db::TableSchema& table) {
  std::vector<size_t> columns;
  for (size_t i = 0; i < table.columns.size(); ++i) columns.push_back(i);
  return columns;
}

// A list of text is neither key nor indexed (db/schema.h): what rows are found by is an element of an
// array of parameters as it is.
std::string where_key_is_any(const db::TableSchema& table) {
  const db::Column& key = table.key_column();
  return quoted(key.name) + " = ANY ($1::" + std::string(array_type(key.type)) + ")";
}

std::string upsert(const db::TableSchema& table, const std::string& name) {
  std::string values;
  std::string sets;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) values += ", ";
    values += element(nth(i), table.columns[i].type);
    if (i == table.key) continue;
    const std::string column = quoted(table.columns[i].name);
    sets += (sets.empty() ? "" : ", ") + column + " = EXCLUDED." + column;
  }
  return "INSERT INTO " + name + " (" + column_list(table) + ") SELECT " + values + " FROM " +
         unnested(table, all_columns(table)) + " ON CONFLICT (" + quoted(table.key_column().name) +
         ") DO " + (sets.empty() ? "NOTHING" : "UPDATE SET " + sets);
}

bool has_null(const db::Range& range) {
  return std::any_of(range.equal.begin(), range.equal.end(), db::is_null);
}

db::Columns columns_elsewhere(const db::Row& row) {
  db::Columns elsewhere;
  if (std::none_of(row.begin(), row.end(), db::is_elsewhere)) return elsewhere;
  for (const db::Value& value : row) elsewhere.push_back(db::is_elsewhere(value));
  return elsewhere;
}

}  // namespace

TableSql::TableSql(const db::TableSchema& table)
    : table_(table),
      name_("public." + quoted(table.name)),
      erase_("DELETE FROM " + name_ + " WHERE " + where_key_is_any(table)),
      put_(upsert(table, name_)) {}

std::string TableSql::select(const FetchedRow& row) const {
  return "SELECT " + row.columns() + " FROM " + name_ + " AS t";
}

std::vector<size_t> TableSql::columns_of(const db::Range& range) const {
  if (range.index == db::Range::kByKey) return {table_.key};
  return table_.indexes[range.index].columns;
}

size_t TableSql::fetch(pg::Batch& batch, const db::Residency::Missing& missing,
                       const FetchedRow& row) const {
  const size_t before = batch.size();
  if (!missing.keys.empty()) {
    std::vector<const db::Value*> values;
    for (const db::Value& key : missing.keys) values.push_back(&key);
    pg::Parameters parameters;
    append_values(parameters, values, table_.key_column().type);
    batch.add(select(row) + " WHERE t." + where_key_is_any(table_), std::move(parameters),
              row.types());
  }
  // Those of one index that fix as many columns are one statement.
  std::map<std::pair<size_t, size_t>, std::vector<const db::Range*>> prefixes;
  for (const db::Range& range : missing.ranges) {
    if (range.equal.empty() || range.low || range.high || has_null(range)) {
      fetch_range(batch, range, row);
    } else {
      prefixes[{range.index, range.equal.size()}].push_back(&range);
    }
  }
  for (const auto& [shape, alike] : prefixes) fetch_prefixes(batch, alike, row);
  for (const auto& [index, keys] : missing.below) fetch_below(batch, index, keys, row);
  for (const auto& [where, wanted] : missing.wheres) {
    Select select = select_matching(where, table_, row, wanted);
    batch.add(std::move(select.sql), std::move(select.parameters), std::move(select.columns));
  }
  return batch.size() - before;
}

void TableSql::fetch_prefixes(pg::Batch& batch, const std::vector<const db::Range*>& prefixes,
                              const FetchedRow& row) const {
  std::vector<size_t> columns = columns_of(*prefixes.front());
  columns.resize(prefixes.front()->equal.size());
  std::string on;
  pg::Parameters parameters;
  for (size_t i = 0; i < columns.size(); ++i) {
    const db::Column& column = table_.columns[columns[i]];
    on += (i > 0 ? " AND t." : "t.") + quoted(column.name) + " = " + nth(i);
    std::vector<const db::Value*> values;
    for (const db::Range* range : prefixes) values.push_back(&range->equal[i]);
    append_values(parameters, values, column.type);
  }
  batch.add("SELECT " + row.columns() + " FROM " + unnested(table_, columns) + " JOIN " + name_ +
                " AS t ON " + on,
            std::move(parameters), row.types());
}

void TableSql::fetch_range(pg::Batch& batch, const db::Range& range, const FetchedRow& row) const {
  const std::vector<size_t> columns = columns_of(range);
  std::string where;
  pg::Parameters parameters;
  const auto compare = [&](size_t i, const char* op, const db::Value& value) {
    const db::Column& column = table_.columns[columns[i]];
    where += (where.empty() ? "t." : " AND t.") + quoted(column.name);
    if (db::is_null(value)) {
      where += " IS NULL";
      return;
    }
    append_value(parameters, value, column.type);
    where += op + parameter(parameters.size(), column.type);
  };
  for (size_t i = 0; i < range.equal.size(); ++i) compare(i, " = ", range.equal[i]);
  if (range.low) compare(range.equal.size(), " >= ", *range.low);
  if (range.high) compare(range.equal.size(), " <= ", *range.high);
  if (!where.empty()) where = " WHERE " + where;
  batch.add(select(row) + where, std::move(parameters), row.types());
}

// However long the chain is: one round trip.
void TableSql::fetch_below(pg::Batch& batch, size_t index, const db::Residency::Keys& keys,
                           const FetchedRow& row) const {
  const std::string key = quoted(table_.key_column().name);
  const std::string refers = quoted(table_.columns[table_.indexes[index].columns.front()].name);
  const db::Type type = table_.key_column().type;
  std::vector<const db::Value*> values;
  for (const db::Value& value : keys) values.push_back(&value);
  pg::Parameters parameters;
  append_values(parameters, values, type);
  batch.add("WITH RECURSIVE below(key) AS (SELECT t." + key + " FROM " + name_ + " AS t WHERE t." +
                refers + " = ANY ($1::" + std::string(array_type(type)) + ") UNION SELECT t." +
                key + " FROM below JOIN " + name_ + " AS t ON t." + refers + " = below.key) " +
                select(row) + " WHERE t." + key + " IN (SELECT below.key FROM below)",
            std::move(parameters), row.types());
}

void TableSql::write(pg::Batch& batch, const db::TableChanges& changes) const {
  if (!changes.erased.empty()) {
    std::vector<const db::Value*> keys;
    for (const db::Value& key : changes.erased) keys.push_back(&key);
    pg::Parameters parameters;
    append_values(parameters, keys, table_.key_column().type);
    batch.add(erase_, std::move(parameters));
  }
  // Those of which the same is elsewhere are one statement.
  std::map<db::Columns, RowPtrs> alike;
  for (const db::RowPtr& row : changes.put) alike[columns_elsewhere(*row)].push_back(&row);
  for (const auto& [elsewhere, rows] : alike) {
    if (elsewhere.empty()) {
      batch.add(put_, arrays_of(rows, all_columns(table_)));
    } else {
      update(batch, elsewhere, rows);
    }
  }
}

// Rows that are there: of one that was put in everything is here.
void TableSql::update(pg::Batch& batch, const db::Columns& elsewhere, const RowPtrs& rows) const {
  std::vector<size_t> columns;
  std::string sets;
  std::string key;
  for (size_t i = 0; i < elsewhere.size(); ++i) {
    if (elsewhere[i]) continue;
    const std::string name = quoted(table_.columns[i].name);
    const std::string value = element(nth(columns.size()), table_.columns[i].type);
    columns.push_back(i);
    if (i == table_.key) {
      key = "t." + name + " = " + value;
    } else {
      sets += (sets.empty() ? "" : ", ") + name + " = " + value;
    }
  }
  if (sets.empty()) return;
  batch.add("UPDATE " + name_ + " AS t SET " + sets + " FROM " + unnested(table_, columns) +
                " WHERE " + key,
            arrays_of(rows, columns));
}

// An array of each column.
pg::Parameters TableSql::arrays_of(const RowPtrs& rows, const std::vector<size_t>& columns) const {
  pg::Parameters parameters;
  for (const size_t column : columns) {
    std::vector<const db::Value*> values;
    for (const db::RowPtr* row : rows) values.push_back(&(**row)[column]);
    append_values(parameters, values, table_.columns[column].type);
  }
  return parameters;
}

}  // namespace tandem::tables
