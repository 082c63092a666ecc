// rides-db: the replicated state machine of tables. Pure: no I/O, no clock, no threads; one thread
// owns it. What a frozen state is made of never changes, so that another thread can write it out.
//
// Commands are those of command.h, queries those of query.h. Bodies of answers:
//
//   200 {"index":1234,"results":[{"affected":1,"key":7},…]}    index: that of the entry
//   400, 409, 413 {"error":{"code":409,"message":"…","condition":0}}
//
// "condition" or "operation" is the number, from 0, of the one that failed. A change of schema
// answers one result, how many tables, columns and indexes were added; clear how many rows went.
//
// A copy of a database is made in no time, whatever it holds, and is independent of it: another
// thread may read or change it.
//
// A snapshot is {"schema":{…}}, {"counters":{…}}, then {"table":"users","row":{…}} for each row.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/command.h"
#include "db/limits.h"
#include "db/meter.h"
#include "db/schema.h"
#include "db/snapshot_row.h"
#include "db/table.h"
#include "repl/state_machine.h"

namespace tandem::db {

class Database final : public repl::StateMachine {
 public:
  explicit Database(const Limits& limits = {});

  // What a leader asks before it logs a command: fails with kBadInput or kTooLarge where apply
  // would answer 400 or 413 in this state. Gives the text to log.
  Result<std::string> check_command(std::string_view text) const;
  // The same for what a client may ask for: operations only, neither a schema nor clearing.
  Result<std::string> check_change(std::string_view text) const;

  // The JSON answer to a query. Fails with kBadInput or kTooLarge; where the meter has ended, with
  // kTooLarge or kTimeout.
  Result<std::string> query(std::string_view text, Meter& meter) const;
  // As much as limits().read_cost allows.
  Result<std::string> query(std::string_view text) const;

  const Schema& schema() const { return *schema_; }
  // In the order of the schema.
  const std::vector<Table>& tables() const { return tables_; }
  const Limits& limits() const { return limits_; }

  repl::Applied apply(const wire::Entry& entry) override;
  repl::Applying begin(const wire::Entry& entry) override;
  Status admit(std::string_view command) const override;
  std::unique_ptr<repl::FrozenState> freeze() const override;
  void reset() override;
  Status restore_row(std::string_view row) override;
  Status finish_restore() override;
  std::unique_ptr<repl::StateMachine> make_empty() const override;
  void swap_state(repl::StateMachine& made) override;
  std::unique_ptr<repl::RowChecker> row_checker() const override;

 private:
  class LongCommand;

  std::optional<repl::Applied> apply(const wire::Entry& entry, Meter& meter);
  repl::Applied set_schema(const SetSchema& command, uint64_t index);
  repl::Applied clear(uint64_t index);
  repl::Applied change(Change change, uint64_t index, Meter& meter);
  uint64_t rows() const;
  Status restore_schema(Schema schema);
  Status restore_counters(const Counters& counters);
  Status restore_table_row(Operation insert);

  Limits limits_;
  std::shared_ptr<const Schema> schema_;  // shared with frozen states
  std::vector<Table> tables_;             // one for each table of the schema, same numbers
};

}  // namespace tandem::db
