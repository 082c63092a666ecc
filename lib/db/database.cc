#include "db/database.h"

#include "db/admission.h"
#include "db/answer.h"
#include "db/query.h"
#include "db/schema_change.h"
#include "db/transaction.h"

namespace tandem::db {
namespace {

using repl::Applied;

// The row with the defaults of columns that were added behind.
RowPtr widened(const Row& row, const TableSchema& table) {
  Row wide = row;
  while (wide.size() < table.columns.size()) {
    wide.push_back(*table.columns[wide.size()].default_value);
  }
  return std::make_shared<const Row>(std::move(wide));
}

// The table as the new schema wants it. Fails where a new unique index has two rows for one value.
Result<Table> rebuilt(const Table& old, const TableSchema& schema) {
  Table table(schema);
  table.set_counter(old.counter());
  size_t collision = Table::kNoIndex;
  old.rows().visit_from({}, [&](const Row& row) {
    RowPtr wide = widened(row, schema);
    collision = table.collision_of(*wide);
    table.put(wide);
    return collision == Table::kNoIndex;
  });
  if (collision == Table::kNoIndex) return table;
  return fail(not_unique(schema, collision));
}

bool same_layout(const TableSchema& a, const TableSchema& b) {
  return a.columns.size() == b.columns.size() && a.indexes == b.indexes;
}

class FrozenDatabase final : public repl::FrozenState {
 public:
  FrozenDatabase(std::shared_ptr<const Schema> schema, const std::vector<Table>& tables)
      : schema_(std::move(schema)), tables_(tables) {}

  bool write_rows(const repl::RowSink& sink) const override {
    if (!sink(schema_row(*schema_))) return false;
    std::vector<int64_t> counters;
    for (const Table& table : tables_) counters.push_back(table.counter());
    if (!sink(counters_row(*schema_, counters))) return false;
    for (size_t i = 0; i < tables_.size(); ++i) {
      TableRowWriter writer(schema_->tables()[i]);
      bool written = true;
      tables_[i].rows().visit_from(
          {}, [&](const Row& row) { return written = sink(writer.line(row)); });
      if (!written) return false;
    }
    return true;
  }

 private:
  std::shared_ptr<const Schema> schema_;
  std::vector<Table> tables_;
};

}  // namespace

Database::Database(const Limits& limits)
    : limits_(limits), schema_(std::make_shared<const Schema>()) {}

Result<std::string> Database::check_command(std::string_view text) const {
  return db::check_command(text, *schema_, limits_);
}

Result<std::string> Database::check_change(std::string_view text) const {
  return db::check_change(text, *schema_, limits_);
}

Status Database::admit(std::string_view command) const {
  const auto json = wire::parse_json(command);
  if (!json) return fail(json.error());
  const auto read = parse_command(*json, *schema_, limits_);
  if (!read) return fail(read.error());
  return admit_command(*read, *schema_, tables_, limits_);
}

Result<std::string> Database::query(std::string_view text, Meter& meter) const {
  return answer_read(text, *schema_, tables_, limits_, meter);
}

Result<std::string> Database::query(std::string_view text) const {
  Meter meter(limits_.read_cost);
  return query(text, meter);
}

// Carried out on a copy, which then takes the place of the state.
class Database::LongCommand final : public repl::LongCommand {
 public:
  LongCommand(Database& state, wire::Entry entry)
      : state_(state), draft_(state), entry_(std::move(entry)) {}

  void run(const std::function<bool()>& stopped) override {
    Meter meter(UINT64_MAX, stopped);
    applied_ = draft_.apply(entry_, meter);
  }

  Applied finish() override {
    std::swap(state_.schema_, draft_.schema_);
    state_.tables_.swap(draft_.tables_);
    return std::move(*applied_);
  }

