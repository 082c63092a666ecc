// Commands as text: from outside, and canonical.
#include <algorithm>

#include "base/json_string.h"
#include "db/command.h"

namespace tandem::db {
namespace {

using wire::Json;

// Every write passes here: what it mostly consists of is written without a tree of values.

void append_name(std::string& out, std::string_view name) {
  out += R"({"table":)";
  append_json_string(out, name);
}

void append_member(std::string& out, const Column& column, const Value& value) {
  if (out.back() != '{') out += ',';
  out += column.json_name;
  append_json(out, value);
}

void append_row(std::string& out, const Operation& operation, const TableSchema& table) {
  out += R"(,"row":{)";
  for (size_t i = 0; i < operation.row.size(); ++i) {
    const bool counted = i == table.key && is_null(operation.row[i]);
    if (!counted) append_member(out, table.columns[i], operation.row[i]);
  }
  out += '}';
}

void append_where(std::string& out, const Where& where, const TableSchema& table) {
  out += R"(,"where":)";
  const bool only_equal = std::all_of(where.terms.begin(), where.terms.end(),
                                      [](const Term& term) { return term.op == Operator::kEq; });
  if (!only_equal) return to_json(where, table).dump_to(out);
  out += '{';
  for (const Term& term : where.terms) append_member(out, table.columns[term.column], term.value);
  out += '}';
}

void append_operation(std::string& out, const Operation& operation, const Schema& schema) {
  const TableSchema& table = schema.tables()[operation.table];
  append_name(out, table.name);
  switch (operation.kind) {
    case OperationKind::kInsert:
      out += R"(,"op":"insert")";
      append_row(out, operation, table);
      break;
    case OperationKind::kUpsert:
      out += R"(,"op":"upsert")";
      append_row(out, operation, table);
      break;
    case OperationKind::kUpdate:
      out += R"(,"op":"update")";
      append_where(out, operation.where, table);
      out += R"(,"set":{)";
      for (const auto& [column, value] : operation.set) {
        append_member(out, table.columns[column], value);
      }
      out += '}';
      break;
    case OperationKind::kDelete:
      out += R"(,"op":"delete")";
      append_where(out, operation.where, table);
      break;
  }
  out += '}';
}

void append_condition(std::string& out, const Condition& condition, const Schema& schema) {
  const TableSchema& table = schema.tables()[condition.table];
  append_name(out, table.name);
  append_where(out, condition.where, table);
  if (condition.count) {
    out += R"(,"count":)" + std::to_string(*condition.count) + '}';
  } else {
    out += condition.exists ? R"(,"exists":true})" : R"(,"exists":false})";
  }
}

std::string text_of(const Change& change, const Schema& schema) {
  std::string out = "{";
  if (!change.conditions.empty()) {
    out += R"("if":[)";
    for (const Condition& condition : change.conditions) {
      if (out.back() != '[') out += ',';
      append_condition(out, condition, schema);
    }
    out += "],";
  }
  out += R"("ops":[)";
  for (const Operation& operation : change.operations) {
    if (out.back() != '[') out += ',';
    append_operation(out, operation, schema);
  }
  return out += "]}";
}

}  // namespace

std::string canonical(const Command& command, const Schema& schema) {
  if (const auto* set = std::get_if<SetSchema>(&command)) {
    return Json(Json::Object{{"schema", to_json(set->schema)}}).dump();
  }
  if (const auto* change = std::get_if<Change>(&command)) return text_of(*change, schema);
  return R"({"clear":true})";
}

namespace {

// A command as a client sends it. Of a number that is too large for its key the message has the
// digits, too.
Result<Command> parse_request(std::string_view text, const Schema& schema, const Limits& limits) {
  const auto json = wire::parse_request_json(text);
  if (!json) return fail(json.error());
  auto command = parse_command(*json, schema, limits);
  if (command) return command;
  const auto exact = wire::parse_json(text);
  if (exact) return command;
  return fail(command.error().kind, command.error().message + " (" + exact.error().message + ")");
}

}  // namespace

Result<std::string> check_command(std::string_view text, const Schema& schema,
                                  const Limits& limits) {
  const auto json = wire::parse_json(text);
  if (!json) return fail(json.error());
  const auto command = parse_command(*json, schema, limits);
  if (!command) return fail(command.error());
  return canonical(*command, schema);
}

Result<std::string> check_change(std::string_view text, const Schema& schema,
                                 const Limits& limits) {
  const auto command = parse_request(text, schema, limits);
  if (!command) return fail(command.error());
  if (!std::holds_alternative<Change>(*command)) {
    return fail(ErrorKind::kBadInput, "a write has 'op', or 'ops' and 'if'");
  }
  return canonical(*command, schema);
}

}  // namespace tandem::db
