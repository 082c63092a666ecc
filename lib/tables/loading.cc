#include "tables/loading.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "db/admission.h"
#include "repl/key_rules.h"
#include "tables/codec.h"
#include "tables/ddl.h"
#include "tables/key_memory.h"

namespace tandem::tables {
namespace {

constexpr const char* kNext = "tandem_next";         // what becomes public
constexpr const char* kNextOwn = "tandem_next_own";  // what becomes tandem

// What PostgreSQL cannot hold. Nothing that was let in lately is like that (db/admission.h), but
// what an earlier version took may be.
Status check_fits(const db::TableSchema& table, const db::Row& row) {
  const Status fits = db::check_portable(table, row);
  if (fits) return {};
  return fail(ErrorKind::kConfig, "PostgreSQL cannot hold the row of " + db::named(table) +
                                      " with the key " + db::shown(row[table.key]) + ": " +
                                      fits.error().message);
}

// That a constraint does not hold is the fault of the rows.
Status as_corrupt(Status status) {
  if (status || status.error().kind != ErrorKind::kConflict) return status;
  return fail(ErrorKind::kCorrupt, "snapshot: " + status.error().message);
}

class Loader {
 public:
  Loader(BlockingSession& session, Meta meta) : session_(session), meta_(std::move(meta)) {}

  Status begin();
  Status take(std::string_view row);
  Status end();

 private:
  Status take_key(std::string_view row);
  Status take_schema(db::Schema schema);
  Status take_row(const db::Operation& insert);
  Status copy_into(const std::string& sql);
  Status end_copy();

