// Entries that are carried out together in one transaction of PostgreSQL: what they need is
// fetched, they are evaluated here by the code of lib/db, what they change is written back.
//
//   begin() → add_fetch(), take() → go_on(), and as long as that lacks something add_fetch(),
//   take(), go_on() → add_write()
//
// Pure: statements and what their answers mean. Any thread, one at a time with its working set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/result.h"
#include "db/limits.h"
#include "db/partial_database.h"
#include "pg/batch.h"
#include "pg/rows.h"
#include "repl/state_machine.h"
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

class Evaluation {
 public:
  Evaluation(std::shared_ptr<WorkingSet> set, std::vector<wire::Entry> entries);
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
  // REQUIRES: go_on() gave true.
  void add_write(pg::Batch& batch) const;

  const std::vector<wire::Entry>& entries() const { return entries_; }
  // By entry; nothing of one that is no command. REQUIRES: go_on() gave true.
  const std::vector<std::optional<repl::Applied>>& answers() const { return answers_; }

 private:
  struct Fetch {  // of a table, in a batch under way
    size_t table = 0;
    db::Residency::Missing missing;
    size_t statements = 0;
  };

  bool carry_out(size_t number);
  void answer(const wire::Entry& entry, const repl::Applied& answer);

  const std::shared_ptr<WorkingSet> set_;
  db::PartialDatabase& database_;
  const std::vector<TableSql>& sql_;
  KeyMemory& keys_;
  const std::vector<wire::Entry> entries_;
  std::vector<db::PartialDatabase::Parsed> commands_;  // by entry
  std::vector<std::optional<repl::Applied>> answers_;  // of the first ones
  bool key_is_judged_ = false;                         // of the next one
  bool keys_are_here_ = false;
  std::vector<Fetch> fetches_;
};

}  // namespace tandem::tables
