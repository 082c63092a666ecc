// Answers reads from the tables in PostgreSQL, on two sessions of its own that nothing is written on:
//
//   small   a row by its key, some by an index: those of a turn of the loop go together, in one
//           transaction, while the ones before are on their way
//   large   all others, one after the other, their rows some at a time; also what turned out to take
//           longer or to be more than a small one may
//
// Each read is answered from one snapshot, and told which entry of the log that is as of. Answers
// and refusals are those of db::Database::query(), but for what a read may cost: where the rows that
// PostgreSQL looks at cannot be known before, it is stopped when its time is over, and is refused as
// one that costs too much (kTooLarge).
//
// A table that somebody else has locked (ALTER TABLE in psql) holds up reads of that table alone:
// they wait with the large ones, and fail with the name of who holds it.
//
// Everything is called on the loop's thread. Bounded: what waits beyond that is refused (kBusy).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "db/limits.h"
#include "db/partial_database.h"
#include "db/schema.h"
#include "db/spread.h"
#include "loop/loop.h"
#include "pg/session.h"

namespace tandem::tables {

struct ReaderOptions {
  // Of both sessions; timeouts are set here.
  pg::SessionOptions session;
  db::Limits limits;
  // What a small read may take before it counts as large.
  uint64_t small_timeout_ms = 500;
  // How long it may wait for a lock before that.
  uint64_t small_lock_timeout_ms = 100;
  size_t max_small = 8'192;            // reads without an answer
  size_t max_small_bytes = 16u << 20;  // of their texts
  size_t max_large = 256;              // that wait
  size_t max_large_bytes = 16u << 20;  // of their texts
};

class Reader {
 public:
  // The JSON answer, and the index of the snapshot that it is from (0: it is from none).
  using Done = UniqueFunction<void(Result<std::string> answer, uint64_t index)>;
  // Whether there is room for a large answer where it goes to.
  using Room = std::function<bool()>;

  Reader(loop::Loop& loop, ReaderOptions options);
  ~Reader();  // nobody is told
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // REQUIRES: not called before.
  void start();

  // The schema that queries are read by, and the entry that made it: at first, and in the same turn
  // as the owner learns that a change of it is committed. Before the first one no read is answered,
  // and nothing is connected to: whoever knows the schema has made the database.
  void set_schema(std::shared_ptr<const db::Schema> schema, uint64_t schema_index);

  // What the tables of that schema hold since a commit: what reads cost is judged by it.
  void set_facts(const std::vector<db::TableFacts>& facts, uint64_t schema_index);

  // Ends all reads with kUnavailable, also those that PostgreSQL carries out now, and takes no more
  // until the next set_schema(). REQUIRED before tables take the place of others: rows are those of a
  // snapshot, but names are those of now, so that a read which began before would find new tables, and
  // nothing in them.
  void forget_schema(std::string why);

  // From a snapshot that has the entry `min_index`. REQUIRES: it was told that this is committed.
  // Errors, beside those of a query:
  //   kUnavailable  there is no connection, or it broke; PostgreSQL has gone back to an earlier
  //                 entry; a table is locked
  //   kBusy         too many reads wait, or this one was not begun before its deadline
  //   kTimeout      PostgreSQL has not answered before the deadline (boot clock, ns)
  // `done` is called once, from the loop or from inside; it may read, and does not destroy this.
  void read(std::string_view text, uint64_t min_index, int64_t deadline_ns, Done done,
            Room room = {});

  // What PostgreSQL knows of how values are spread, by table of that schema; now and then.
  using Spreads = std::vector<db::TableSpreadPtr>;
  void on_statistics(UniqueFunction<void(const Spreads&, uint64_t schema_index)> callback);

  // Why reads cannot be answered, for people. Empty: they can.
  std::string trouble() const;
  uint64_t large_reads() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tandem::tables
