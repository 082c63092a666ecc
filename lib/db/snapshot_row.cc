#include "db/snapshot_row.h"

#include <numeric>
#include <string>

#include "base/json_string.h"
#include "db/limits.h"
#include "db/query.h"
#include "wire/stored_json.h"

namespace tandem::db {
namespace {

using wire::Json;

Result<SnapshotRow> parse_counters(const Json& json, const Schema& schema) {
  if (json.as_object() == nullptr) return fail(ErrorKind::kCorrupt, "counters are no object");
  Counters counters;
  for (const auto& [name, counter] : *json.as_object()) {
    const TableSchema* table = schema.find(name);
    if (table == nullptr || counter.as_int() == nullptr) {
      return fail(ErrorKind::kCorrupt, "counter '" + name + "' is of no table or no integer");
    }
    counters.emplace_back(schema.number_of(*table), *counter.as_int());
  }
  return SnapshotRow(std::move(counters));
}

Result<SnapshotRow> parse_any(const Json& json, const Schema& schema) {
  if (const Json* tables = json.find("schema")) {
    auto parsed = parse_schema(*tables, Limits::none());
    if (!parsed) return fail(std::move(parsed.error()));
    return SnapshotRow(std::move(*parsed));
  }
  if (const Json* counters = json.find("counters")) return parse_counters(*counters, schema);
  auto insert = parse_table_row(json, schema, Limits::none());
  if (!insert) return fail(std::move(insert.error()));
  const TableSchema& table = schema.tables()[insert->table];
  if (is_null(insert->row[table.key])) {
    return fail(ErrorKind::kCorrupt, named(table) + ": a row has no key");
  }
  return SnapshotRow(std::move(*insert));
}

}  // namespace

std::string schema_row(const Schema& schema) {
  Json head;
  return head.set("schema", to_json(schema)).dump();
}

std::string counters_row(const Schema& schema, const std::vector<int64_t>& counters) {
  Json json = Json::Object{};
  for (size_t i = 0; i < counters.size(); ++i) {
    const TableSchema& table = schema.tables()[i];
    if (table.auto_increment) json.set(table.name, counters[i]);
  }
  return Json(Json::Object{{"counters", std::move(json)}}).dump();
}

TableRowWriter::TableRowWriter(const TableSchema& table)
    : table_(table), columns_(table.columns.size()), line_("{\"table\":") {
  std::iota(columns_.begin(), columns_.end(), size_t{0});
  append_json_string(line_, table.name);
  line_ += ",\"row\":";
  start_ = line_.size();
}

std::string_view TableRowWriter::line(const Row& row) {
  line_.resize(start_);
  append_row(line_, table_, columns_, row);
  return line_ += '}';
}

Result<SnapshotRow> parse_snapshot_row(std::string_view row, const Schema& schema) {
  const auto json = wire::parse_stored_json(row);
  if (!json) return fail(ErrorKind::kCorrupt, json.error().message);
  auto parsed = parse_any(*json, schema);
  if (!parsed) return fail(ErrorKind::kCorrupt, std::move(parsed.error().message));
  return parsed;
}

Status SnapshotRowChecker::check(std::string_view row) {
  auto parsed = parse_snapshot_row(row, schema_);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* schema = std::get_if<Schema>(&*parsed)) {
    if (has_schema_) return fail(ErrorKind::kCorrupt, "the schema comes twice");
    has_schema_ = true;
    schema_ = std::move(*schema);
  } else if (auto* insert = std::get_if<Operation>(&*parsed)) {
    const size_t key = schema_.tables()[insert->table].key;
    const bool rises =
        last_.row.empty() || last_.table < insert->table ||
        (last_.table == insert->table && compare(last_.row[key], insert->row[key]) < 0);
    if (!rises) {
      return fail(ErrorKind::kCorrupt,
                  named(schema_.tables()[insert->table]) + ": a key comes twice or out of order");
    }
    last_ = std::move(*insert);
  }
  return {};
}

}  // namespace tandem::db
