// Applies to tables of PostgreSQL: rows are fetched, commands are evaluated here, what they change
// is written back, all in one transaction with the index of the last entry (evaluation.h). Nothing
// of the rows stays in this process.
//
// The log and the snapshots are the truth. What PostgreSQL has is a state as of tandem.meta.applied,
// and the log goes on from there: so its commits need not be durable when they are answered, and
// after its crash the state may be an older one (Applier::Owner::went_back). Where nothing of it
// goes on the tables are made anew, of the newest snapshot.
//
// PostgreSQL that is gone, slow or locked is waited for, and trouble() tells why.
//
// Thread: the loop's.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "db/limits.h"
#include "db/partial_database.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "pg/session.h"
#include "repl/applier.h"
#include "repl/exactly_once.h"
#include "repl/memory_applier.h"
#include "tables/evaluation.h"
#include "tables/key_memory.h"
#include "tables/meta.h"
#include "tables/table_sql.h"
#include "tables/writer_session.h"

namespace tandem::tables {

struct PostgresOptions {
  pg::SessionOptions session;
  std::string group;  // whose tables: that of the replicas
  db::Limits limits = {};
  repl::KeyLimits keys = {};
  GroupLimits group_limits = {};                      // of a transaction
  uint64_t small_range = db::Residency::kSmallRange;  // rows, of what is fetched as a whole
  size_t quick_rows = 2000;                           // so many are evaluated on the loop
};

class PostgresApplier final : public repl::Applier, private WriterSession::Owner {
 public:
  // Both outlive it; `jobs` are destroyed first of all, or run no more.
  PostgresApplier(loop::Loop& loop, PostgresOptions options, repl::Jobs& jobs);
  ~PostgresApplier() override;

  void begin(repl::Applier::Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) override;
  void apply(std::vector<wire::Entry> batch) override;
  void drop_batch() override;
  void picture(UniqueFunction<void(Result<repl::Picture>)> done) override;
  void prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
               UniqueFunction<void(Status)> done) override;
  void drop_prepared() override;
  void install(int64_t time_ms, UniqueFunction<void(Status)> done) override;
  Status admit(std::string_view command, std::string_view key) const override;
  void first_answer(std::string_view command, std::string_view key, FirstAnswer done) override;
  std::string trouble() const override;

  // Of the state, and the entry that changed it last. Told whenever it changes.
  const std::shared_ptr<const db::Schema>& schema() const { return meta_.schema; }
  repl::Index schema_index() const { return meta_.schema_index; }
  void on_schema(UniqueFunction<void()> callback) { on_schema_ = std::move(callback); }
  // Before other tables take the place of these; on_schema() is called when they have, or have not.
  void on_tables_go(UniqueFunction<void()> callback) { on_tables_go_ = std::move(callback); }
  // Each time that something is committed: what the tables hold then.
  using Facts = std::vector<db::TableFacts>;
  void on_commit(UniqueFunction<void(const Facts&, repl::Index schema_index)> callback) {
    on_commit_ = std::move(callback);
  }
  // What is known of how values are spread, by table of that schema: what writes cost is judged by it.
  void set_spread(const std::vector<db::TableSpreadPtr>& spreads, repl::Index schema_index);

 private:
  enum class Phase { kAway, kAsking, kLoading, kInstalling, kReady };
  // What a load of rows is for.
  struct Load {
    repl::Index index = 0;
    std::shared_ptr<repl::SnapshotRows> rows;
    UniqueFunction<void(Status)> done;
    std::atomic<bool> dropped{false};  // looked at by the thread that loads as well
  };
  struct Install {
    repl::Position position;
    int64_t time_ms = 0;
    std::shared_ptr<repl::SnapshotRows> rows;  // what was loaded
    UniqueFunction<void()> done;
  };

  OwnerOfTables whose() override { return {options_.group, owner_->origin().member}; }
  void taking_over() override;
  void taken_over(Meta meta) override;
  void away() override;
  bool refused(const Error& why) override;

  void leave(Phase phase);
  void decide();
  void adopt(Meta meta);
  std::shared_ptr<WorkingSet> make_set() const;
  void begin_set();
  void give_up_set();
  void use_spreads(WorkingSet& set) const;
  void tables_go();
  void ready();
  void begun(Result<repl::Index> index);

  void load_origin();
  static void drop(std::shared_ptr<Load>& load);
  std::shared_ptr<Load> load(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
                             UniqueFunction<void(Status)> done);
  void put_in_place();
  void load_again();
  void installed_by_now();

  void run_group();
  void fetched(pg::Outcome outcome, size_t at);
  void group_failed(const pg::Failure& why);
  void evaluate_beside(std::vector<pg::Rows> rows, size_t at);
  void go_on();
  void write_back();
  void write_group(pg::Batch batch);
  void change_schema(const db::SetSchema& command, const wire::Entry& entry);
  void clear_tables(const wire::Entry& entry);
  void empty_tables(const db::Change& change, const wire::Entry& entry);
  // `emptied`: rows of tables that are emptied.
  void commit(pg::Batch batch, Meta next, bool anew, uint64_t emptied = 0);
  void committed(const pg::Outcome& outcome);
  void report_group();

  loop::Loop& loop_;
  const PostgresOptions options_;
  repl::Jobs& jobs_;
  WriterSession session_;
  repl::Applier::Owner* owner_ = nullptr;
  UniqueFunction<void(Result<repl::Index>)> begun_;
  bool started_ = false;

  Phase phase_ = Phase::kAway;
  uint64_t away_since_ms_ = 0;  // when it was ready last, of the loop
  bool is_refused_ = false;     // the batch under way, by PostgreSQL, whoever has the tables
  uint64_t refused_since_ms_ = 0;
  Meta meta_;  // as PostgreSQL has it, to the knowledge here
  std::shared_ptr<WorkingSet> set_;
  // What is known but for the batch under way, while a job has the set, or has had it for that batch.
  std::shared_ptr<const WorkingSet> admission_;
  std::vector<db::TableSpreadPtr> spreads_;
  UniqueFunction<void()> on_schema_;
  UniqueFunction<void()> on_tables_go_;
  UniqueFunction<void(const Facts&, repl::Index)> on_commit_;
  bool tables_went_ = false;

  repl::Index index_ = 0;            // that the owner was told
  std::deque<wire::Entry> entries_;  // of the batch under way
  bool in_batch_ = false;
  std::shared_ptr<Evaluation> group_;  // the first of them
  struct Committing {
    Meta next;
    std::vector<std::optional<repl::Applied>> answers;
    bool anew = false;  // what is known of the tables is that of `next`, not what was evaluated
  };
  std::optional<Committing> committing_;  // was sent: it may be carried out

  std::shared_ptr<Load> of_origin_;
  std::shared_ptr<Load> prepared_;
  std::optional<Install> install_;
  loop::Background beside_;
};

}  // namespace tandem::tables
