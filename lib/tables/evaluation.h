// Entries that are carried out together in one transaction of PostgreSQL: what they need is
// fetched, they are evaluated here by the code of lib/db, what they change is written back.
//
//   first_group() → add_fetch(), take() → go_on(), and as long as that lacks something add_fetch(),
//   take(), go_on() → begin_write(), next_write() as long as more is to be written
//
// Long texts that nothing compares stay in PostgreSQL (db::Elsewhere), and what is written goes some
// at a time: what is here is bounded by what a write may take (db/write_cost.h), or by
// GroupLimits where several go together.
//
// Pure: statements and what their answers mean. Any thread, one at a time with its working set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "db/partial_database.h"
#include "db/write_cost.h"
#include "pg/batch.h"
#include "pg/rows.h"
#include "repl/state_machine.h"
#include "tables/codec.h"
#include "tables/key_memory.h"
#include "tables/table_sql.h"
#include "wire/entry.h"

namespace tandem::tables {

// What is known of tables without their rows, and what of them is here for a batch.
struct WorkingSet {
  WorkingSet(const db::Limits& limits, uint64_t small_range) : database(limits, small_range) {}

  db::PartialDatabase database;
  std::vector<TableSql> sql;  // one for each table
  KeyMemory keys;
};

// How many entries go together, and how much at a time.
struct GroupLimits {
  size_t entries = 256;
  size_t bytes = size_t{1} << 20;  // of their commands
  // That they take together, by the same estimate as where they were let in. It says how many go
  // together and nothing else; whatever it says one goes alone.
  uint64_t memory_bytes = uint64_t{16} << 20;
  size_t slice_bytes = size_t{4} << 20;  // of what is written back, unless one row is more
};

// What changes whole tables has a group of its own.
struct Group {
  std::vector<wire::Entry> entries;
  std::vector<db::PartialDatabase::Parsed> commands;  // by entry
};
// The first of these. REQUIRES: there is one.
Group first_group(const std::deque<wire::Entry>& entries, const db::PartialDatabase& database,
                  const GroupLimits& limits);

class Evaluation {
 public:
  Evaluation(std::shared_ptr<WorkingSet> set, Group group);
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  // Statements for what is missing; of the first time also for keys. The answers begin at rows[at].
  void add_fetch(pg::Batch& batch);
  // Rows that PostgreSQL may have to look at for them one by one.
  uint64_t rows_to_search() const;
  Status take(const std::vector<pg::Rows>& rows, size_t at);
  // Carries out entry after entry. True: all of them; false: something is missing, or it is the turn
  // of a command that changes whole tables.
  bool go_on();
  // Whether that is one that changes the schema, or leaves tables empty. It has to be the only entry.
  static bool changes_whole_tables(const db::PartialDatabase::Parsed& command,
                                   const db::PartialDatabase& database);
  // That one, until it is answered.
  const db::PartialDatabase::Parsed* special() const;
  void answer_special(const repl::Applied& done);
  // What became of keys. REQUIRES: all of them have their answers.
  void add_keys(pg::Batch& batch) const;
  // REQUIRES: go_on() gave true.
  void begin_write(const GroupLimits& limits);
  // The next of the statements that write back what was changed, and the keys; what closes the
  // transaction where that is the rest.
  pg::Batch next_write();
  bool is_written() const { return written_ == slices_.size(); }

  const std::vector<wire::Entry>& entries() const { return group_.entries; }
  // By entry; nothing of one that is no command. REQUIRES: go_on() gave true.
  const std::vector<std::optional<repl::Applied>>& answers() const { return answers_; }

 private:
  struct Fetch {  // of a table, in a batch under way
    size_t table = 0;
    db::Residency::Missing missing;
    FetchedRow row;
    size_t statements = 0;
  };

  bool carry_out(size_t number);
  void answer(const wire::Entry& entry, const repl::Applied& answer);

  const std::shared_ptr<WorkingSet> set_;
  db::PartialDatabase& database_;
  const std::vector<TableSql>& sql_;
  KeyMemory& keys_;
  const Group group_;
  std::vector<db::Columns> elsewhere_;                 // by table
  std::vector<std::optional<repl::Applied>> answers_;  // of the first ones
  bool key_is_judged_ = false;                         // of the next one
  bool keys_are_here_ = false;
  std::vector<Fetch> fetches_;
  std::vector<std::vector<db::TableChanges>> slices_;
  size_t written_ = 0;  // of them
};

}  // namespace tandem::tables
