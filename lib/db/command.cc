#include "db/command.h"

#include "db/query.h"

namespace tandem::db {
namespace {

using wire::Json;

tl::unexpected<Error> bad(const std::string& what) { return fail(ErrorKind::kBadInput, what); }

tl::unexpected<Error> bad(const TableSchema& table, size_t column, const std::string& what) {
  return bad(named(table, column) + ": " + what);
}

Result<size_t> column_of(const std::string& name, const TableSchema& table) {
  const size_t column = table.find_column(name);
  if (column == TableSchema::kNoColumn) {
    return bad(named(table) + " has no column '" + shortened(name, 64) + "'");
  }
  return column;
}

Result<const Json::Object*> object_of(const Json& json, std::string_view member,
                                      const TableSchema& table) {
  const Json* value = json.find(member);
  if (value == nullptr) return bad(named(table) + ": '" + std::string(member) + "' is missing");
  if (value->as_object() == nullptr) {
    return bad(named(table) + ": '" + std::string(member) + "' must be an object, not " +
               std::string(value->type_name()));
  }
  return value->as_object();
}

Result<Value> value_of(const Json& json, const TableSchema& table, size_t column,
                       const Limits& limits) {
  const Column& declared = table.columns[column];
  auto value = value_from_json(json, declared.type, declared.nullable, limits);
  if (!value) return bad(table, column, value.error().message);
  return value;
}

// Gives the columns that the row didn't name their defaults.
Status complete_row(const TableSchema& table, const std::vector<bool>& given, Row& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (given[i]) continue;
    const Column& column = table.columns[i];
    if (column.default_value) {
      row[i] = *column.default_value;
    } else if (i != table.key || !table.auto_increment) {
      return bad(table, i, "is missing");
    }
  }
  return {};
}

Status parse_row(const Json& json, const TableSchema& table, const Limits& limits,
                 Operation& operation) {
  const auto members = object_of(json, "row", table);
  if (!members) return fail(members.error());
  operation.row.resize(table.columns.size());
  std::vector<bool> given(table.columns.size());
  for (const auto& [name, item] : **members) {
    const auto column = column_of(name, table);
    if (!column) return fail(column.error());
    auto value = value_of(item, table, *column, limits);
    if (!value) return fail(std::move(value.error()));
    operation.row[*column] = std::move(*value);
    given[*column] = true;
  }
  return complete_row(table, given, operation.row);
}

Status parse_set(const Json& json, const TableSchema& table, const Limits& limits,
                 Operation& operation) {
  const auto members = object_of(json, "set", table);
  if (!members) return fail(members.error());
  if ((*members)->empty()) return bad(named(table) + ": 'set' names no column");
  for (const auto& [name, item] : **members) {
    const auto column = column_of(name, table);
    if (!column) return fail(column.error());
    if (*column == table.key) {
      return bad(table, *column, "is the key, which an update cannot change");
    }
    auto value = value_of(item, table, *column, limits);
    if (!value) return fail(std::move(value.error()));
    operation.set.emplace_back(*column, std::move(*value));
  }
  return {};
}

Status parse_operation_where(const Json& json, const TableSchema& table, const Limits& limits,
                             Operation& operation) {
  const Json* where = json.find("where");
  if (where == nullptr) {
    return bad(named(table) + ": 'where' is missing ({} means every row)");
  }
  auto parsed = parse_where(where, table, limits);
  if (!parsed) return fail(std::move(parsed.error()));
  operation.where = std::move(*parsed);
  return {};
}

Status parse_kind(const Json& json, OperationKind& kind) {
  const Json* op = json.find("op");
  if (op == nullptr) return bad("'op' is missing");
  const std::string* name = op->as_string();
  if (name == nullptr) return bad("'op' must be a string, not " + std::string(op->type_name()));
  if (*name == "insert") {
    kind = OperationKind::kInsert;
  } else if (*name == "upsert") {
    kind = OperationKind::kUpsert;
  } else if (*name == "update") {
    kind = OperationKind::kUpdate;
  } else if (*name == "delete") {
    kind = OperationKind::kDelete;
  } else {
    return bad("'op' must be insert, upsert, update or delete, not '" + shortened(*name, 64) + "'");
  }
  return {};
}

Result<Operation> parse_operation(const Json& json, const Schema& schema, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return bad("an operation must be an object, not " + std::string(json.type_name()));
  }
  Operation operation;
  const auto table = table_of(json, schema);
  if (!table) return fail(table.error());
  operation.table = schema.number_of(**table);
  Status status = parse_kind(json, operation.kind);
  if (!status) return fail(std::move(status.error()));
  switch (operation.kind) {
    case OperationKind::kInsert:
    case OperationKind::kUpsert:
      status = parse_row(json, **table, limits, operation);
      break;
    case OperationKind::kUpdate:
      status = parse_operation_where(json, **table, limits, operation);
      if (status) status = parse_set(json, **table, limits, operation);
      break;
    case OperationKind::kDelete:
      status = parse_operation_where(json, **table, limits, operation);
      break;
  }
  if (!status) return fail(std::move(status.error()));
  return operation;
}

