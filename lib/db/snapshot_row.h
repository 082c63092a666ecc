// The rows of a snapshot of rides-db, read: {"schema":{…}}, {"counters":{…}}, then
// {"table":"users","row":{…}} for each row, table by table in the order of their keys.
//
// No limit holds here: what an earlier version or other limits let into the state is read back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/schema.h"
#include "repl/state_machine.h"

namespace tandem::db {

using Counters = std::vector<std::pair<size_t, int64_t>>;       // by number of the table
using SnapshotRow = std::variant<Schema, Counters, Operation>;  // an insert, with its key

// As they are written.
std::string schema_row(const Schema& schema);
// Those of tables that have one; `counters` by number of the table.
std::string counters_row(const Schema& schema, const std::vector<int64_t>& counters);
class TableRowWriter {
 public:
  // The table outlives it.
  explicit TableRowWriter(const TableSchema& table);
  // Good until the next one.
  std::string_view line(const Row& row);

 private:
  const TableSchema& table_;
  std::vector<size_t> columns_;
  std::string line_;
  size_t start_;  // of the row in it
};

// The numbers of tables and columns are those of `schema`. Fails with kCorrupt.
Result<SnapshotRow> parse_snapshot_row(std::string_view row, const Schema& schema);

// Keeps the schema and the last key. References between rows are not followed.
class SnapshotRowChecker final : public repl::RowChecker {
 public:
  Status check(std::string_view row) override;
  // The last row of a table that was checked.
  const Operation& last() const { return last_; }

 private:
  Schema schema_;
  Operation last_;
  bool has_schema_ = false;
};

}  // namespace tandem::db
