#include "db/schema.h"

#include <algorithm>

#include "base/json_string.h"

namespace tandem::db {
namespace {

using wire::Json;

tl::unexpected<Error> bad(const std::string& at, const std::string& what) {
  return fail(ErrorKind::kBadInput, at + ": " + what);
}

std::string table_at(std::string_view table) { return "table '" + std::string(table) + "'"; }

std::string column_at(std::string_view table, std::string_view column) {
  return table_at(table) + ", column '" + std::string(column) + "'";
}

// A misspelt key would silently drop a reference or an index.
Status check_keys(const Json::Object& object, std::initializer_list<std::string_view> known,
                  const std::string& at) {
  for (const auto& [key, value] : object) {
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return bad(at, "unknown key '" + key + "'");
    }
  }
  return {};
}

Result<bool> flag(const Json& json, std::string_view key, const std::string& at) {
  const Json* value = json.find(key);
  if (value == nullptr) return false;
  if (value->as_bool() == nullptr) {
    return bad(
        at, "'" + std::string(key) + "' must be a boolean, not " + std::string(value->type_name()));
  }
  return *value->as_bool();
}

// Fails where the member is there and no string; nullptr where it isn't there.
Result<const std::string*> text(const Json& json, std::string_view key, const std::string& at) {
  const Json* value = json.find(key);
  if (value == nullptr) return nullptr;
  if (value->as_string() == nullptr) {
    return bad(
        at, "'" + std::string(key) + "' must be a string, not " + std::string(value->type_name()));
  }
  return value->as_string();
}

// '-' in front means descending in an order, '=' ends the name in "column=value".
Status check_column_name(const std::string& name, const std::string& table) {
  if (name.empty()) return bad(table_at(table), "a column without a name");
  if (name.front() == '-') return bad(column_at(table, name), "the name must not begin with '-'");
  if (name.find('=') != std::string::npos) {
    return bad(column_at(table, name), "the name must not contain '='");
  }
  return {};
}

Status parse_reference(const Json& json, const std::string& at, Column& column) {
  const auto references = text(json, "references", at);
  if (!references) return fail(references.error());
  const auto on_delete = text(json, "on_delete", at);
  if (!on_delete) return fail(on_delete.error());
  if (*references == nullptr) {
    if (*on_delete != nullptr) return bad(at, "'on_delete' needs 'references'");
    return {};
  }
  column.references = **references;
  if (*on_delete == nullptr || **on_delete == "restrict") {
    column.on_delete = OnDelete::kRestrict;
  } else if (**on_delete == "cascade") {
    column.on_delete = OnDelete::kCascade;
  } else {
    return bad(at, "'on_delete' must be cascade or restrict, not '" + **on_delete + "'");
  }
  return {};
}

Result<Column> parse_column(const Json& json, const std::string& table, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return bad(table_at(table), "a column must be an object, not " + std::string(json.type_name()));
  }
  Column column;
  const auto name = text(json, "name", table_at(table));
  if (!name) return fail(name.error());
  if (*name != nullptr) column.name = **name;
  if (Status status = check_column_name(column.name, table); !status) return fail(status.error());
  const std::string at = column_at(table, column.name);
  Status known = check_keys(*json.as_object(),
                            {"name", "type", "null", "default", "references", "on_delete"}, at);
  if (!known) return fail(known.error());

  const auto type = text(json, "type", at);
  if (!type) return fail(type.error());
  if (*type == nullptr) return bad(at, "has no type");
  if (!parse_type(**type, column.type)) {
    return bad(at, "the type must be integer, text, boolean, timestamp or list of text, not '" +
                       **type + "'");
  }
  const auto nullable = flag(json, "null", at);
  if (!nullable) return fail(nullable.error());
  column.nullable = *nullable;
  if (const Json* value = json.find("default")) {
    auto parsed = value_from_json(*value, column.type, column.nullable, limits);
    if (!parsed) return bad(at, "the default " + parsed.error().message);
    column.default_value = std::move(*parsed);
  } else if (column.nullable) {
    column.default_value = Value();
  }
  if (Status status = parse_reference(json, at, column); !status) return fail(status.error());
  append_json_string(column.json_name, column.name);
  column.json_name += ':';
  return column;
}

