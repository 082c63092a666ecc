#include "db/write_cost.h"

#include <algorithm>

namespace tandem::db {
namespace {

// An update counts as much for each row that it may meet, and one more for each so many bytes of text
// that it sets.
constexpr uint64_t kChangeCost = 4;
constexpr uint64_t kSetBytes = 128;
// How often the texts of a row are there that comes from PostgreSQL: as an answer and as a row, and
// as another row where it is changed.
constexpr uint64_t kCopiesFetched = 2;
constexpr uint64_t kCopiesChanged = 3;
// So many keys of a delete are looked at one by one for what refers to them.
constexpr size_t kKeysLookedAt = 100;

uint64_t times(uint64_t rows, double bytes) {
  return static_cast<uint64_t>(static_cast<double>(rows) * bytes);
}

double per_row(const Table& table, uint64_t of_all) {
  return static_cast<double>(of_all) /
         static_cast<double>(std::max<uint64_t>(table.row_count(), 1));
}

// Of a row, on average.
double texts_of(const Table& table, const Columns& elsewhere = {}) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < table.longest_texts().size(); ++i) {
    if (elsewhere.empty() || !elsewhere[i]) bytes += table.text_bytes(i);
  }
  return per_row(table, bytes);
}

// The length of a text that is equal to what the term compares with; nullopt: it may have any.
std::optional<uint64_t> length_meant(const Term& term) {
  if (term.op == Operator::kEq) return text_bytes(term.value);
  if (term.op != Operator::kIn) return std::nullopt;
  uint64_t longest = 0;
  for (const Value& value : term.values) longest = std::max(longest, text_bytes(value));
  return longest;
}

}  // namespace

std::vector<Columns> columns_elsewhere(const std::vector<const Change*>& changes,
                                       const Schema& schema, const std::vector<Table>& tables) {
  std::vector<Columns> elsewhere(tables.size());
  bool is_any = false;
  for (size_t table = 0; table < tables.size(); ++table) {
    const std::vector<Column>& columns = schema.tables()[table].columns;
    for (size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].indexed || tables[table].longest_text(i) <= kShortTextBytes) continue;
      elsewhere[table].resize(columns.size());
      elsewhere[table][i] = is_any = true;
    }
  }
  if (!is_any) return elsewhere;
  const auto is_compared = [&](size_t table, const Where& where) {
    if (elsewhere[table].empty()) return;
    for (const Term& term : where.terms) elsewhere[table][term.column] = false;
  };
  for (const Change* change : changes) {
    if (change == nullptr) continue;
    for (const Condition& condition : change->conditions) {
      is_compared(condition.table, condition.where);
    }
    for (const Operation& operation : change->operations) {
      is_compared(operation.table, operation.where);
    }
  }
  for (Columns& columns : elsewhere) {
    if (std::find(columns.begin(), columns.end(), true) == columns.end()) columns.clear();
  }
  return elsewhere;
}

std::vector<size_t> emptied_by(const Change& change, const Schema& schema,
                               const std::vector<Table>& tables) {
  if (!change.conditions.empty() || change.operations.size() != 1) return {};
  const Operation& operation = change.operations.front();
  if (operation.kind != OperationKind::kDelete || !operation.where.terms.empty()) return {};
  std::vector<size_t> emptied{operation.table};
  const auto is_emptied = [&](size_t table) {
    return std::find(emptied.begin(), emptied.end(), table) != emptied.end();
  };
  for (size_t i = 0; i < emptied.size(); ++i) {
    for (const Referrer& referrer : schema.tables()[emptied[i]].referrers) {
      const bool refers = !schema.tables()[referrer.table].columns[referrer.column].nullable;
      const bool goes = refers && referrer.on_delete == OnDelete::kCascade;
      if (goes && !is_emptied(referrer.table)) emptied.push_back(referrer.table);
    }
  }
  const bool all_gone = std::all_of(emptied.begin(), emptied.end(), [&](size_t table) {
    const std::vector<Referrer>& referrers = schema.tables()[table].referrers;
    return std::all_of(referrers.begin(), referrers.end(), [&](const Referrer& referrer) {
      return tables[referrer.table].row_count() == 0 || is_emptied(referrer.table);
    });
  });
  return all_gone ? emptied : std::vector<size_t>();
}

WriteCost WriteEstimate::of(const Condition& condition) const {
  // How many rows there are is known without a look at them.
  if (condition.where.terms.empty()) return {};
  const Table& table = tables_[condition.table];
  const Plan plan(table, condition.where);
  // No more are fetched than tell whether it holds, but for few, which are fetched whatever they are.
  const uint64_t wanted = static_cast<uint64_t>(condition.count.value_or(0)) + 1;
  const bool all = plan.by_keys() || plan.rows() <= Residency::kSmallRange;
  const uint64_t rows = all ? plan.rows() : std::min(plan.rows(), wanted);
  return {plan.cost(), fetched(rows, texts_found(condition.table, condition.where, plan))};
}

// Rows that are deleted, also by a cascade, were paid for when they were put in, but for the memory
// that they take.
WriteCost WriteEstimate::of(const Operation& operation) {
  switch (operation.kind) {
    case OperationKind::kInsert:
      ++changed_[operation.table];
      return {0, kRowMemoryBytes};
    case OperationKind::kUpsert: {
      ++changed_[operation.table];
      const Table& table = tables_[operation.table];
      return {0, fetched(1, texts_of(table, elsewhere_[operation.table]))};  // what it replaces
    }
    case OperationKind::kUpdate:
      return of_update(operation);
    case OperationKind::kDelete:
      return of_delete(operation);
  }
  return {};
}

