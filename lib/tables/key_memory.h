// The outcomes of idempotency keys that a batch of entries has to do with: fetched from tandem.keys
// before it, and written back after it with what it adds and what is forgotten in its course. Who
// decides is repl/key_rules.h, as where all of them are in memory.
//
// A key or body that PostgreSQL's text cannot hold (no UTF-8, or with U+0000; an earlier version
// took such keys) is there as "\x" and hexadecimal digits, and so is one that begins with that.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pg/batch.h"
#include "pg/rows.h"
#include "repl/key_rules.h"
#include "repl/state_machine.h"
#include "wire/entry.h"

namespace tandem::tables {

std::string stored_text(std::string_view text);
// kCorrupt: it is none of stored_text().
Result<std::string> text_of_stored(std::string_view stored);

class KeyMemory {
 public:
  // How many are remembered, in the table and here, and what they take.
  struct Total {
    uint64_t keys = 0;
    uint64_t bytes = 0;
  };

  // Nothing is here; the clock and the total are those of the table.
  void reset(const repl::KeyClock& clock, const Total& total, int64_t next_seq);
  const repl::KeyClock& clock() const { return clock_; }
  const Total& total() const { return total_; }
  // Of the key that comes next.
  int64_t next_seq() const { return next_seq_ + static_cast<int64_t>(added_.size()); }

  // Statements for the keys of these entries, and for what is forgotten up to the last of them.
  // REQUIRES: since reset() or start_anew() once.
  void add_fetch(pg::Batch& batch, const std::vector<wire::Entry>& entries);
  static constexpr size_t kFetches = 3;
  // Their answers, from rows[at] on. kCorrupt.
  Status take(const std::vector<pg::Rows>& rows, size_t at);

  // An entry's turn has come. What it is answered without being carried out, if so.
  std::optional<repl::Applied> advance(const wire::Entry& entry);
  void opened(const wire::Entry& entry) { clock_.opened(entry); }
  // It was carried out, with this answer.
  void carried_out(const wire::Entry& entry, const repl::Applied& answer);

  // Statements that bring the table to what is here.
  void add_write(pg::Batch& batch) const;
  // They are carried out: nothing is here.
  void start_anew();

 private:
  struct Ageing {  // of the table, outcomes with one time
    int64_t time_ms = 0;
    uint64_t newest_made = 0;
    uint64_t keys = 0;
    uint64_t bytes = 0;
  };

  struct Added {
    repl::KeyOutcome outcome;
    bool forgotten = false;
  };

  void forget();
  const repl::KeyOutcome* find(std::string_view key) const;

  repl::KeyClock clock_;
  Total total_;
  int64_t next_seq_ = 1;
  std::map<std::string, repl::KeyOutcome, std::less<>> fetched_;
  std::deque<Ageing> made_;  // what the clock may reach in this batch, the oldest first
  std::deque<Ageing> clients_;
  bool some_made_end_ = false;  // some of the table are forgotten by the end of the batch
  bool some_clients_end_ = false;
  std::deque<Added> added_;  // in the order of the log
  std::map<std::string_view, const Added*> added_by_key_;
};

// COPY of outcomes into the keys of a schema.
std::string copy_keys_sql(const std::string& place);
pg::Parameters copied(const repl::KeyOutcome& outcome, int64_t seq);
// One key, for Applier::first_answer().
void add_find_key(pg::Batch& batch, std::string_view key);
Result<std::optional<repl::KeyOutcome>> found_key(const pg::Rows& rows);
// All of them in the order of a snapshot; the columns are those of outcome_of().
std::string all_keys_sql();
std::vector<pg::Type> key_types();
Result<repl::KeyOutcome> outcome_of(const pg::Rows& rows, size_t row);

}  // namespace tandem::tables