Status parse_columns(const Json& json, const Limits& limits, TableSchema& table) {
  const Json* columns = json.find("columns");
  if (columns == nullptr || columns->as_array() == nullptr || columns->as_array()->empty()) {
    return bad(named(table), "'columns' must be an array of at least one column");
  }
  if (columns->as_array()->size() > limits.columns) {
    return bad(named(table), "has more than " + std::to_string(limits.columns) + " columns");
  }
  for (const Json& item : *columns->as_array()) {
    auto column = parse_column(item, table.name, limits);
    if (!column) return fail(column.error());
    if (table.find_column(column->name) != TableSchema::kNoColumn) {
      return bad(column_at(table.name, column->name), "is declared twice");
    }
    table.columns.push_back(std::move(*column));
  }
  return {};
}

Status parse_key(const Json& json, TableSchema& table) {
  const auto key = text(json, "key", named(table));
  if (!key) return fail(key.error());
  if (*key == nullptr) return bad(named(table), "has no key");
  table.key = table.find_column(**key);
  if (table.key == TableSchema::kNoColumn) {
    return bad(named(table), "the key '" + **key + "' is no column");
  }
  const Column& column = table.key_column();
  if (column.nullable) return bad(named(table, table.key), "the key must not be null");
  if (column.default_value) return bad(named(table, table.key), "the key must not have a default");
  if (column.type == Type::kTextList) {
    return bad(named(table, table.key), "the key must not be a list of text");
  }
  const auto auto_increment = flag(json, "auto_increment", named(table));
  if (!auto_increment) return fail(auto_increment.error());
  table.auto_increment = *auto_increment;
  if (table.auto_increment && column.type != Type::kInteger) {
    return bad(named(table, table.key), "auto_increment needs a key of type integer");
  }
  return {};
}

Result<IndexSchema> parse_index(const Json& json, const TableSchema& table) {
  IndexSchema index;
  const Json* columns = &json;
  if (json.as_object() != nullptr) {
    Status known =
        check_keys(*json.as_object(), {"columns", "unique"}, named(table) + ", an index");
    if (!known) return fail(known.error());
    const auto unique = flag(json, "unique", named(table) + ", an index");
    if (!unique) return fail(unique.error());
    index.unique = *unique;
    columns = json.find("columns");
  }
  if (columns == nullptr || columns->as_array() == nullptr || columns->as_array()->empty()) {
    return bad(named(table), "an index must be an array of columns, or an object with 'columns'");
  }
  for (const Json& item : *columns->as_array()) {
    const std::string* name = item.as_string();
    if (name == nullptr) {
      return bad(named(table),
                 "the columns of an index are strings, not " + std::string(item.type_name()));
    }
    const size_t column = table.find_column(*name);
    if (column == TableSchema::kNoColumn) {
      return bad(named(table), "an index names '" + *name + "', which is no column");
    }
    if (table.columns[column].type == Type::kTextList) {
      return bad(named(table, column), "a list of text cannot be indexed");
    }
    if (std::find(index.columns.begin(), index.columns.end(), column) != index.columns.end()) {
      return bad(named(table, column), "is twice in one index");
    }
    index.columns.push_back(column);
  }
  return index;
}

Status parse_indexes(const Json& json, TableSchema& table) {
  const Json* indexes = json.find("indexes");
  if (indexes == nullptr) return {};
  if (indexes->as_array() == nullptr) {
    return bad(named(table),
               "'indexes' must be an array, not " + std::string(indexes->type_name()));
  }
  for (const Json& item : *indexes->as_array()) {
    auto index = parse_index(item, table);
    if (!index) return fail(index.error());
    if (std::find(table.indexes.begin(), table.indexes.end(), *index) != table.indexes.end()) {
      return bad(named(table), "an index is declared twice");
    }
    table.indexes.push_back(std::move(*index));
  }
  return {};
}

Result<TableSchema> parse_table(const std::string& name, const Json& json, const Limits& limits) {
  if (name.empty()) return fail(ErrorKind::kBadInput, "a table without a name");
  TableSchema table;
  table.name = name;
  if (json.as_object() == nullptr) {
    return bad(named(table), "must be an object, not " + std::string(json.type_name()));
  }
  Status status =
      check_keys(*json.as_object(), {"key", "auto_increment", "columns", "indexes"}, named(table));
  if (status) status = parse_columns(json, limits, table);
  if (status) status = parse_key(json, table);
  if (status) status = parse_indexes(json, table);
  if (!status) return fail(status.error());
  return table;
}

// The number of an index that starts with the column; made where there is none.
size_t index_for_reference(TableSchema& table, size_t column) {
  for (size_t i = 0; i < table.indexes.size(); ++i) {
    if (table.indexes[i].columns.front() == column) return i;
  }
  table.indexes.push_back({.columns = {column}, .unique = false, .declared = false});
  return table.indexes.size() - 1;
}