// Besides what is there now, operations before it may have made any row one that it finds.
WriteEstimate::Search WriteEstimate::search(const Operation& operation, const Plan& plan) const {
  const uint64_t made = plan.by_keys() ? 0 : changed_[operation.table];
  return {plan.rows() + made, plan.cost() + made};
}

// Each may be changed, which costs more than a look, and the more the longer the new texts.
WriteCost WriteEstimate::of_update(const Operation& update) {
  const Table& table = tables_[update.table];
  const Plan plan(table, update.where);
  const Search found = search(update, plan);
  uint64_t set_bytes = 0;
  for (const auto& [column, value] : update.set) set_bytes += text_bytes(value);
  uint64_t rows = found.rows;
  uint64_t copied = times(rows, texts_of(table));
  if (may_look(table, plan)) {
    rows -= plan.rows();
    copied = times(rows, texts_of(table));
    plan.visit(quick_, [&](const Row& row) {
      ++rows;
      for (const Value& value : row) copied += text_bytes(value);
      return true;
    });
  }
  changed_[update.table] += found.rows;
  const double texts = texts_found(update.table, update.where, plan);
  return {
      found.cost * (kChangeCost + set_bytes / kSetBytes),
      rows * (kRowMemoryBytes + set_bytes) + std::max(copied, times(rows * kCopiesChanged, texts))};
}

bool WriteEstimate::may_look(const Table& table, const Plan& plan) const {
  return !table.is_partial() && quick_.used() + plan.cost() <= quick_.allowed();
}

WriteCost WriteEstimate::of_delete(const Operation& operation) const {
  const Plan plan(tables_[operation.table], operation.where);
  const Search found = search(operation, plan);
  const double texts = texts_found(operation.table, operation.where, plan);
  return {operation.where.terms.empty() ? 0 : found.cost,
          fetched(found.rows, texts) + memory_of_cascade(operation.table, plan, found.rows)};
}

// Of what refers to the rows, and to that, and so on: each table once.
uint64_t WriteEstimate::memory_of_cascade(size_t table, const Plan& plan, uint64_t rows) const {
  std::vector<size_t> tables{table};
  std::vector<uint64_t> gone(tables_.size());
  gone[table] = rows;
  uint64_t bytes = 0;
  for (size_t i = 0; i < tables.size(); ++i) {
    const size_t from = tables[i];
    for (const Referrer& referrer : schema_.tables()[from].referrers) {
      if (referrer.on_delete == OnDelete::kRestrict) continue;
      const Table& referring = tables_[referrer.table];
      const bool is_known = i == 0 && plan.by_keys() && plan.keys().size() <= kKeysLookedAt;
      const uint64_t expected =
          is_known ? rows_referring(referrer, plan.keys())
                   : times(gone[from], per_row(tables_[from], referring.row_count()));
      const uint64_t more = std::min(expected, referring.row_count());
      bytes += fetched(more, texts_of(referring, elsewhere_[referrer.table]));
      gone[referrer.table] += more;
      if (std::find(tables.begin(), tables.end(), referrer.table) == tables.end()) {
        tables.push_back(referrer.table);
      }
    }
  }
  return bytes;
}

uint64_t WriteEstimate::rows_referring(const Referrer& referrer, const Prefix& keys) const {
  uint64_t rows = 0;
  for (const Value* key : keys) {
    Where refers;
    refers.terms.push_back({referrer.column, Operator::kEq, *key, {}});
    rows += Plan(tables_[referrer.table], refers).rows();
  }
  return rows;
}

uint64_t WriteEstimate::fetched(uint64_t rows, double texts) const {
  return rows * kRowMemoryBytes + times(rows * kCopiesFetched, texts);
}

// Of a row that comes by the Where, on average. Few are fetched whether or not they are meant; of more
// only those come whose texts are as the Where says.
double WriteEstimate::texts_found(size_t table, const Where& where, const Plan& plan) const {
  const Columns& elsewhere = elsewhere_[table];
  double bytes = texts_of(tables_[table], elsewhere);
  if (plan.rows() <= Residency::kSmallRange) return bytes;
  for (const Term& term : where.terms) {
    const std::optional<uint64_t> meant = length_meant(term);
    const double usual = per_row(tables_[table], tables_[table].text_bytes(term.column));
    if (meant && static_cast<double>(*meant) < usual) bytes -= usual - static_cast<double>(*meant);
  }
  return std::max(bytes, 0.0);
}

uint64_t memory_of(const Change& change, const Schema& schema, const std::vector<Table>& tables) {
  if (!emptied_by(change, schema, tables).empty()) return 0;
  const std::vector<Columns> nothing(tables.size());
  WriteEstimate estimate(schema, tables, nothing, 0);
  uint64_t bytes = 0;
  for (const Condition& condition : change.conditions) bytes += estimate.of(condition).bytes;
  for (const Operation& operation : change.operations) bytes += estimate.of(operation).bytes;
  return bytes;
}

}  // namespace tandem::db
