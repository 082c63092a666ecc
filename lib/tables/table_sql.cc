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

}  // namespace

TableSql::TableSql(const db::TableSchema& table)
    : table_(table),
      name_("public." + quoted(table.name)),
      columns_(column_list(table, "t.")),
      types_(result_types(table)),
      all_("SELECT " + columns_ + " FROM " + name_ + " AS t"),
      put_(upsert(table, name_)) {
  by_keys_ = all_ + " WHERE t." + where_key_is_any(table);
  erase_ = "DELETE FROM " + name_ + " WHERE " + where_key_is_any(table);
}

std::vector<size_t> TableSql::columns_of(const db::Range& range) const {
  if (range.index == db::Range::kByKey) return {table_.key};
  return table_.indexes[range.index].columns;
}

size_t TableSql::fetch(pg::Batch& batch, const db::Residency::Missing& missing) const {
  const size_t before = batch.size();
  if (!missing.keys.empty()) {
    std::vector<const db::Value*> values;
    for (const db::Value& key : missing.keys) values.push_back(&key);
    pg::Parameters parameters;
    append_values(parameters, values, table_.key_column().type);
    batch.add(by_keys_, std::move(parameters), types_);
  }
  // Those of one index that fix as many columns are one statement.
  std::map<std::pair<size_t, size_t>, std::vector<const db::Range*>> prefixes;
  for (const db::Range& range : missing.ranges) {
    if (range.equal.empty() || range.low || range.high || has_null(range)) {
      fetch_range(batch, range);
    } else {
      prefixes[{range.index, range.equal.size()}].push_back(&range);
    }
  }
  for (const auto& [shape, alike] : prefixes) fetch_prefixes(batch, alike);
  for (const auto& [index, keys] : missing.below) fetch_below(batch, index, keys);
  for (const auto& [where, wanted] : missing.wheres) {
    Select select = select_matching(where, table_, wanted);
    batch.add(std::move(select.sql), std::move(select.parameters), std::move(select.columns));
  }
  return batch.size() - before;
}

void TableSql::fetch_prefixes(pg::Batch& batch,
                              const std::vector<const db::Range*>& prefixes) const {
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
  batch.add("SELECT " + columns_ + " FROM " + unnested(table_, columns) + " JOIN " + name_ +
                " AS t ON " + on,
            std::move(parameters), types_);
}

void TableSql::fetch_range(pg::Batch& batch, const db::Range& range) const {
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
  batch.add(where.empty() ? all_ : all_ + " WHERE " + where, std::move(parameters), types_);
}

// However long the chain is: one round trip.
void TableSql::fetch_below(pg::Batch& batch, size_t index, const db::Residency::Keys& keys) const {
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
                all_ + " WHERE t." + key + " IN (SELECT below.key FROM below)",
            std::move(parameters), types_);
}

size_t TableSql::write(pg::Batch& batch, const db::TableChanges& changes) const {
  const size_t before = batch.size();
  if (!changes.erased.empty()) {
    std::vector<const db::Value*> keys;
    for (const db::Value& key : changes.erased) keys.push_back(&key);
    pg::Parameters parameters;
    append_values(parameters, keys, table_.key_column().type);
    batch.add(erase_, std::move(parameters));
  }
  if (!changes.put.empty()) {
    pg::Parameters parameters;
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      std::vector<const db::Value*> values;
      for (const db::RowPtr& row : changes.put) values.push_back(&(*row)[i]);
      append_values(parameters, values, table_.columns[i].type);
    }
    batch.add(put_, std::move(parameters));
  }
  return batch.size() - before;
}

}  // namespace tandem::tables
