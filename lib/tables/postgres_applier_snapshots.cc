// PostgresApplier: snapshots, of its own and of others, and what clients ask.
#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "db/admission.h"
#include "tables/loading.h"
#include "tables/picture.h"
#include "tables/postgres_applier.h"
#include "wire/json.h"
#include "wire/key.h"

namespace tandem::tables {
namespace {

// A relation or a schema is not there.
bool is_gone(const pg::Failure& why) { return why.sqlstate == "42P01" || why.sqlstate == "3F000"; }

pg::Failure with_advice(pg::Failure why) {
  constexpr std::string_view kIsThere = "42P07";
  if (why.sqlstate == kIsThere) {
    why.error.message += ": it is not tandem's; drop it, or the database, which is made anew then";
  }
  return why;
}

pg::ConnectOptions named(pg::ConnectOptions options, const char* what) {
  options.application_name += std::string(" ") + what;
  return options;
}

}  // namespace

// --- snapshots ---

void PostgresApplier::picture(UniqueFunction<void(Result<repl::Picture>)> done) {
  const auto picture = std::make_shared<Result<repl::Picture>>();
  jobs_.run(
      [picture, options = named(options_.session.connect, "snapshot")](
          const repl::Jobs::Stopping& stopping) { *picture = take_picture(options, stopping); },
      [picture, done = std::move(done)]() mutable { done(std::move(*picture)); });
}

std::shared_ptr<PostgresApplier::Load> PostgresApplier::load(
    repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
    UniqueFunction<void(Status)> done) {
  auto load = std::make_shared<Load>();
  load->index = index;
  load->rows = std::move(rows);
  load->done = std::move(done);
  const auto loaded = std::make_shared<Status>();
  jobs_.run(
      [load, loaded, options = named(options_.session.connect, "loading"),
       owner = OwnerOfTables{options_.group, owner_->origin().member}](
          const repl::Jobs::Stopping& stopping) {
        *loaded = load_rows(options, owner, load->index, *load->rows,
                            [&] { return stopping() || load->dropped; });
      },
      [load, loaded] {
        if (!load->dropped) load->done(std::move(*loaded));
      });
  return load;
}

void PostgresApplier::prepare(repl::Index index, std::shared_ptr<repl::SnapshotRows> rows,
                              UniqueFunction<void(Status)> done) {
  CHECK(prepared_ == nullptr);
  prepared_ = load(index, std::move(rows), std::move(done));
}

void PostgresApplier::drop_prepared() { drop(prepared_); }

void PostgresApplier::drop(std::shared_ptr<Load>& load) {
  if (load == nullptr) return;
  load->dropped = true;
  load->rows->stop();
  load.reset();
}

void PostgresApplier::install(int64_t time_ms, UniqueFunction<void(Status)> done) {
  CHECK(prepared_ != nullptr && !in_batch_);
  const repl::Origin origin = owner_->origin();
  repl::Position position{0, prepared_->index};
  if (origin.position.index == prepared_->index) position = origin.position;
  install_ = Install{position, time_ms, std::exchange(prepared_, nullptr)->rows,
                     [this, done = std::move(done)]() mutable {
                       index_ = meta_.applied.index;
                       ready();
                       done({});
                     }};
  put_in_place();
}

// As often as it takes: decide() looks whether it is done.
void PostgresApplier::put_in_place() {
  if (of_origin_ != nullptr) return;  // load_again() is under way
  leave(Phase::kInstalling);
  if (session_.connection() == nullptr) return;
  pg::Batch batch;
  add_read_loaded(batch);
  session_.ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome && is_gone(outcome.error())) return load_again();
    if (!outcome) return session_.try_again(outcome.error());
    const auto loaded = meta_of(outcome->front());
    if (!loaded) return session_.try_again(loaded.error());
    tables_go();
    pg::Batch puts(pg::Place::kWhole);
    add_put_in_place(puts, meta_, *loaded->schema, install_->position, install_->time_ms);
    session_.ask(std::move(puts), [this](const pg::Outcome& put) {
      if (!put) return session_.try_again(with_advice(put.error()));
      session_.connection()->forget_statements();
      session_.take_over_again();
    });
  });
}

// Somebody has dropped what was loaded, or the whole database.
void PostgresApplier::load_again() {
  leave(Phase::kLoading);
  of_origin_ = load(install_->position.index, install_->rows, [this](Status loaded) {
    of_origin_.reset();
    loaded ? put_in_place() : session_.try_again(loaded.error());
  });
}

void PostgresApplier::installed_by_now() {
  Install done = *std::exchange(install_, std::nullopt);
  done.done();
}

// --- clients ---

Status PostgresApplier::admit(std::string_view command, std::string_view key) const {
  const WorkingSet& set = admission_ == nullptr ? *set_ : *admission_;
  if (!key.empty()) {
    if (Status good = wire::check_key(key); !good) return good;
    if (set.keys.total().keys >= options_.keys.max_number ||
        set.keys.total().bytes >= options_.keys.max_bytes) {
      return fail(ErrorKind::kUnavailable, std::string(repl::kTooManyKeys) + ": " +
                                               std::to_string(set.keys.total().keys) + ", " +
                                               std::to_string(set.keys.total().bytes >> 20) +
                                               " MiB (keys.max_number, keys.max_bytes)");
    }
  }
  const auto json = wire::parse_json(command);
  if (!json) return fail(json.error());
  const auto parsed = db::parse_command(*json, set.database.schema(), options_.limits);
  if (!parsed) return fail(parsed.error());
  return db::admit_command(*parsed, set.database.schema(), set.database.tables(), options_.limits);
}

void PostgresApplier::first_answer(std::string_view command, std::string_view key,
                                   FirstAnswer done) {
  if (phase_ != Phase::kReady) return done(fail(ErrorKind::kUnavailable, trouble()));
  pg::Batch batch;
  add_find_key(batch, key);
  session_.run(std::move(batch), [command = std::string(command),
                                  done = std::move(done)](const pg::Outcome& outcome) mutable {
    if (!outcome) return done(fail(ErrorKind::kUnavailable, outcome.error().error.message));
    const auto found = found_key(outcome->front());
    if (!found) return done(fail(found.error()));
    if (!*found) return done(std::nullopt);
    done((*found)->answer_to(command));
  });
}

}  // namespace tandem::tables
