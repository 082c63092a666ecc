#include "db/transaction.h"

#include <utility>

#include "db/plan.h"

namespace tandem::db {
namespace {

constexpr size_t kShownWhereBytes = 200;

tl::unexpected<Error> conflict(const std::string& what) { return fail(ErrorKind::kConflict, what); }

std::string rows_meant(const TableSchema& table, const Where& where) {
  return " in " + named(table) + " where " +
         shortened(to_json(where, table).dump(), kShownWhereBytes);
}

// Whoever gave the meter looks at that: nobody reads this.
Status given_up() { return fail(ErrorKind::kTooLarge, "given up"); }

void append_affected(std::string& results, size_t rows) {
  results += "{\"affected\":" + std::to_string(rows);
}

}  // namespace

tl::expected<void, Refusal> Transaction::run(Change change, std::string& results) {
  for (size_t i = 0; i < change.conditions.size(); ++i) {
    const Table& table = tables_[change.conditions[i].table];
    const uint64_t misses = table.misses();
    Status status = check(change.conditions[i]);
    if (status || table.misses() != misses) continue;
    const std::string at = "condition " + std::to_string(i) + " does not hold: ";
    return tl::unexpected(
        Refusal{{status.error().kind, at + status.error().message}, static_cast<int64_t>(i), -1});
  }
  const size_t start = results.size();
  for (size_t i = 0; i < change.operations.size(); ++i) {
    if (i > 0) results += ',';
    Status status = run(change.operations[i], results);
    if (status) continue;
    roll_back();
    results.resize(start);
    const std::string at = "operation " + std::to_string(i) + ": ";
    return tl::unexpected(
        Refusal{{status.error().kind, at + status.error().message}, -1, static_cast<int64_t>(i)});
  }
  return {};
}

// Rows that match, at most one more than `enough`.
size_t Transaction::count_up_to(const Table& table, const Where& where, size_t enough) const {
  if (where.terms.empty()) return table.row_count();
  size_t count = 0;
  const Plan plan(table, where);
  const auto one_more = [&](const Row&) { return ++count <= enough; };
  if (plan.by_keys()) {
    plan.visit(meter_, one_more);
  } else {
    plan.visit_here(meter_, one_more);
    if (count <= enough) plan.all_here(enough + 1);
  }
  return count;
}

Status Transaction::check(const Condition& condition) const {
  const Table& table = tables_[condition.table];
  const TableSchema& schema = schema_.tables()[condition.table];
  if (condition.count) {
    const auto wanted = static_cast<size_t>(*condition.count);
    const size_t found = count_up_to(table, condition.where, wanted);
    if (meter_.ended()) return given_up();
    if (found == wanted) return {};
    return conflict("wanted " + std::to_string(wanted) + " rows" +
                    rows_meant(schema, condition.where) + ", there are " +
                    (found > wanted ? "more" : std::to_string(found)));
  }
  const bool found = count_up_to(table, condition.where, 0) > 0;
  if (meter_.ended()) return given_up();
  if (found == condition.exists) return {};
  return conflict((condition.exists ? "wanted a row" : "wanted no row") +
                  rows_meant(schema, condition.where));
}

Status Transaction::run(Operation& operation, std::string& results) {
  switch (operation.kind) {
    case OperationKind::kInsert:
    case OperationKind::kUpsert:
      return put_row(operation, results);
    case OperationKind::kUpdate:
      return update_rows(operation, results);
    case OperationKind::kDelete:
      return delete_rows(operation, results);
  }
  return {};
}

Status Transaction::assign_key(const TableSchema& table, Row& row) {
  const int64_t counter = tables_[schema_.number_of(table)].counter();
  if (counter == INT64_MAX) return conflict(named(table, table.key) + ": no number is left");
  row[table.key] = Value(counter + 1);
  return {};
}

Status Transaction::put_row(Operation& operation, std::string& results) {
  if (!meter_.spend(1)) return given_up();
  const TableSchema& table = schema_.tables()[operation.table];
  Table& rows = tables_[operation.table];
  if (is_null(operation.row[table.key])) {
    if (Status status = assign_key(table, operation.row); !status) return status;
  } else if (operation.kind == OperationKind::kInsert &&
             rows.find(operation.row[table.key]).row != nullptr) {
    return conflict(named(table, table.key) + ": a row with " + shown(operation.row[table.key]) +
                    " exists already");
  }
  if (Status status = check_unique(table, operation.row); !status) return status;
  if (Status status = check_references(table, operation.row); !status) return status;

  rows.need(operation.row[table.key]);  // what it replaces
  append_affected(results, 1);
  results += ",\"key\":";
  append_json(results, operation.row[table.key]);
  results += '}';
  const auto* number = std::get_if<int64_t>(&operation.row[table.key]);
  const bool counts = table.auto_increment && number != nullptr && *number > rows.counter();
  const int64_t counter = counts ? *number : rows.counter();
  put(operation.table, std::make_shared<const Row>(std::move(operation.row)));
  rows.set_counter(counter);
  return {};
}

std::vector<const Row*> Transaction::matching(const Operation& operation) const {
  std::vector<const Row*> rows;
  Plan(tables_[operation.table], operation.where).visit(meter_, [&](const Row& row) {
    rows.push_back(&row);
    return true;
  });
  return rows;
}

// The rows stay alive while they are replaced: the undo list holds them.
Status Transaction::update_rows(const Operation& operation, std::string& results) {
  const TableSchema& table = schema_.tables()[operation.table];
  const std::vector<const Row*> rows = matching(operation);
  for (const Row* row : rows) {
    if (!meter_.spend(1)) return given_up();
    Row changed = *row;
    for (const auto& [column, value] : operation.set) changed[column] = value;
    if (Status status = check_unique(table, changed); !status) return status;
    if (Status status = check_references(table, changed); !status) return status;
    put(operation.table, std::make_shared<const Row>(std::move(changed)));
  }
  if (meter_.ended()) return given_up();
  append_affected(results, rows.size());
  results += '}';
  return {};
}

// Deletes in a list of work, not by recursion: a chain of references can be as long as a table.
Status Transaction::delete_rows(const Operation& operation, std::string& results) {
  std::vector<std::pair<size_t, Value>> work;
  for (const Row* row : matching(operation)) {
    work.emplace_back(operation.table, (*row)[tables_[operation.table].key()]);
  }
  append_affected(results, work.size());
  results += '}';
  std::vector<RestrictCheck> checks;
  while (!work.empty()) {
    if (!meter_.spend(1)) return given_up();
    const auto [table, key] = std::move(work.back());
    work.pop_back();
    RowPtr deleted = erase(table, key);
    if (deleted == nullptr) continue;  // two ways led to it
    for (const Referrer& referrer : schema_.tables()[table].referrers) {
      if (referrer.on_delete == OnDelete::kRestrict) {
        checks.push_back({referrer, table, deleted});
        continue;
      }
      const Table& referring = tables_[referrer.table];
      const bool is_itself = referrer.table == table;
      if (is_itself ? !referring.has_below(referrer.index, key) : !has_referring(referrer, key)) {
        continue;
      }
      referring.indexes()[referrer.index].visit({&key}, nullptr, nullptr, [&](const Row& row) {
        work.emplace_back(referrer.table, row[referring.key()]);
        return true;
      });
    }
  }
  if (meter_.ended()) return given_up();
  for (const RestrictCheck& check : checks) {
    if (Status status = check_restricted(check); !status) return status;
    if (meter_.ended()) return given_up();
  }
  return {};
}

Status Transaction::check_restricted(const RestrictCheck& check) const {
  const Value& key = (*check.deleted)[tables_[check.table].key()];
  // One row is enough, however many there are.
  Where refers;
  refers.terms.push_back({check.referrer.column, Operator::kEq, key, {}});
  if (count_up_to(tables_[check.referrer.table], refers, 0) == 0) return {};
  const TableSchema& table = schema_.tables()[check.table];
  const TableSchema& referring = schema_.tables()[check.referrer.table];
  return conflict(named(table, table.key) + ": the row with " + shown(key) +
                  " cannot be deleted: " + named(referring, check.referrer.column) +
                  " refers to it");
}

// Whether all rows that refer to this key are here.
bool Transaction::has_referring(const Referrer& referrer, const Value& key) const {
  const Table& table = tables_[referrer.table];
  return !table.is_partial() || table.has(Range{.index = referrer.index, .equal = {key}});
}

Status Transaction::check_references(const TableSchema& table, const Row& row) const {
  for (size_t i = 0; i < row.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.references.empty() || is_null(row[i])) continue;
    const Table::Found found = tables_[column.references_table].find(row[i]);
    if (found.row != nullptr || found.unknown) continue;
    const bool itself =
        column.references_table == schema_.number_of(table) && compare(row[i], row[table.key]) == 0;
    if (itself) continue;
    return conflict(named(table, i) + ": there is no " + shown(row[i]) + " in table '" +
                    column.references + "'");
  }
  return {};
}