  BlockingSession& session_;
  Meta meta_;
  std::optional<std::string> copying_;  // the COPY under way
};

Status Loader::begin() {
  Status made = session_.run_all({"DROP SCHEMA IF EXISTS tandem_next CASCADE",
                                  "DROP SCHEMA IF EXISTS tandem_next_own CASCADE",
                                  "CREATE SCHEMA tandem_next"});
  if (!made) return made;
  pg::Batch batch(pg::Place::kWhole);
  add_create(batch, meta_.owner, kNextOwn);
  const pg::Outcome created = session_.run(std::move(batch));
  return created ? Status() : fail(created.error().error);
}

Status Loader::take(std::string_view row) {
  if (repl::is_key_row(row)) return take_key(row);
  auto parsed = db::parse_snapshot_row(row, *meta_.schema);
  if (!parsed) return fail(std::move(parsed.error()));
  if (auto* schema = std::get_if<db::Schema>(&*parsed)) return take_schema(std::move(*schema));
  if (const auto* insert = std::get_if<db::Operation>(&*parsed)) return take_row(*insert);
  for (const auto& [table, counter] : std::get<db::Counters>(*parsed)) {
    meta_.facts[table].counter = counter;
  }
  return {};
}

Status Loader::take_key(std::string_view row) {
  auto parsed = repl::parse_key_row(row);
  if (!parsed) return fail(std::move(parsed.error()));
  if (const auto* clock = std::get_if<repl::KeyClock>(&*parsed)) {
    meta_.clock = *clock;
    return {};
  }
  auto& outcome = std::get<repl::KeyOutcome>(*parsed);
  // An earlier version had keys that aged by log time and are as a client's now.
  if (outcome.made_at == 0 && meta_.clock.client_ms != 0) {
    outcome.time_ms = std::min(outcome.time_ms, meta_.clock.client_ms);
  }
  ++meta_.keys;
  meta_.keys_bytes += outcome.memory_bytes();
  if (Status ready = copy_into(copy_keys_sql(kNextOwn)); !ready) return ready;
  return session_.copy_row(copied(outcome, meta_.next_key++));
}

Status Loader::take_schema(db::Schema schema) {
  if (!meta_.schema->tables().empty()) return fail(ErrorKind::kCorrupt, "the schema comes twice");
  if (Status ended = end_copy(); !ended) return ended;
  if (const Status fits = db::admit_schema(schema); !fits) {
    return fail(ErrorKind::kConfig, "PostgreSQL cannot hold this: " + fits.error().message);
  }
  meta_.schema = std::make_shared<const db::Schema>(std::move(schema));
  for (const db::TableSchema& table : meta_.schema->tables()) {
    const std::vector<uint64_t> none(table.columns.size());
    meta_.facts.push_back({0, 0, none, none});
  }
  return session_.run_all(create_tables_sql(*meta_.schema, kNext));
}

Status Loader::take_row(const db::Operation& insert) {
  const db::TableSchema& table = meta_.schema->tables()[insert.table];
  if (Status fits = check_fits(table, insert.row); !fits) return fits;
  db::TableFacts& facts = meta_.facts[insert.table];
  ++facts.rows;
  pg::Parameters row;
  for (size_t i = 0; i < insert.row.size(); ++i) {
    const uint64_t bytes = db::text_bytes(insert.row[i]);
    facts.longest_texts[i] = std::max(facts.longest_texts[i], bytes);
    facts.text_bytes[i] += bytes;
    append_copied(row, insert.row[i], table.columns[i].type);
  }
  const std::string sql = "COPY " + table_name(table, kNext) + " (" + column_list(table) +
                          ") FROM STDIN (FORMAT binary)";
  if (Status ready = copy_into(sql); !ready) return ready;
  return session_.copy_row(std::move(row));
}

Status Loader::copy_into(const std::string& sql) {
  if (copying_ == sql) return {};
  if (Status ended = end_copy(); !ended) return ended;
  copying_ = sql;
  session_.copy_begin(sql);
  return {};
}

Status Loader::end_copy() {
  if (!std::exchange(copying_, std::nullopt)) return {};
  return as_corrupt(session_.copy_end());
}

Status Loader::end() {
  if (Status ended = end_copy(); !ended) return ended;
  if (Status added = as_corrupt(session_.run_all(constraints_sql(*meta_.schema, kNext))); !added) {
    return added;
  }
  for (const db::TableSchema& table : meta_.schema->tables()) {
    if (Status done = session_.run_all({"ANALYZE " + table_name(table, kNext)}); !done) return done;
  }
  pg::Batch batch(pg::Place::kWhole);
  add_update(batch, meta_, true, kNextOwn);
  const pg::Outcome updated = session_.run(std::move(batch));
  return updated ? Status() : fail(updated.error().error);
}

}  // namespace

Status load_rows(const pg::ConnectOptions& options, const OwnerOfTables& owner, uint64_t index,
                 repl::SnapshotRows& rows, const Stopping& stopping) {
  auto session = BlockingSession::open(options, stopping);
  if (!session) return fail(std::move(session.error()));
  Meta meta;
  meta.owner = owner;
  meta.applied.index = index;
  meta.schema_index = index;
  Loader loader(**session, std::move(meta));
  if (Status begun = loader.begin(); !begun) return begun;
  const Status read = rows.for_each([&](std::string_view row) -> Status {
    if (stopping && stopping()) return fail(ErrorKind::kTimeout, "stopped");
    return loader.take(row);
  });
  return read ? loader.end() : read;
}

void add_read_loaded(pg::Batch& batch) { add_read(batch, kNextOwn); }

void add_put_in_place(pg::Batch& batch, const Meta& old, const db::Schema& loaded,
                      const repl::Position& position, int64_t time_ms) {
  add_fence(batch, old);
  for (const std::string& sql : drop_sql(*old.schema)) batch.add_once(sql);
  batch.add_once("DROP TABLE tandem.keys, tandem.meta");
  batch.add_once("ALTER TABLE tandem_next_own.meta SET SCHEMA tandem");
  batch.add_once("ALTER TABLE tandem_next_own.keys SET SCHEMA tandem");
  for (const db::TableSchema& table : loaded.tables()) {
    batch.add_once("ALTER TABLE " + table_name(table, kNext) + " SET SCHEMA public");
  }
  for (const std::string& sql : views_sql(loaded)) batch.add_once(sql);
  pg::Parameters parameters;
  parameters.int64(old.writer)
      .int64(static_cast<int64_t>(position.index))
      .int64(static_cast<int64_t>(position.epoch))
      .int64(time_ms);
  batch.add_once(
      "UPDATE tandem.meta SET writer = $1, applied = $2, counted = $2, epoch = $3, "
      "time_ms = $4",
      std::move(parameters));
  batch.add_once("DROP SCHEMA tandem_next CASCADE");
  batch.add_once("DROP SCHEMA tandem_next_own CASCADE");
}

}  // namespace tandem::tables