 private:
  Database& state_;
  Database draft_;
  const wire::Entry entry_;
  std::optional<Applied> applied_;
};

Applied Database::apply(const wire::Entry& entry) {
  Meter unlimited;
  return *apply(entry, unlimited);
}

repl::Applying Database::begin(const wire::Entry& entry) {
  Meter quick(limits_.quick_cost);
  auto applied = apply(entry, quick);
  if (applied) return std::move(*applied);
  return std::make_unique<LongCommand>(*this, entry);
}

uint64_t Database::rows() const {
  uint64_t rows = 0;
  for (const Table& table : tables_) rows += table.rows().size();
  return rows;
}

// nullopt where the meter has ended: nothing was changed.
std::optional<Applied> Database::apply(const wire::Entry& entry, Meter& meter) {
  const auto json = wire::parse_json(entry.payload);
  if (!json) return refused(json.error());
  auto command = parse_command(*json, *schema_, limits_);
  if (!command) return refused(command.error());
  if (auto* transaction = std::get_if<Change>(&*command)) {
    Applied applied = change(std::move(*transaction), entry.index, meter);
    if (meter.ended()) return std::nullopt;
    return applied;
  }
  // Rebuilding a table and freeing one go by its rows.
  if (!meter.spend(rows())) return std::nullopt;
  if (const auto* set = std::get_if<SetSchema>(&*command)) return set_schema(*set, entry.index);
  return clear(entry.index);
}

Applied Database::change(Change change, uint64_t index, Meter& meter) {
  Transaction transaction(*schema_, tables_, meter);
  return answer_change(transaction, std::move(change), index);
}

Applied Database::clear(uint64_t index) {
  size_t rows = 0;
  for (Table& table : tables_) {
    rows += table.rows().size();
    table.clear();
  }
  return one_result(index, rows);
}

Applied Database::set_schema(const SetSchema& command, uint64_t index) {
  auto changed = change_schema(*schema_, command.schema);
  if (!changed) return refused(changed.error());
  if (changed->added == 0) return one_result(index, 0);
  const std::vector<TableSchema>& next = changed->schema.tables();
  std::vector<std::pair<size_t, Table>> replaced;
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (same_layout(schema_->tables()[i], next[i])) continue;
    auto table = rebuilt(tables_[i], next[i]);
    if (!table) return refused(table.error());
    replaced.emplace_back(i, std::move(*table));
  }
  for (auto& [number, table] : replaced) tables_[number] = std::move(table);
  for (size_t i = tables_.size(); i < next.size(); ++i) tables_.emplace_back(next[i]);
  schema_ = std::make_shared<const Schema>(std::move(changed->schema));
  return one_result(index, changed->added);
}

std::unique_ptr<repl::FrozenState> Database::freeze() const {
  return std::make_unique<FrozenDatabase>(schema_, tables_);
}

void Database::reset() {
  tables_.clear();
  schema_ = std::make_shared<const Schema>();
}

Status Database::restore_row(std::string_view row) {
  auto parsed = parse_snapshot_row(row, *schema_);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* schema = std::get_if<Schema>(&*parsed)) return restore_schema(std::move(*schema));
  if (const auto* counters = std::get_if<Counters>(&*parsed)) return restore_counters(*counters);
  return restore_table_row(std::move(std::get<Operation>(*parsed)));
}

Status Database::restore_schema(Schema schema) {
  if (!tables_.empty()) return fail(ErrorKind::kCorrupt, "the schema comes twice");
  for (const TableSchema& table : schema.tables()) tables_.emplace_back(table);
  schema_ = std::make_shared<const Schema>(std::move(schema));
  return {};
}

Status Database::restore_counters(const Counters& counters) {
  for (const auto& [table, counter] : counters) tables_[table].set_counter(counter);
  return {};
}

Status Database::restore_table_row(Operation insert) {
  Table& table = tables_[insert.table];
  if (table.put(std::make_shared<const Row>(std::move(insert.row))) != nullptr) {
    return fail(ErrorKind::kCorrupt,
                named(schema_->tables()[insert.table]) + ": a key comes twice");
  }
  return {};
}

std::unique_ptr<repl::StateMachine> Database::make_empty() const {
  return std::make_unique<Database>(limits_);
}

void Database::swap_state(repl::StateMachine& made) {
  auto& other = static_cast<Database&>(made);
  std::swap(schema_, other.schema_);
  tables_.swap(other.tables_);
}

std::unique_ptr<repl::RowChecker> Database::row_checker() const {
  return std::make_unique<SnapshotRowChecker>();
}

// References can point ahead, so that they are looked at when every row is there.
Status Database::finish_restore() {
  Status status;
  for (size_t i = 0; i < tables_.size() && status; ++i) {
    const TableSchema& schema = schema_->tables()[i];
    for (size_t c = 0; c < schema.columns.size() && status; ++c) {
      if (schema.columns[c].references.empty()) continue;
      const RowTree& target = tables_[schema.columns[c].references_table].rows();
      tables_[i].rows().visit_from({}, [&](const Row& row) {
        if (is_null(row[c]) || target.find(row[c]) != nullptr) return true;
        status = fail(ErrorKind::kCorrupt, named(schema, c) + ": there is no " + shown(row[c]) +
                                               " in table '" + schema.columns[c].references + "'");
        return false;
      });
    }
  }
  return status;
}

}  // namespace tandem::db
