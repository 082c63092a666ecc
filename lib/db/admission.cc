#include "db/admission.h"

#include <string>
#include <string_view>
#include <variant>

#include "db/plan.h"

namespace tandem::db {
namespace {

// What an update sets in texts up to this size cannot add up to kMaxRowBytes in kMaxColumns.
constexpr size_t kSmallTextBytes = 16u << 10;

tl::unexpected<Error> bad(const std::string& at, const std::string& what) {
  return fail(ErrorKind::kBadInput, at + ": " + what);
}

Status admit_name(const std::string& at, std::string_view name) {
  if (name.size() > kMaxNameBytes) {
    return bad(at, "the name is longer than " + std::to_string(kMaxNameBytes) + " bytes");
  }
  if (name.find('\0') != std::string_view::npos) return bad(at, "the name holds U+0000");
  return {};
}

bool holds_nul(const Value& value) {
  const auto has_nul = [](const std::string& text) { return text.find('\0') != text.npos; };
  if (const auto* text = std::get_if<std::string>(&value)) return has_nul(*text);
  const auto* list = std::get_if<TextList>(&value);
  if (list == nullptr) return false;
  for (const std::string& text : *list) {
    if (has_nul(text)) return true;
  }
  return false;
}

Status admit_value(const TableSchema& table, size_t column, const Value& value) {
  if (holds_nul(value)) return bad(named(table, column), "holds U+0000, which no text may");
  // It could be in no path, such as /api/v1/users/NAME.
  const auto* text = std::get_if<std::string>(&value);
  if (column == table.key && text != nullptr && text->empty()) {
    return bad(named(table, column), "is the key, which must not be empty");
  }
  const auto* number = std::get_if<int64_t>(&value);
  if (number == nullptr) return {};
  const bool is_time = table.columns[column].type == Type::kTimestamp;
  if (is_time && (*number < kMinTimestampMs || *number > kMaxTimestampMs)) {
    return bad(named(table, column), "is not in the years 0001 to 9999");
  }
  const bool is_counted = table.auto_increment && column == table.key;
  if (is_counted && (*number < 1 || *number > kMaxNamedKey)) {
    return bad(named(table, column), "must be from 1 to " + std::to_string(kMaxNamedKey) +
                                         ", as the keys after it are "
                                         "counted up from there");
  }
  return {};
}

Status admit_size(const TableSchema& table, const Row& row) {
  size_t indexed = 0;
  size_t all = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    const size_t bytes = text_bytes(row[i]);
    all += bytes;
    if (table.columns[i].indexed) indexed += bytes;
  }
  if (indexed > kMaxIndexedTextBytes) {
    return bad(named(table), "the key and the indexed columns of a row would have " +
                                 std::to_string(indexed) +
                                 " bytes of text, more than the limit of " +
                                 std::to_string(kMaxIndexedTextBytes));
  }
  if (all > kMaxRowBytes) {
    return bad(named(table), "a row would have " + std::to_string(all) +
                                 " bytes of text, more than the limit of " +
                                 std::to_string(kMaxRowBytes));
  }
  return {};
}

Status admit_row(const TableSchema& table, const Row& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (Status good = admit_value(table, i, row[i]); !good) return good;
  }
  return admit_size(table, row);
}

Status admit_update(const TableSchema& table, const Table& rows, const Operation& update) {
  bool may_be_large = false;
  for (const auto& [column, value] : update.set) {
    if (Status good = admit_value(table, column, value); !good) return good;
    const size_t bytes = text_bytes(value);
    may_be_large =
        may_be_large || bytes > kSmallTextBytes || (bytes > 0 && table.columns[column].indexed);
  }
  if (!may_be_large) return {};
  Status status;
  Meter unlimited;  // what it costs was looked at
  Plan(rows, update.where).visit(unlimited, [&](const Row& row) {
    Row changed = row;
    for (const auto& [column, value] : update.set) changed[column] = value;
    status = admit_size(table, changed);
    return status.has_value();
  });
  return status;
}

Status admit_operation(const Operation& operation, const Schema& schema,
                       const std::vector<Table>& tables) {
  const TableSchema& table = schema.tables()[operation.table];
  switch (operation.kind) {
    case OperationKind::kInsert:
    case OperationKind::kUpsert:
      return admit_row(table, operation.row);
    case OperationKind::kUpdate:
      return admit_update(table, tables[operation.table], operation);
    case OperationKind::kDelete:
      return {};
  }
  return {};
}

Status admit_table(const TableSchema& table) {
  Status good = admit_name(named(table), table.name);
  if (table.columns.size() > kMaxColumns) {
    return bad(named(table), "has more than " + std::to_string(kMaxColumns) + " columns");
  }
  for (size_t i = 0; i < table.columns.size() && good; ++i) {
    const Column& column = table.columns[i];
    good = admit_name(named(table, i), column.name);
    if (good && column.default_value) good = admit_value(table, i, *column.default_value);
  }
  for (const IndexSchema& index : table.indexes) {
    if (index.columns.size() <= kMaxIndexColumns) continue;
    return bad(named(table),
               "an index has more than " + std::to_string(kMaxIndexColumns) + " columns");
  }
  return good;
}

// What the conditions and operations look at, the rows of a cascade left out: each of those was
// paid for when it was put in.
Status admit_cost(const Change& change, const Schema& schema, const std::vector<Table>& tables,
                  uint64_t allowed) {
  uint64_t cost = 0;
  const auto pay = [&](const char* what, size_t number, size_t table, const Where& where) {
    const uint64_t more = where.terms.empty() ? 0 : Plan(tables[table], where).cost();
    cost += more;
    if (cost <= allowed) return Status();
    return Status(fail(ErrorKind::kTooLarge,
                       std::string(what) + " " + std::to_string(number) + ": " +
                           named(schema.tables()[table]) + ": to find its rows costs looking at " +
                           std::to_string(more) + " rows, and the write may look at " +
                           std::to_string(allowed) +
                           ": ask by the key or the columns of an index, or for less at a time"));
  };
  for (size_t i = 0; i < change.conditions.size(); ++i) {
    const Condition& condition = change.conditions[i];
    if (Status s = pay("condition", i, condition.table, condition.where); !s) return s;
  }
  for (size_t i = 0; i < change.operations.size(); ++i) {
    const Operation& operation = change.operations[i];
    const bool searches =
        operation.kind == OperationKind::kUpdate || operation.kind == OperationKind::kDelete;
    if (!searches) continue;
    if (Status s = pay("operation", i, operation.table, operation.where); !s) return s;
  }
  return {};
}

}  // namespace

Status admit_schema(const Schema& schema) {
  for (const TableSchema& table : schema.tables()) {
    if (Status good = admit_table(table); !good) return good;
  }
  return {};
}

Status admit_command(const Command& command, const Schema& schema, const std::vector<Table>& tables,
                     const Limits& limits) {
  if (const auto* set = std::get_if<SetSchema>(&command)) return admit_schema(set->schema);
  const auto* change = std::get_if<Change>(&command);
  if (change == nullptr) return {};
  if (Status good = admit_cost(*change, schema, tables, limits.write_cost); !good) return good;
  for (size_t i = 0; i < change->operations.size(); ++i) {
    const Status good = admit_operation(change->operations[i], schema, tables);
    if (!good) return bad("operation " + std::to_string(i), good.error().message);
  }
  return {};
}

}  // namespace tandem::db
