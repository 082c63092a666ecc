#include "tables/picture.h"

#include <string>
#include <utility>

#include "base/log.h"
#include "db/snapshot_row.h"
#include "repl/key_rules.h"
#include "tables/codec.h"
#include "tables/ddl.h"
#include "tables/key_memory.h"
#include "tables/meta.h"

namespace tandem::tables {
namespace {

class FrozenTables final : public repl::FrozenState {
 public:
  FrozenTables(std::unique_ptr<BlockingSession> session, Meta meta)
      : session_(std::move(session)), meta_(std::move(meta)) {}

  bool write_rows(const repl::RowSink& sink) const override {
    if (!sink(repl::key_row(meta_.clock)) || !write_keys(sink)) return false;
    if (!sink(db::schema_row(*meta_.schema))) return false;
    std::vector<int64_t> counters;
    for (const db::TableFacts& table : meta_.facts) counters.push_back(table.counter);
    if (!sink(db::counters_row(*meta_.schema, counters))) return false;
    for (const db::TableSchema& table : meta_.schema->tables()) {
      if (!write_table(table, sink)) return false;
    }
    return true;
  }

  Status failure() const override { return failure_; }

  void set_stopping(const std::function<bool()>& stopping) override {
    session_->set_stopping(stopping);
  }

 private:
  bool write_keys(const repl::RowSink& sink) const {
    return read(all_keys_sql(), key_types(), [&](const pg::Rows& rows, size_t row) {
      const auto outcome = outcome_of(rows, row);
      if (!outcome) log::error("cannot read a key", {{"error", outcome.error().message}});
      return outcome && sink(repl::key_row(*outcome));
    });
  }

  bool write_table(const db::TableSchema& table, const repl::RowSink& sink) const {
    const FetchedRow whole(table);
    const std::string sql = "SELECT " + whole.columns() + " FROM " + table_name(table) +
                            " AS t ORDER BY t." + in_order(table.key_column(), false);
    db::TableRowWriter writer(table);
    return read(sql, whole.types(), [&](const pg::Rows& rows, size_t row) {
      return sink(writer.line(*whole.row_of(rows, row)));
    });
  }

  // False also where the session is lost: nothing was written then.
  template <typename Take>
  bool read(const std::string& sql, const std::vector<pg::Type>& types, const Take& take) const {
    bool taken = true;
    const Status done = session_->read(sql, types, [&](const pg::Rows& rows) {
      for (size_t i = 0; i < rows.size() && taken; ++i) taken = take(rows, i);
      return taken;
    });
    if (!done) {
      log::warning("cannot read the tables", {{"error", done.error().message}});
      failure_ = done;
    }
    return done && taken;
  }

  const std::unique_ptr<BlockingSession> session_;
  const Meta meta_;
  mutable Status failure_;
};

}  // namespace

Result<repl::Picture> take_picture(const pg::ConnectOptions& options, const Stopping& stopping) {
  auto session = BlockingSession::open(options, stopping);
  if (!session) return fail(std::move(session.error()));
  pg::Batch batch(pg::Place::kOpens, "ISOLATION LEVEL REPEATABLE READ READ ONLY");
  add_read(batch);
  const pg::Outcome outcome = (*session)->run(std::move(batch));
  if (!outcome) return fail(outcome.error().error);
  auto meta = meta_of(outcome->front());
  if (!meta) return fail(std::move(meta.error()));
  (*session)->set_stopping({});
  repl::Picture picture;
  picture.index = meta->applied.index;
  picture.time_ms = meta->time_ms;
  picture.rows = std::make_unique<FrozenTables>(std::move(*session), std::move(*meta));
  picture.checker = repl::key_row_checker(std::make_unique<db::SnapshotRowChecker>());
  return picture;
}

}  // namespace tandem::tables
