// The canonical text of a command.
#include "db/command.h"

namespace tandem::db {
namespace {

using wire::Json;

Json row_to_json(const Operation& operation, const TableSchema& table) {
  Json json = Json::Object{};
  for (size_t i = 0; i < operation.row.size(); ++i) {
    const bool counted = i == table.key && is_null(operation.row[i]);
    if (!counted) json.set(table.columns[i].name, to_json(operation.row[i]));
  }
  return json;
}

Json operation_to_json(const Operation& operation, const Schema& schema) {
  const TableSchema& table = schema.tables()[operation.table];
  Json json;
  json.set("table", table.name);
  switch (operation.kind) {
    case OperationKind::kInsert:
      json.set("op", "insert").set("row", row_to_json(operation, table));
      break;
    case OperationKind::kUpsert:
      json.set("op", "upsert").set("row", row_to_json(operation, table));
      break;
    case OperationKind::kUpdate: {
      Json set = Json::Object{};
      for (const auto& [column, value] : operation.set) {
        set.set(table.columns[column].name, to_json(value));
      }
      json.set("op", "update").set("where", to_json(operation.where, table));
      json.set("set", std::move(set));
      break;
    }
    case OperationKind::kDelete:
      json.set("op", "delete").set("where", to_json(operation.where, table));
      break;
  }
  return json;
}

Json condition_to_json(const Condition& condition, const Schema& schema) {
  const TableSchema& table = schema.tables()[condition.table];
  Json json;
  json.set("table", table.name).set("where", to_json(condition.where, table));
  if (condition.count) return json.set("count", *condition.count);
  return json.set("exists", condition.exists);
}

Json change_to_json(const Change& change, const Schema& schema) {
  Json json;
  if (!change.conditions.empty()) {
    Json::Array conditions;
    for (const Condition& condition : change.conditions) {
      conditions.push_back(condition_to_json(condition, schema));
    }
    json.set("if", std::move(conditions));
  }
  Json::Array operations;
  for (const Operation& operation : change.operations) {
    operations.push_back(operation_to_json(operation, schema));
  }
  return json.set("ops", std::move(operations));
}

}  // namespace

std::string canonical(const Command& command, const Schema& schema) {
  if (const auto* set = std::get_if<SetSchema>(&command)) {
    return Json(Json::Object{{"schema", to_json(set->schema)}}).dump();
  }
  if (const auto* change = std::get_if<Change>(&command)) {
    return change_to_json(*change, schema).dump();
  }
  return R"({"clear":true})";
}

}  // namespace tandem::db
