#include "db/admission.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>

#include "db/plan.h"
#include "db/write_cost.h"

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

// Every table of PostgreSQL has these besides its own.
constexpr std::string_view kSystemColumns[] = {"cmax", "cmin", "ctid", "tableoid", "xmax", "xmin"};

Status admit_column_name(const std::string& at, std::string_view name) {
  if (std::find(std::begin(kSystemColumns), std::end(kSystemColumns), name) !=
      std::end(kSystemColumns)) {
    return bad(at, "PostgreSQL has a column of this name in every table: take another");
  }
  return admit_name(at, name);
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

// `bytes_of(i)`: of the text that the row would have in column i.
template <typename BytesOf>
Status admit_size(const TableSchema& table, BytesOf&& bytes_of) {
  uint64_t indexed = 0;
  uint64_t all = 0;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const uint64_t bytes = bytes_of(i);
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
  return admit_size(table, [&](size_t i) { return text_bytes(row[i]); });
}

// Rows are looked at where those with the longest texts that there are would be too large, and only
// as far as the meter goes. Where the rows are elsewhere that cannot be done.
Status admit_update(const TableSchema& table, const Table& rows, const Operation& update,
                    Meter& meter) {
  bool may_be_large = false;
  std::vector<const Value*> set(table.columns.size());
  for (const auto& [column, value] : update.set) {
    if (Status good = admit_value(table, column, value); !good) return good;
    set[column] = &value;
    const uint64_t bytes = text_bytes(value);
    may_be_large =
        may_be_large || bytes > kSmallTextBytes || (bytes > 0 && table.columns[column].indexed);
  }
  const auto longest = [&](size_t i) {
    return set[i] != nullptr ? text_bytes(*set[i]) : rows.longest_text(i);
  };
  if (!may_be_large || admit_size(table, longest)) return {};
  if (rows.is_partial()) {
    return fail(ErrorKind::kTooLarge,
                named(table) +
                    ": whether its rows stay within the limits for texts cannot be seen, for "
                    "they are not at hand: set shorter texts, or put the whole row in");
  }
  Status status;
  Plan(rows, update.where).visit(meter, [&](const Row& row) {
    status = admit_size(table,
                        [&](size_t i) { return text_bytes(set[i] != nullptr ? *set[i] : row[i]); });
    return status.has_value();
  });
  if (!status || !meter.ended()) return status;
  return fail(ErrorKind::kTooLarge,
              named(table) +
                  ": whether its rows stay within the limits for texts takes a look at "
                  "more than " +
                  std::to_string(meter.allowed()) + " of them: change fewer at a time");
}

Status admit_operation(const Operation& operation, const Schema& schema,
                       const std::vector<Table>& tables, Meter& meter) {
  const TableSchema& table = schema.tables()[operation.table];
  switch (operation.kind) {
    case OperationKind::kInsert:
    case OperationKind::kUpsert:
      return admit_row(table, operation.row);
    case OperationKind::kUpdate:
      return admit_update(table, tables[operation.table], operation, meter);
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
    good = admit_column_name(named(table, i), column.name);
    if (good && column.default_value) good = admit_value(table, i, *column.default_value);
  }
  for (const IndexSchema& index : table.indexes) {
    if (index.columns.size() <= kMaxIndexColumns) continue;
    return bad(named(table),
               "an index has more than " + std::to_string(kMaxIndexColumns) + " columns");
  }
  return good;
}

// What the conditions and operations of one write cost together, against what they may.
class Cost {
 public:
  explicit Cost(const Limits& limits) : limits_(limits) {}

  Status pay(std::string_view what, size_t number, const TableSchema& table,
             const WriteCost& cost) {
    rows_ += cost.rows;
    bytes_ += cost.bytes;
    if (rows_ > limits_.write_cost) {
      return too_dear(what, number, table,
                      "it costs as much as looking at " + std::to_string(cost.rows) +
                          " rows, and the write may look at " + std::to_string(limits_.write_cost) +
                          ": ask by the key or the columns of an index, or for less at a time");
    }
    if (bytes_ > limits_.write_memory_bytes) {
      return too_dear(what, number, table,
                      "it takes about " + in_mib(cost.bytes) +
                          " of memory, and the write may take " +
                          in_mib(limits_.write_memory_bytes) +
                          " (limits.write_memory): change or compare fewer rows at a time");
    }
    return {};
  }

 private:
  static std::string in_mib(uint64_t bytes) {
    return std::to_string((bytes + (1 << 20) - 1) >> 20) + " MiB";
  }
  static tl::unexpected<Error> too_dear(std::string_view what, size_t number,
                                        const TableSchema& table, const std::string& why) {
    return fail(ErrorKind::kTooLarge, std::string(what) + " " + std::to_string(number) + ": " +
                                          named(table) + ": " + why);
  }

  const Limits& limits_;
  uint64_t rows_ = 0;
  uint64_t bytes_ = 0;
};

Status admit_cost(const Change& change, const Schema& schema, const std::vector<Table>& tables,
                  const Limits& limits) {
  // What is emptied as a whole is not looked at.
  if (!emptied_by(change, schema, tables).empty()) return {};
  const std::vector<Columns> elsewhere = columns_elsewhere({&change}, schema, tables);
  WriteEstimate estimate(schema, tables, elsewhere, limits.quick_cost);
  Cost cost(limits);
  for (size_t i = 0; i < change.conditions.size(); ++i) {
    const Condition& condition = change.conditions[i];
    const TableSchema& table = schema.tables()[condition.table];
    if (Status good = cost.pay("condition", i, table, estimate.of(condition)); !good) return good;
  }
  for (size_t i = 0; i < change.operations.size(); ++i) {
    const Operation& operation = change.operations[i];
    const TableSchema& table = schema.tables()[operation.table];
    if (Status good = cost.pay("operation", i, table, estimate.of(operation)); !good) return good;
  }
  return {};
}

}  // namespace

Status check_portable(const TableSchema& table, const Row& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (holds_nul(row[i])) return bad(named(table, i), "holds U+0000, which no text may");
  }
  return admit_size(table, [&](size_t i) { return text_bytes(row[i]); });
}

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
  if (Status good = admit_cost(*change, schema, tables, limits); !good) return good;
  Meter meter(limits.quick_cost);
  for (size_t i = 0; i < change->operations.size(); ++i) {
    const Status good = admit_operation(change->operations[i], schema, tables, meter);
    if (good) continue;
    return fail(good.error().kind, "operation " + std::to_string(i) + ": " + good.error().message);
  }
  return {};
}

}  // namespace tandem::db
