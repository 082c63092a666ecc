// The schema: what tables there are, with which columns, keys, indexes and references. It is
// replicated state, set by a command in the log; this is its form (what the [tables.NAME] of
// orch.toml become):
//
//   {"users":{"key":"username",
//             "columns":[{"name":"username","type":"text"},{"name":"password","type":"text"}]},
//    "rides":{"key":"rideId","auto_increment":true,
//             "columns":[{"name":"rideId","type":"integer"},
//                        {"name":"created_by","type":"text",
//                         "references":"users","on_delete":"cascade"},
//                        {"name":"note","type":"text","null":true,"default":null}],
//             "indexes":[["created_by","note"],{"columns":["note"],"unique":true}]}}
//
// A column that references a table holds a key of it; it is indexed whether declared or not.
// on_delete is "restrict" where it isn't given. Rows with a null in a unique index never collide.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "db/value.h"
#include "wire/json.h"

namespace tandem::db {

enum class OnDelete { kRestrict, kCascade };

struct Column {
  std::string name;
  Type type = Type::kText;
  bool nullable = false;
  std::optional<Value> default_value;  // of an insert that doesn't name the column
  std::string references;              // a table, or empty
  OnDelete on_delete = OnDelete::kRestrict;

  bool indexed = false;         // it is the key or in an index
  std::string json_name;        // "name": as it stands in a row, escaped
  size_t references_table = 0;  // number of that table, where there is one
};

struct IndexSchema {
  std::vector<size_t> columns;
  bool unique = false;
  bool declared = true;  // false: made for a reference

  bool operator==(const IndexSchema& other) const {
    return columns == other.columns && unique == other.unique;
  }
};

// A column of some table that refers to a table: what a delete there has to look at.
struct Referrer {
  size_t table = 0;
  size_t column = 0;
  size_t index = 0;  // number of an index of that table that starts with the column
  OnDelete on_delete = OnDelete::kRestrict;
};

struct TableSchema {
  static constexpr size_t kNoColumn = SIZE_MAX;

  std::string name;
  size_t key = 0;  // number of the key column
  bool auto_increment = false;
  std::vector<Column> columns;
  std::vector<IndexSchema> indexes;
  std::vector<Referrer> referrers;

  // kNoColumn where there is none of this name.
  size_t find_column(std::string_view column) const;
  const Column& key_column() const { return columns[key]; }
};

class Schema {
 public:
  // The tables by number. A number stays the same for the life of a table.
  const std::vector<TableSchema>& tables() const { return tables_; }
  // nullptr where there is none of this name.
  const TableSchema* find(std::string_view table) const;
  size_t number_of(const TableSchema& table) const {
    return static_cast<size_t>(&table - tables_.data());
  }

  // Takes the tables and resolves what refers to what. REQUIRES: names are unique, columns of
  // indexes exist. Fails with kBadInput where a reference names no table, or one whose key has
  // another type.
  static Result<Schema> link(std::vector<TableSchema> tables);

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  std::vector<TableSchema> tables_;
  std::unordered_map<std::string, size_t, Hash, std::equal_to<>> numbers_;
};

// Fails with kBadInput, naming table and column.
Result<Schema> parse_schema(const wire::Json& json, const Limits& limits = {});
wire::Json to_json(const Schema& schema);

// "table 'rides'" and "table 'rides', column 'source'", as every message names them.
std::string named(const TableSchema& table);
std::string named(const TableSchema& table, size_t column);

}  // namespace tandem::db
