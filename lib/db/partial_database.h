// The tables of a database whose rows are in an engine beside this process, as far as a batch of
// commands needs them here (residency.h):
//
//   rehearse() each command of the batch → missing() → fetch that → load() → carry_out() each
//   (where it gives nothing: missing(), fetch, load(), once more) → changes() → write them back →
//   start_anew()
//
// Answers are those of Database: it is the same code that carries a command out. What is known of a
// table without its rows is kept here between batches: how many there are, its counter, how long
// its texts are.
//
// Pure. One thread owns it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/limits.h"
#include "db/meter.h"
#include "db/residency.h"
#include "db/schema.h"
#include "db/table.h"
#include "db/transaction.h"
#include "repl/state_machine.h"

namespace tandem::db {

// Of a table, beside its rows.
struct TableFacts {
  uint64_t rows = 0;
  int64_t counter = 0;                  // Table::counter()
  std::vector<uint64_t> longest_texts;  // Table::longest_text(), by column
  std::vector<uint64_t> text_bytes;     // Table::text_bytes(), by column

  bool operator==(const TableFacts&) const = default;
};

// What a batch changed in a table, by keys in their order.
struct TableChanges {
  std::vector<RowPtr> put;    // a row with this key, if there is one, is replaced
  std::vector<Value> erased;  // there may have been none

  bool empty() const { return put.empty() && erased.empty(); }
};

class PartialDatabase {
 public:
  // `small_range`: residency.h.
  explicit PartialDatabase(const Limits& limits, uint64_t small_range = Residency::kSmallRange);
  PartialDatabase(const PartialDatabase&) = delete;
  PartialDatabase& operator=(const PartialDatabase&) = delete;

  // Another schema, or other tables with this one; nothing is here. REQUIRES: facts of each table.
  void reset(std::shared_ptr<const Schema> schema, const std::vector<TableFacts>& facts);
  const Schema& schema() const { return *schema_; }
  const Limits& limits() const { return limits_; }
  // What is known of the rows of a table, by column: what a command costs is estimated with it.
  void set_spread(size_t table, TableSpreadPtr spread) {
    residency_[table].set_spread(std::move(spread));
  }
  // As with all that was carried out.
  std::vector<TableFacts> facts() const;
  const std::vector<Table>& tables() const { return tables_; }

  // An answer: the command is refused whatever is stored.
  using Parsed = std::variant<repl::Applied, SetSchema, Clear, Change>;
  Parsed parse(std::string_view command) const;

  // Those of db/write_cost.h, where their rows are more than few.
  std::vector<size_t> emptied_by(const Change& change) const;
  // Finds out what the command looks for, after those that were rehearsed before it.
  void rehearse(const Change& change);
  void end_rehearsal();
  // The answer; nullopt: something is missing, and nothing has changed. REQUIRES: no rehearsal.
  std::optional<repl::Applied> carry_out(const Change& change, uint64_t index);

  // What of a table was looked for and is not here.
  const Residency::Missing& missing(size_t table) const { return residency_[table].missing(); }
  bool misses_any() const;
  // A row that was fetched, for whatever reason.
  void load(size_t table, const RowPtr& row) { tables_[table].load(row); }
  // A row with this key was fetched with all of Missing::below.
  void know_below(size_t table, size_t index, const Value& key) {
    residency_[table].know_below(index, key);
  }
  // What was missing, when it was asked for, has been loaded; `found`: so many rows by each Where.
  void know(size_t table, const Residency::Missing& fetched, const std::vector<uint64_t>& found);

  // Since nothing was here, by table.
  std::vector<TableChanges> changes() const;
  // Those are written back: nothing is here any more.
  void start_anew();

 private:
  std::vector<size_t> marks() const;
  void undo_to(const std::vector<size_t>& marks);

  const Limits limits_;
  const uint64_t small_range_;
  Meter unlimited_;
  std::shared_ptr<const Schema> schema_;
  std::deque<Residency> residency_;  // by table; stay where they are
  std::vector<Table> tables_;
  std::vector<Transaction> rehearsed_;
  std::vector<size_t> before_rehearsal_;  // how much was changed, by table
};

}  // namespace tandem::db