Status Transaction::check_unique(const TableSchema& table, const Row& row) const {
  const size_t collision = tables_[schema_.number_of(table)].collision_of(row);
  if (collision == Table::kNoIndex) return {};
  std::string columns;
  std::string values;
  for (const size_t column : table.indexes[collision].columns) {
    if (!columns.empty()) columns += ", ";
    columns += "'" + table.columns[column].name + "'";
    if (!values.empty()) values += ", ";
    values += shown(row[column]);
  }
  return conflict(named(table) + ": another row has " + values + " in " + columns +
                  ", which must be unique");
}

void Transaction::put(size_t table, RowPtr row) {
  const int64_t counter = tables_[table].counter();
  RowPtr before = tables_[table].put(row);
  undo_.push_back({table, std::move(before), std::move(row), counter});
}

RowPtr Transaction::erase(size_t table, const Value& key) {
  const int64_t counter = tables_[table].counter();
  RowPtr gone = tables_[table].erase(key);
  if (gone != nullptr) undo_.push_back({table, gone, nullptr, counter});
  return gone;
}

void Transaction::roll_back() {
  for (; !undo_.empty(); undo_.pop_back()) {
    const Undo& undo = undo_.back();
    Table& table = tables_[undo.table];
    if (undo.before != nullptr) {
      table.put(undo.before);
    } else {
      table.erase((*undo.after)[table.key()]);
    }
    table.set_counter(undo.counter);
  }
}

}  // namespace tandem::db