void mark_indexed(TableSchema& table) {
  for (Column& column : table.columns) column.indexed = false;
  table.columns[table.key].indexed = true;
  for (const IndexSchema& index : table.indexes) {
    for (const size_t column : index.columns) table.columns[column].indexed = true;
  }
}

Json column_to_json(const Column& column) {
  Json json;
  json.set("name", column.name).set("type", type_name(column.type));
  if (column.nullable) json.set("null", true);
  if (column.default_value && !(column.nullable && is_null(*column.default_value))) {
    json.set("default", to_json(*column.default_value));
  }
  if (!column.references.empty()) {
    json.set("references", column.references);
    json.set("on_delete", column.on_delete == OnDelete::kCascade ? "cascade" : "restrict");
  }
  return json;
}

Json index_to_json(const TableSchema& table, const IndexSchema& index) {
  Json::Array columns;
  for (const size_t column : index.columns) columns.emplace_back(table.columns[column].name);
  if (!index.unique) return Json(std::move(columns));
  return Json(Json::Object{{"columns", std::move(columns)}, {"unique", true}});
}

Json table_to_json(const TableSchema& table) {
  Json json;
  json.set("key", table.key_column().name);
  if (table.auto_increment) json.set("auto_increment", true);
  Json::Array columns;
  for (const Column& column : table.columns) columns.push_back(column_to_json(column));
  json.set("columns", std::move(columns));
  Json::Array indexes;
  for (const IndexSchema& index : table.indexes) {
    if (index.declared) indexes.push_back(index_to_json(table, index));
  }
  if (!indexes.empty()) json.set("indexes", std::move(indexes));
  return json;
}

}  // namespace

size_t TableSchema::find_column(std::string_view column) const {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].name == column) return i;
  }
  return kNoColumn;
}

const TableSchema* Schema::find(std::string_view table) const {
  const auto found = numbers_.find(table);
  return found == numbers_.end() ? nullptr : &tables_[found->second];
}

Result<Schema> Schema::link(std::vector<TableSchema> tables) {
  Schema schema;
  schema.tables_ = std::move(tables);
  for (size_t i = 0; i < schema.tables_.size(); ++i) {
    schema.tables_[i].referrers.clear();
    schema.numbers_.emplace(schema.tables_[i].name, i);
  }
  for (size_t i = 0; i < schema.tables_.size(); ++i) {
    TableSchema& table = schema.tables_[i];
    for (size_t c = 0; c < table.columns.size(); ++c) {
      Column& column = table.columns[c];
      if (column.references.empty()) continue;
      const auto found = schema.numbers_.find(column.references);
      if (found == schema.numbers_.end()) {
        return bad(named(table, c),
                   "references table '" + column.references + "', which does not exist");
      }
      TableSchema& target = schema.tables_[found->second];
      if (target.key_column().type != column.type) {
        return bad(named(table, c), "is " + std::string(type_name(column.type)) +
                                        " but references " + named(target) + ", whose key is " +
                                        std::string(type_name(target.key_column().type)));
      }
      column.references_table = found->second;
      target.referrers.push_back({.table = i,
                                  .column = c,
                                  .index = index_for_reference(table, c),
                                  .on_delete = column.on_delete});
    }
  }
  for (TableSchema& table : schema.tables_) mark_indexed(table);
  return schema;
}

Result<Schema> parse_schema(const Json& json, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return fail(ErrorKind::kBadInput,
                "a schema must be an object, not " + std::string(json.type_name()));
  }
  if (json.as_object()->size() > limits.tables) {
    return fail(ErrorKind::kBadInput,
                "a schema has more than " + std::to_string(limits.tables) + " tables");
  }
  std::vector<TableSchema> tables;
  for (const auto& [name, value] : *json.as_object()) {
    auto table = parse_table(name, value, limits);
    if (!table) return fail(table.error());
    tables.push_back(std::move(*table));
  }
  return Schema::link(std::move(tables));
}

Json to_json(const Schema& schema) {
  Json json = Json::Object{};
  for (const TableSchema& table : schema.tables()) json.set(table.name, table_to_json(table));
  return json;
}

std::string named(const TableSchema& table) { return table_at(table.name); }

std::string named(const TableSchema& table, size_t column) {
  return column_at(table.name, table.columns[column].name);
}

}  // namespace tandem::db
