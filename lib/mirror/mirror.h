// A state in memory, shown as a table of a database of PostgreSQL that is its replica's own: for
// psql, pg_dump and reporting tools. It comes behind the answers: no request waits for it, and a
// PostgreSQL that is gone, slow or locked is no trouble of the replica's, but the mirror's alone.
//
// Rows are written in a transaction with the position of the state that they are of (tables/meta.h),
// by the one session that may. After whatever happened to PostgreSQL or to this process, that
// position tells what the table lacks: where the log goes on from it the state is asked for what has
// changed since (mirror/source.h), however far back it is; else, or where somebody else has changed
// rows, the table is made anew of all. A table that is not as it was made is let be, and named.
//
// Thread: the loop's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "mirror/source.h"
#include "pg/session.h"
#include "repl/applier.h"
#include "tables/meta.h"
#include "tables/table_sql.h"
#include "tables/writer_session.h"
#include "wire/json.h"

namespace tandem::mirror {

struct MirrorOptions {
  pg::SessionOptions session;
  std::string group;              // whose state
  size_t batch_rows = 500;        // that go at a time
  size_t most_changes = 100'000;  // where more rows have changed the table is made anew
  uint64_t pause_ms = 20;         // between transactions: what changes meanwhile is one
};

class Mirror final : private tables::WriterSession::Owner {
 public:
  // Both outlive it.
  Mirror(loop::Loop& loop, MirrorOptions options, const Source& source);
  ~Mirror() override;

  // Called once when the first try after start() is over: kConfig where PostgreSQL cannot be used as
  // it is configured, nothing where it can, or where it is not there now. Later that is a trouble
  // like others.
  void first_try(UniqueFunction<void(Status)> done);
  // The replica has data, and does without its mirror rather than not at all: the first try is a
  // try like others. REQUIRES: before start().
  void outlive_refusals();

  // --- what becomes of the state ---
  struct At {
    repl::Position position;
    int64_t time_ms = 0;  // of that entry
  };
  // An entry was applied. Cheap.
  void applied(const At& at);
  // The state is another one. REQUIRES: applied() goes on from it.
  void replaced(const At& at);
  // What it begins with is there, whose log `owner` knows. Once; the owner outlives this.
  void start(repl::Applier::Owner& owner);

  // The entry that the table is as of, to the knowledge here (0: it is not known to be one of this
  // log), and how many were applied since.
  repl::Index applied_index() const { return fits_ ? meta_.applied.index : 0; }
  uint64_t lag() const;
  // Why it does not go on, for people; empty: it does.
  std::string trouble() const;
  void add_info(wire::Json& info) const;

 private:
  enum class Phase { kAway, kAsking, kMakingAnew, kCurrent, kWriting };
  // A transaction under way.
  struct Writing {
    std::unique_ptr<Rows> rows;
    uint64_t left = 0;
    Total total;  // of the table, with the rows that were sent
    At at;        // what it will be as of
    bool dropped = false;
  };

  tables::OwnerOfTables whose() override { return {options_.group, owner_->origin().member}; }
  void taking_over() override;
  void taken_over(tables::Meta meta) override;
  void away() override;
  bool refused(const Error& why) override;
  void not_reached() override { end_first_try({}); }
  void end_first_try(Status status);

  void looked(const pg::Rows& rows);
  void decide();
  void make_anew(const char* why);
  void copy();
  void end_copy(const pg::Outcome& copied);
  void write();
  void write_some(bool opens);
  db::Row next_row();
  tables::Meta next_meta() const;
  void committed(tables::Meta next);
  void go_on();
  void drop_writing();

  const MirrorOptions options_;
  const Source& source_;
  const tables::TableSql sql_;
  tables::WriterSession session_;
  loop::Timer pause_;
  repl::Applier::Owner* owner_ = nullptr;
  UniqueFunction<void(Status)> first_try_done_;
  std::optional<Status> first_try_;

  At at_;                  // the state
  bool replaced_ = false;  // and the table is of the one before
  Phase phase_ = Phase::kAway;
  std::string told_why_;              // it is made anew
  bool is_there_ = false;             // the table
  bool fits_ = false;                 // it is a state that this one came from
  tables::Meta meta_;                 // as PostgreSQL has it, to the knowledge here
  std::shared_ptr<Writing> writing_;  // shared with the COPY that it gives rows to
};

}  // namespace tandem::mirror