Result<Condition> parse_condition(const Json& json, const Schema& schema, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return bad("must be an object, not " + std::string(json.type_name()));
  }
  Condition condition;
  const auto table = table_of(json, schema);
  if (!table) return fail(table.error());
  condition.table = schema.number_of(**table);
  auto where = parse_where(json.find("where"), **table, limits);
  if (!where) return fail(std::move(where.error()));
  condition.where = std::move(*where);
  const Json* exists = json.find("exists");
  const Json* count = json.find("count");
  if ((exists == nullptr) == (count == nullptr)) {
    return bad(named(**table) + ": either 'exists' or 'count' is needed");
  }
  if (exists != nullptr) {
    if (exists->as_bool() == nullptr) {
      return bad("'exists' must be a boolean, not " + std::string(exists->type_name()));
    }
    condition.exists = *exists->as_bool();
    return condition;
  }
  if (count->as_int() == nullptr || *count->as_int() < 0) {
    return bad("'count' must be an integer from 0 on");
  }
  condition.count = *count->as_int();
  return condition;
}

// Reads an array member with `parse`, naming the number of the item that is wrong.
template <typename Item, typename Parse>
Status parse_items(const Json& json, std::string_view member, std::string_view item_name,
                   size_t most, const Parse& parse, std::vector<Item>& items) {
  const Json::Array* array = json.as_array();
  if (array == nullptr) {
    return bad("'" + std::string(member) + "' must be an array, not " +
               std::string(json.type_name()));
  }
  if (array->size() > most) {
    return fail(ErrorKind::kTooLarge,
                "'" + std::string(member) + "' holds more than " + std::to_string(most) + " items");
  }
  items.reserve(array->size());
  for (size_t i = 0; i < array->size(); ++i) {
    auto item = parse((*array)[i]);
    if (!item) {
      return fail(item.error().kind,
                  std::string(item_name) + " " + std::to_string(i) + ": " + item.error().message);
    }
    items.push_back(std::move(*item));
  }
  return {};
}

Result<Command> parse_change(const Json& json, const Schema& schema, const Limits& limits) {
  Change change;
  if (const Json* conditions = json.find("if")) {
    const auto parse = [&](const Json& item) { return parse_condition(item, schema, limits); };
    Status status =
        parse_items(*conditions, "if", "condition", limits.conditions, parse, change.conditions);
    if (!status) return fail(std::move(status.error()));
  }
  const auto parse = [&](const Json& item) { return parse_operation(item, schema, limits); };
  Status status = parse_items(*json.find("ops"), "ops", "operation", limits.operations, parse,
                              change.operations);
  if (!status) return fail(std::move(status.error()));
  if (change.operations.empty()) return bad("'ops' holds no operation");
  return Command(std::move(change));
}

}  // namespace

Result<Command> parse_command(const Json& json, const Schema& schema, const Limits& limits) {
  if (json.as_object() == nullptr) {
    return bad("a command must be an object, not " + std::string(json.type_name()));
  }
  const Json* kinds[] = {json.find("schema"), json.find("clear"), json.find("ops"),
                         json.find("op")};
  int named_kinds = 0;
  for (const Json* kind : kinds) named_kinds += kind != nullptr ? 1 : 0;
  if (named_kinds == 0) return bad("neither 'op' nor 'ops': nothing to do");
  if (named_kinds > 1) {
    return bad("only one of 'op', 'ops', 'clear' and 'schema' can be in one command");
  }
  if (kinds[0] != nullptr) {
    auto parsed = parse_schema(*kinds[0], limits);
    if (!parsed) return fail(std::move(parsed.error()));
    return Command(SetSchema{std::move(*parsed)});
  }
  if (kinds[1] != nullptr) {
    if (kinds[1]->as_bool() == nullptr || !*kinds[1]->as_bool()) return bad("'clear' must be true");
    return Command(Clear{});
  }
  if (kinds[2] != nullptr) return parse_change(json, schema, limits);
  if (json.find("if") != nullptr) return bad("'if' needs its operations in 'ops'");
  auto operation = parse_operation(json, schema, limits);
  if (!operation) return fail(std::move(operation.error()));
  Change change;
  change.operations.push_back(std::move(*operation));
  return Command(std::move(change));
}

Result<Operation> parse_table_row(const Json& json, const Schema& schema, const Limits& limits) {
  const auto table = table_of(json, schema);
  if (!table) return fail(table.error());
  Operation operation;
  operation.table = schema.number_of(**table);
  Status status = parse_row(json, **table, limits, operation);
  if (!status) return fail(std::move(status.error()));
  return operation;
}

}  // namespace tandem::db
