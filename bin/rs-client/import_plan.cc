#include "import_plan.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json_string.h"
#include "db/snapshot_row.h"

namespace tandem::client {
namespace {

using db::Row;
using db::TableSchema;
using db::Value;

std::string where_key(const TableSchema& table, const Value& key) {
  std::string text = "\"where\":{";
  append_json_string(text, table.key_column().name);
  text += ':';
  db::append_json(text, key);
  return text + '}';
}

std::string operation(const TableSchema& table, std::string_view op) {
  std::string text = "{\"table\":";
  append_json_string(text, table.name);
  return text.append(",\"op\":\"").append(op).append("\",");
}

std::string insert(const TableSchema& table, const Row& row) {
  return ImportPlan::insert_of_line(db::TableRowWriter(table).line(row));
}

std::string remove(const TableSchema& table, const Value& key) {
  return operation(table, "delete") + where_key(table, key) + "}";
}

// One of its type, which no counter goes by.
Value any_value(db::Type type) {
  switch (type) {
    case db::Type::kInteger:
    case db::Type::kTimestamp:
      return int64_t{0};
    case db::Type::kText:
      return std::string();
    case db::Type::kBoolean:
      return false;
    case db::Type::kTextList:
      return db::TextList();
  }
  return db::Null();
}

}  // namespace

Result<ImportPlan> ImportPlan::make(const db::ExportHeader& header,
                                    const std::vector<ExportSection>& sections) {
  ImportPlan plan(header, sections);
  if (Status ordered = plan.find_order(); !ordered) return fail(std::move(ordered.error()));
  return plan;
}

// Whether it refers to another table that has no place yet; where `for_null_too` is not set, by a
// column that cannot be null.
bool ImportPlan::waits(size_t table, bool for_null_too) const {
  const auto& columns = tables()[table].columns;
  return std::any_of(columns.begin(), columns.end(), [&](const db::Column& column) {
    return !column.references.empty() && column.references_table != table &&
           !placed_[column.references_table] && (for_null_too || !column.nullable);
  });
}

Status ImportPlan::find_order() {
  const size_t count = tables().size();
  placed_.assign(count, false);
  late_.resize(count);
  while (order_.size() < count) {
    std::optional<size_t> next;
    for (const bool for_null_too : {true, false}) {
      for (size_t i = 0; i < count && !next; ++i) {
        if (!placed_[i] && !waits(i, for_null_too)) next = i;
      }
    }
    if (!next) {
      return fail(ErrorKind::kBadInput,
                  "the tables refer to each other by columns that cannot be null: no row can be "
                  "the first");
    }
    const auto& columns = tables()[*next].columns;
    for (size_t c = 0; c < columns.size(); ++c) {
      const bool refers = !columns[c].references.empty();
      if (refers && !placed_[columns[c].references_table]) late_[*next].push_back(c);
    }
    placed_[*next] = true;
    order_.push_back(*next);
  }
  return {};
}

std::string ImportPlan::insert_of_line(std::string_view line) {
  return "{\"op\":\"insert\"," + std::string(line.substr(1));
}

Row ImportPlan::first_form(size_t table, const Row& row) const {
  Row form = row;
  for (const size_t column : late_[table]) {
    const bool nullable = tables()[table].columns[column].nullable;
    form[column] = nullable ? Value(db::Null()) : form[tables()[table].key];
  }
  return form;
}

std::string ImportPlan::insert_without_late(size_t table, const Row& row) const {
  return insert(tables()[table], first_form(table, row));
}

std::string ImportPlan::late_update(size_t table, const Row& row) const {
  const TableSchema& about = tables()[table];
  const Row form = first_form(table, row);
  std::string set;
  for (const size_t column : late_[table]) {
    if (db::compare(form[column], row[column]) == 0) continue;
    if (!set.empty()) set += ',';
    append_json_string(set, about.columns[column].name);
    set += ':';
    db::append_json(set, row[column]);
  }
  if (set.empty()) return {};
  return operation(about, "update") + where_key(about, row[about.key]) + ",\"set\":{" + set + "}}";
}

// A row with that key was there once, or was given out for one: it comes and goes again.
std::vector<std::string> ImportPlan::raise_counter(size_t table) const {
  const TableSchema& about = tables()[table];
  const ExportSection& section = sections_[table];
  const int64_t counter = header_.counters[table];
  int64_t highest = 0;
  if (section.rows > 0) {
    const auto* key = std::get_if<int64_t>(&section.last[about.key]);
    highest = key == nullptr ? 0 : std::max<int64_t>(0, *key);
  }
  if (!about.auto_increment || counter <= highest) return {};
  std::vector<std::string> inserts;
  std::vector<std::string> deletes;
  std::map<size_t, Value> made;
  Row row;
  if (section.rows > 0) {
    row = section.first;
    row[about.key] = counter;
    row = first_form(table, row);
  } else {
    row = made_row(table, counter, made, inserts, deletes);
  }
  inserts.push_back(insert(about, row));
  deletes.push_back(remove(about, counter));
  // Those that were made for others to refer to go last.
  inserts.insert(inserts.end(), deletes.rbegin(), deletes.rend());
  return inserts;
}

// A row of any content.
Row ImportPlan::made_row(size_t table, const Value& key, std::map<size_t, Value>& made,
                         std::vector<std::string>& inserts,
                         std::vector<std::string>& deletes) const {
  const TableSchema& about = tables()[table];
  Row row;
  for (size_t c = 0; c < about.columns.size(); ++c) {
    const db::Column& column = about.columns[c];
    if (c == about.key ||
        (column.references_table == table && !column.references.empty() && !column.nullable)) {
      row.push_back(key);
    } else if (column.nullable) {
      row.emplace_back(db::Null());
    } else if (!column.references.empty()) {
      row.push_back(stand_in(column.references_table, made, inserts, deletes));
    } else {
      row.push_back(any_value(column.type));
    }
  }
  return row;
}

// The key of a row to refer to: one of the file, or one that is made for the moment.
Value ImportPlan::stand_in(size_t table, std::map<size_t, Value>& made,
                           std::vector<std::string>& inserts,
                           std::vector<std::string>& deletes) const {
  const TableSchema& about = tables()[table];
  if (sections_[table].rows > 0) return sections_[table].first[about.key];
  const auto known = made.find(table);
  if (known != made.end()) return known->second;
  const Value key = any_value(about.key_column().type);
  made.emplace(table, key);
  const Row row = made_row(table, key, made, inserts, deletes);
  inserts.push_back(insert(about, row));
  deletes.push_back(remove(about, key));
  return key;
}

}  // namespace tandem::client
