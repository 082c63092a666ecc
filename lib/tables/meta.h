// What a database of PostgreSQL tells of itself: whose it is, which entry of the log its tables are
// as of, and what is known of the tables and of idempotency keys without a look at them. One row of
// tandem.meta, changed in the transaction that changes the tables.
//
//   public."users", …   the tables, by their names
//   tandem.meta         one row
//   tandem.keys         the outcomes of idempotency keys that are remembered (repl/exactly_once.h)
//
// The fence: each session that is to write takes the row over, with a number of its own. A session
// that was lost may still be at work in the server, and commit: taking over waits for that, as the
// row is locked, and sees its result. What it sends after that is refused, as every transaction
// begins with a look whether the number is still its own.
//
// Pure: SQL and what its answers mean.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "db/partial_database.h"
#include "db/schema.h"
#include "pg/batch.h"
#include "pg/rows.h"
#include "repl/key_rules.h"
#include "repl/types.h"

namespace tandem::tables {

// Whose tables they are: the replica with this disk, of this group.
struct OwnerOfTables {
  std::string group;
  repl::Member member;
};

struct Meta {
  static constexpr int64_t kFormat = 1;

  int64_t format = kFormat;
  OwnerOfTables owner;
  int64_t writer = 0;         // the session that may write, see above
  repl::Position applied;     // nowhere: the tables are not whole
  int64_t time_ms = 0;        // log time of that entry
  uint64_t schema_index = 0;  // the entry that changed the schema last
  std::shared_ptr<const db::Schema> schema = std::make_shared<const db::Schema>();
  std::vector<db::TableFacts> facts;  // by table
  repl::KeyClock clock;
  uint64_t keys = 0;        // remembered
  uint64_t keys_bytes = 0;  // KeyOutcome::memory_bytes() of all
  int64_t next_key = 1;     // tandem.keys.seq of the next one: they rise
};

// Where the tables of tandem's own are.
constexpr const char* kOwnSchema = "tandem";

// The schema `place` with its tables. REQUIRES: a transaction.
void add_create(pg::Batch& batch, const OwnerOfTables& owner,
                const std::string& place = kOwnSchema);
// Whether there are any tables of tandem's.
enum class Existing { kNothing, kThisVersion, kEarlierVersion };
void add_exists(pg::Batch& batch);
Existing existing_of(const pg::Rows& rows);
// Of kEarlierVersion: makes room for what is counted now.
void add_upgrade(pg::Batch& batch);

// Makes this session the one that may write, and gives the row; none where the tables are those of
// another replica: nobody's session is fenced off for a mistake of an operator's. Where a version has
// written that does not count what is counted now they are not whole (Meta::applied).
void add_take_over(pg::Batch& batch, const OwnerOfTables& owner);
void add_read(pg::Batch& batch, const std::string& place = kOwnSchema);
// Of either of these. kCorrupt, kConfig (another format).
Result<Meta> meta_of(const pg::Rows& rows);

// Fails the transaction with SQLSTATE kFenced where another session has taken over, or the tables are
// as of another entry than this session left them: somebody has put back what was there earlier.
void add_fence(pg::Batch& batch, const Meta& meta);
constexpr const char* kFenced = "22012";  // division by zero

// What changes with a batch of entries; of the schema, where it did.
void add_update(pg::Batch& batch, const Meta& meta, bool with_schema,
                const std::string& place = kOwnSchema);

// For those that are made anew for another disk of the same replica.
void add_give_to(pg::Batch& batch, const repl::Member& member);

// For readers: as of which entry the tables are, which entry changed the schema last, how many rows
// each table has, and how long its texts are at most, in one row.
void add_reading(pg::Batch& batch);
struct Reading {
  uint64_t applied = 0;
  uint64_t schema_index = 0;
  std::vector<uint64_t> rows;           // by table
  std::vector<uint64_t> longest_texts;  // by table and column
};
Reading reading_of(const pg::Rows& rows);

}  // namespace tandem::tables
