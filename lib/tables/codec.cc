#include "tables/codec.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "tables/planted.h"

namespace tandem::tables {
namespace {

std::string doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out += quote;
}

// {"a","b\"c"}
std::string array_text(const db::TextList& list) {
  std::string out = "{";
  for (const std::string& text : list) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out += '}';
}

// nullopt where one is null.
template <typename T>
std::vector<std::optional<T>> each(const std::vector<const db::Value*>& values) {
  std::vector<std::optional<T>> out;
  out.reserve(values.size());
  for (const db::Value* value : values) {
    const T* known = std::get_if<T>(value);
    out.push_back(known == nullptr ? std::nullopt : std::optional<T>(*known));
  }
  return out;
}

}  // namespace

std::string quoted(std::string_view name) { return doubled(name, '"'); }

std::string literal(std::string_view text) { return doubled(text, '\''); }

std::string_view column_type(db::Type type) {
  switch (type) {
    case db::Type::kInteger:
    case db::Type::kTimestamp:
      return "bigint";
    case db::Type::kText:
      return planted(Bug::kNoCollation) ? "text" : "text COLLATE \"C\"";
    case db::Type::kBoolean:
      return "boolean";
    case db::Type::kTextList:
      return "text[] COLLATE \"C\"";
  }
  return "text";
}

pg::Type parameter_type(db::Type type) {
  if (type == db::Type::kBoolean) return pg::Type::kBool;
  const bool is_text = type == db::Type::kText || type == db::Type::kTextList;
  return is_text ? pg::Type::kText : pg::Type::kInt64;
}

pg::Type result_type(db::Type type) {
  return type == db::Type::kTextList ? pg::Type::kTextArray : parameter_type(type);
}

std::string parameter(size_t number, db::Type type) {
  return element("$" + std::to_string(number), type);
}

std::string_view array_type(db::Type type) {
  if (type == db::Type::kBoolean) return "boolean[]";
  return parameter_type(type) == pg::Type::kText ? "text[]" : "bigint[]";
}

std::string element(const std::string& name, db::Type type) {
  return type == db::Type::kTextList ? name + "::text[]" : name;
}

void append_value(pg::Parameters& parameters, const db::Value& value, db::Type type) {
  CHECK(!db::is_elsewhere(value));
  if (db::is_null(value)) {
    parameters.null(parameter_type(type));
  } else if (const auto* number = std::get_if<int64_t>(&value)) {
    parameters.int64(*number);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    parameters.text(*text);
  } else if (const auto* boolean = std::get_if<bool>(&value)) {
    parameters.boolean(*boolean);
  } else {
    parameters.text(array_text(std::get<db::TextList>(value)));
  }
}

void append_values(pg::Parameters& parameters, const std::vector<const db::Value*>& values,
                   db::Type type) {
  for (const db::Value* value : values) CHECK(!db::is_elsewhere(*value));
  switch (parameter_type(type)) {
    case pg::Type::kInt64:
      parameters.int64_array(each<int64_t>(values));
      return;
    case pg::Type::kBool:
      parameters.bool_array(each<bool>(values));
      return;
    default: {
      std::vector<std::string> lists(values.size());  // what the views point to
      std::vector<std::optional<std::string_view>> texts;
      for (size_t i = 0; i < values.size(); ++i) {
        if (const auto* text = std::get_if<std::string>(values[i])) {
          texts.emplace_back(*text);
        } else if (const auto* list = std::get_if<db::TextList>(values[i])) {
          texts.emplace_back(lists[i] = array_text(*list));
        } else {
          texts.emplace_back(std::nullopt);
        }
      }
      parameters.text_array(texts);
      return;
    }
  }
}

void append_copied(pg::Parameters& parameters, const db::Value& value, db::Type type) {
  if (type != db::Type::kTextList) return append_value(parameters, value, type);
  if (const auto* list = std::get_if<db::TextList>(&value)) {
    parameters.text_array(*list);
  } else {
    parameters.null(pg::Type::kTextArray);
  }
}

db::Value value_of(const pg::Rows& rows, size_t row, size_t column, db::Type type) {
  if (rows.is_null(row, column)) return db::Null();
  switch (type) {
    case db::Type::kInteger:
    case db::Type::kTimestamp:
      return rows.int64(row, column);
    case db::Type::kText:
      return std::string(rows.text(row, column));
    case db::Type::kBoolean:
      return rows.boolean(row, column);
    case db::Type::kTextList: {
      db::TextList list;
      for (const auto& text : rows.text_array(row, column)) list.emplace_back(text.value_or(""));
      return list;
    }
  }
  return db::Null();
}

std::string column_list(const db::TableSchema& table) {
  std::string out;
  for (const db::Column& column : table.columns) {
    if (!out.empty()) out += ", ";
    out += quoted(column.name);
  }
  return out;
}

FetchedRow::FetchedRow(const db::TableSchema& table, db::Columns elsewhere)
    : table_(table), elsewhere_(std::move(elsewhere)) {
  elsewhere_.resize(table.columns.size());
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const db::Type type = table.columns[i].type;
    std::string column = "t." + quoted(table.columns[i].name);
    if (elsewhere_[i] && type == db::Type::kTextList) {
      column = "array_to_string(" + column + ", '')";
    }
    if (elsewhere_[i]) column = "octet_length(" + column + ")";
    columns_ += (i > 0 ? ", " : "") + column;
    types_.push_back(elsewhere_[i] ? pg::Type::kInt64 : result_type(type));
  }
}

db::RowPtr FetchedRow::row_of(const pg::Rows& rows, size_t number) const {
  db::Row row;
  row.reserve(types_.size());
  for (size_t i = 0; i < types_.size(); ++i) {
    if (elsewhere_[i] && !rows.is_null(number, i)) {
      row.emplace_back(db::Elsewhere{static_cast<uint64_t>(rows.int64(number, i))});
    } else {
      row.push_back(value_of(rows, number, i, table_.columns[i].type));
    }
  }
  return std::make_shared<const db::Row>(std::move(row));
}

}  // namespace tandem::tables
