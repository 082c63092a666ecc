#include "tables/postgres_applier.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/log.h"
#include "db/answer.h"
#include "db/schema_change.h"
#include "tables/ddl.h"
#include "tables/unique_check.h"

namespace tandem::tables {
namespace {

constexpr uint64_t kAgainMs = 200;
// Longer than what is asked takes, but for a new index on many rows and the like.
constexpr uint64_t kSlowMs = 1000;
// A session that is back by then was no reason to do anything.
constexpr uint64_t kBlinkMs = 300;

pg::SessionOptions for_locks(pg::SessionOptions session) {
  session.connect.application_name += " locks";
  session.create_database = false;
  return session;
}

// Rows are fetched by keys and indexes. A plan is kept, and may be of a time when the table was empty,
// or be made for what statistics say of a table that has grown since: whatever they say, each row is
// looked up. What has to be read as a whole is, all the same.
pg::SessionOptions by_index(pg::SessionOptions session) {
  for (const char* off : {"enable_seqscan", "enable_hashjoin", "enable_mergejoin"}) {
    session.connect.settings.emplace_back(off, "off");
  }
  return session;
}

// Of a table of the new schema, before which there was `old` (nullptr: no such table).
db::TableFacts widened(const db::TableFacts* old, const db::TableSchema& table) {
  db::TableFacts facts = old == nullptr ? db::TableFacts{} : *old;
  for (size_t i = facts.longest_texts.size(); i < table.columns.size(); ++i) {
    const db::Column& column = table.columns[i];
    const bool has_rows = facts.rows > 0 && column.default_value;
    facts.longest_texts.push_back(has_rows ? db::text_bytes(*column.default_value) : 0);
  }
  return facts;
}

}  // namespace

PostgresApplier::PostgresApplier(loop::Loop& loop, PostgresOptions options, repl::Jobs& jobs)
    : loop_(loop),
      options_(std::move(options)),
      jobs_(jobs),
      session_(loop, by_index(options_.session), *this),
      again_(loop,
             [this] {
               if (connection_ != nullptr) take_over();
             }),
      looks_(loop, [this] { look(); }),
      locks_(loop, for_locks(options_.session)),
      database_(options_.limits) {}

PostgresApplier::~PostgresApplier() = default;

std::string PostgresApplier::trouble() const {
  if (connection_ != nullptr && connection_->waiting_ms() >= kSlowMs) {
    const std::string& blockers = locks_.blockers();
    return "PostgreSQL has not answered for " + std::to_string(connection_->waiting_ms() / 1000) +
           " s" + (blockers.empty() ? blockers : ": it waits for a lock of " + blockers);
  }
  const bool only_just = !begun_ && loop_.now_ms() - away_since_ms_ < kBlinkMs;
  if (phase_ == Phase::kReady || only_just) return {};
  if (std::string trouble = session_.trouble(); !trouble.empty()) return trouble;
  if (!trouble_.empty()) return trouble_;
  return phase_ == Phase::kLoading ? "the tables in PostgreSQL are being loaded"
                                   : "PostgreSQL is being asked for its state";
}

// --- the session ---

pg::Completion PostgresApplier::only_now(pg::Completion then) {
  return [this, turn = turn_, then = std::move(then)](pg::Outcome outcome) mutable {
    if (turn == turn_) then(std::move(outcome));
  };
}

void PostgresApplier::ask(pg::Batch batch, pg::Completion done) {
  connection_->run(std::move(batch), std::move(done));
  if (!looks_.active()) looks_.start(kSlowMs, kSlowMs);
}

// While an answer is owed.
void PostgresApplier::look() {
  if (connection_ == nullptr || connection_->outstanding() == 0) return looks_.stop();
  if (connection_->waiting_ms() >= kSlowMs) {
    locks_.ask(connection_->backend_pid());
  } else {
    locks_.forget();
  }
}

void PostgresApplier::session_up(pg::Connection& connection) {
  connection_ = &connection;
  take_over();
}

void PostgresApplier::leave(Phase phase) {
  if (phase_ == Phase::kReady) away_since_ms_ = loop_.now_ms();
  phase_ = phase;
}

void PostgresApplier::session_down(const Error&) {
  connection_ = nullptr;
  ++turn_;
  group_.reset();
  if (phase_ != Phase::kLoading) leave(Phase::kAway);
}

void PostgresApplier::session_refused(const Error& why) {
  trouble_ = why.message;
  if (begun_) return begun(fail(why));
  log::error("PostgreSQL cannot be used", {{"error", why.message}});
}

// What failed changed nothing, or it is not known what it changed: the meta row tells.
void PostgresApplier::try_again(const Error& why) {
  // Of a session that is lost whoever keeps it tells.
  const bool is_lost = why.kind == ErrorKind::kUnknown || why.kind == ErrorKind::kUnavailable;
  std::string trouble = why.message;
  if (!locks_.blockers().empty()) trouble += ": it waited for a lock of " + locks_.blockers();
  if (!is_lost && trouble_ != trouble) {
    trouble_ = std::move(trouble);
    log::warning("PostgreSQL refuses what it is asked", {{"error", why.message}});
  }
  ++turn_;
  group_.reset();
  leave(Phase::kAway);
  again_.start(kAgainMs);
}

void PostgresApplier::take_over() {
  ++turn_;
  again_.stop();
  group_.reset();
  leave(Phase::kAsking);
  pg::Batch batch;
  add_exists(batch);
  ask(std::move(batch), only_now([this](pg::Outcome outcome) {
        if (!outcome) return try_again(outcome.error().error);
        if (!exists(outcome->front())) return create();
        pg::Batch takes;
        add_take_over(takes, {options_.group, owner_->origin().member});
        ask(std::move(takes), only_now([this](const pg::Outcome& taken) { taken_over(taken); }));
      }));
}

void PostgresApplier::create() {
  pg::Batch batch(pg::Place::kWhole);
  add_create(batch, {options_.group, owner_->origin().member});
  ask(std::move(batch), only_now([this](const pg::Outcome& created) {
        if (!created) return try_again(created.error().error);
        take_over();
      }));
}

void PostgresApplier::taken_over(const pg::Outcome& outcome) {
  if (!outcome) return try_again(outcome.error().error);
  if (outcome->front().empty()) return refuse_others();
  auto meta = meta_of(outcome->front());
  if (!meta) return refuse(meta.error());
  adopt(std::move(*meta));
  decide();
}

// What does not become better by itself: ends a process that begins.
void PostgresApplier::refuse(const Error& why) { begun_ ? begun(fail(why)) : try_again(why); }

void PostgresApplier::refuse_others() {
  pg::Batch batch;
  add_read(batch);
  ask(std::move(batch), only_now([this](const pg::Outcome& outcome) {
        if (!outcome) return try_again(outcome.error().error);
        const auto meta = meta_of(outcome->front());
        if (!meta) return refuse(meta.error());
        refuse({ErrorKind::kConfig, "the database in PostgreSQL is that of replica " +
                                        std::to_string(meta->owner.member.id) + " of the group '" +
                                        meta->owner.group + "', not of replica " +
                                        std::to_string(owner_->origin().member.id) + " of '" +
                                        options_.group + "': give each a database of its own"});
      }));
}

void PostgresApplier::adopt(Meta meta) {
  const bool other_schema = meta.schema_index != meta_.schema_index || sql_.empty();
  if (other_schema) spreads_.clear();
  meta_ = std::move(meta);
  sql_.clear();
  database_.reset(meta_.schema, meta_.facts);
  for (const db::TableSchema& table : database_.schema().tables()) sql_.emplace_back(table);
  use_spreads();
  keys_.reset(meta_.clock, {meta_.keys, meta_.keys_bytes}, meta_.next_key);
  if ((std::exchange(tables_went_, false) || other_schema) && on_schema_) on_schema_();
}

// --- which state this is ---

void PostgresApplier::set_spread(const std::vector<db::TableSpreadPtr>& spreads,
                                 repl::Index schema_index) {
  if (schema_index != meta_.schema_index) return;
  spreads_ = spreads;
  use_spreads();
}

void PostgresApplier::use_spreads() {
  for (size_t i = 0; i < std::min(spreads_.size(), sql_.size()); ++i) {
    database_.set_spread(i, spreads_[i]);
  }
}

// Whoever reads them has to stop: names are those of now, rows those of a snapshot before.
void PostgresApplier::tables_go() {
  tables_went_ = true;
  if (on_tables_go_) on_tables_go_();
}

void PostgresApplier::decide() {
  const repl::Origin origin = owner_->origin();
  const bool same_disk = meta_.owner.member == origin.member;
  if (install_) {
    const bool is_installed = same_disk && meta_.applied == install_->position;
    return is_installed ? installed_by_now() : put_in_place();
  }
  const repl::Index applied = meta_.applied.index;
  if (committing_ && same_disk && applied == committing_->next.applied.index) {
    phase_ = Phase::kReady;
    return report_group();
  }
  committing_.reset();
  const bool is_origin = same_disk && meta_.applied == origin.position &&
                         (applied > 0 || (meta_.schema->tables().empty() && meta_.keys == 0));
  const bool fits = is_origin || (same_disk && applied > 0 && owner_->goes_on_from(meta_.applied));
  if (!fits || (!begun_ && applied > index_)) return load_origin();
  const bool went_back = !begun_ && applied < index_;
  index_ = applied;
  ready();
  if (begun_) return begun(applied);
  if (!went_back) return run_group();
  in_batch_ = false;
  entries_.clear();
  owner_->went_back(applied);
}

void PostgresApplier::ready() {
  phase_ = Phase::kReady;
  trouble_.clear();
}

void PostgresApplier::begun(Result<repl::Index> index) {
  std::exchange(begun_, {})(std::move(index));
}

void PostgresApplier::begin(Owner& owner, UniqueFunction<void(Result<repl::Index>)> done) {
  owner_ = &owner;
  begun_ = std::move(done);
  if (!std::exchange(started_, true)) {
    session_.start();
  } else if (connection_ != nullptr) {
    take_over();
  }
}

// The newest snapshot's, where the log does not go on from what is there. Whatever was under way is
// in the log, and is given again.
void PostgresApplier::load_origin() {
  leave(Phase::kLoading);
  in_batch_ = false;
  entries_.clear();
  repl::Origin origin = owner_->origin();
  const auto in_place = [this] {
    const repl::Index index = meta_.applied.index;
    index_ = index;
    ready();
    if (begun_) return begun(index);
    owner_->went_back(index);
  };
  if (origin.position.index == 0) {
    log::info("the tables in PostgreSQL are made anew", {{"index", 0}});
    tables_go();
    pg::Batch batch(pg::Place::kWhole);
    add_fence(batch, meta_.writer);
    for (const std::string& sql : drop_sql(*meta_.schema)) batch.add_once(sql);
    batch.add_once("DROP TABLE tandem.keys, tandem.meta");
    add_create(batch, {options_.group, origin.member});
    ask(std::move(batch), only_now([this](const pg::Outcome& emptied) {
          if (!emptied) return try_again(emptied.error().error);
          connection_->forget_statements();
          take_over();
        }));
    return;
  }
  log::info("the tables in PostgreSQL are loaded from a snapshot",
            {{"index", origin.position.index}});
  drop(of_origin_);
  of_origin_ =
      load(origin.position.index, std::move(origin.rows),
           [this, in_place, position = origin.position, time_ms = origin.time_ms](Status loaded) {
             of_origin_.reset();
             if (loaded) {
               install_ = Install{position, time_ms, in_place};
               return put_in_place();
             }
             const ErrorKind kind = loaded.error().kind;
             const bool is_final = kind == ErrorKind::kCorrupt || kind == ErrorKind::kConfig;
             if (begun_ && is_final) return begun(fail(std::move(loaded.error())));
             try_again(loaded.error());
           });
}

// --- batches ---

void PostgresApplier::apply(std::vector<wire::Entry> batch) {
  CHECK(!in_batch_ && !batch.empty());
  in_batch_ = true;
  entries_.assign(std::make_move_iterator(batch.begin()), std::make_move_iterator(batch.end()));
  run_group();
}

// A transaction that is open is rolled back by what comes next; one that was sent may be carried
// out, and what is installed takes its place.
void PostgresApplier::drop_batch() {
  in_batch_ = false;
  entries_.clear();
  group_.reset();
  committing_.reset();
  ++turn_;
}

// What changes more than rows has a transaction of its own.
std::vector<wire::Entry> PostgresApplier::next_group() const {
  const auto is_special = [this](const wire::Entry& entry) {
    if (entry.type != wire::EntryType::kCommand) return false;
    const bool may_be = entry.payload.find("\"schema\"") != std::string::npos ||
                        entry.payload.find("\"clear\"") != std::string::npos;
    if (!may_be) return false;
    const auto command = database_.parse(entry.payload);
    return std::holds_alternative<db::SetSchema>(command) ||
           std::holds_alternative<db::Clear>(command);
  };
  std::vector<wire::Entry> group;
  size_t bytes = 0;
  for (const wire::Entry& entry : entries_) {
    const bool special = is_special(entry);
    if (!group.empty() &&
        (special || group.size() >= options_.batch_entries || bytes >= options_.batch_bytes)) {
      break;
    }
    group.push_back(entry);
    bytes += entry.payload.size();
    if (special) break;
  }
  return group;
}

void PostgresApplier::run_group() {
  if (!in_batch_ || phase_ != Phase::kReady) return;
  if (entries_.empty()) {
    in_batch_ = false;
    return owner_->batch_ended();
  }
  group_ = std::make_unique<Evaluation>(database_, sql_, keys_, next_group());
  pg::Batch batch(pg::Place::kOpens);
  add_fence(batch, meta_.writer);
  group_->add_fetch(batch);
  ask(std::move(batch), only_now([this](pg::Outcome outcome) { fetched(std::move(outcome), 1); }));
}

void PostgresApplier::fetched(pg::Outcome outcome, size_t at) {
  if (!outcome) return try_again(outcome.error().error);
  if (Status taken = group_->take(*outcome, at); !taken) return try_again(taken.error());
  if (group_->go_on()) return write_group();
  if (const auto* special = group_->special()) {
    const wire::Entry& entry = group_->entries().front();
    if (const auto* schema = std::get_if<db::SetSchema>(special)) {
      return change_schema(*schema, entry);
    }
    return clear_tables(entry);
  }
  pg::Batch batch(pg::Place::kWithin);
  group_->add_fetch(batch);
  ask(std::move(batch), only_now([this](pg::Outcome more) { fetched(std::move(more), 0); }));
}

void PostgresApplier::write_group() {
  pg::Batch batch(pg::Place::kCloses);
  group_->add_write(batch);
  Meta next = meta_;
  next.facts = database_.facts();
  commit(std::move(batch), std::move(next), false);
}

void PostgresApplier::commit(pg::Batch batch, Meta next, bool anew) {
  const wire::Entry& last = group_->entries().back();
  next.applied = {last.epoch, last.index};
  next.time_ms = last.time_ms;
  next.clock = keys_.clock();
  next.keys = keys_.total().keys;
  next.keys_bytes = keys_.total().bytes;
  next.next_key = keys_.next_seq();
  add_update(batch, next, next.schema_index != meta_.schema_index);
  committing_ = Committing{std::move(next), group_->answers(), anew};
  ask(std::move(batch), only_now([this](const pg::Outcome& outcome) { committed(outcome); }));
}

void PostgresApplier::committed(const pg::Outcome& outcome) {
  if (outcome) return report_group();
  if (outcome.error().error.kind == ErrorKind::kUnknown) return;  // the next session tells
  committing_.reset();
  try_again(outcome.error().error);
}

void PostgresApplier::report_group() {
  Committing done = *std::exchange(committing_, std::nullopt);
  group_.reset();
  done.next.writer = meta_.writer;
  if (done.anew) {
    if (done.next.schema_index != meta_.schema_index) connection_->forget_statements();
    adopt(std::move(done.next));
  } else {
    meta_ = std::move(done.next);
    database_.start_anew();
    keys_.start_anew();
  }
  if (on_commit_) on_commit_(meta_.facts, meta_.schema_index);
  for (std::optional<repl::Applied>& answer : done.answers) {
    if (!in_batch_) return;
    const wire::Entry entry = std::move(entries_.front());
    entries_.pop_front();
    index_ = entry.index;
    owner_->applied(entry, answer);
  }
  run_group();
}

// --- what changes more than rows ---

void PostgresApplier::change_schema(const db::SetSchema& command, const wire::Entry& entry) {
  auto changed = db::change_schema(database_.schema(), command.schema);
  if (!changed || changed->added == 0) {
    group_->answer_special(changed ? db::one_result(entry.index, 0) : db::refused(changed.error()));
    return write_group();
  }
  auto check = std::make_shared<UniqueCheck>(database_.schema(), std::move(changed->schema));
  pg::Batch batch(pg::Place::kWithin);
  check->add(batch);
  const auto go_on = [this, check, added = changed->added,
                      index = entry.index](const pg::Outcome& outcome) {
    if (!outcome) return try_again(outcome.error().error);
    if (const auto refusal = check->refusal(*outcome)) {
      group_->answer_special(db::refused(*refusal));
      return write_group();
    }
    group_->answer_special(db::one_result(index, added));
    pg::Batch changes(pg::Place::kCloses);
    for (const std::string& sql : change_sql(database_.schema(), check->to())) {
      changes.add_once(sql);
    }
    group_->add_write(changes);
    Meta next = meta_;
    next.schema_index = index;
    next.schema = std::make_shared<const db::Schema>(check->to());
    const std::vector<db::TableFacts> facts = database_.facts();
    next.facts.clear();
    for (size_t i = 0; i < next.schema->tables().size(); ++i) {
      next.facts.push_back(
          widened(i < facts.size() ? &facts[i] : nullptr, next.schema->tables()[i]));
    }
    commit(std::move(changes), std::move(next), true);
  };
  ask(std::move(batch), only_now(go_on));
}

// Never TRUNCATE: a reader whose transaction began before would see empty tables, and pg_dump would
// be in its way.
void PostgresApplier::clear_tables(const wire::Entry& entry) {
  uint64_t rows = 0;
  Meta next = meta_;
  next.facts = database_.facts();
  pg::Batch batch(pg::Place::kCloses);
  for (size_t i = 0; i < next.facts.size(); ++i) {
    rows += next.facts[i].rows;
    batch.add("DELETE FROM " + table_name(database_.schema().tables()[i]));
    next.facts[i].rows = 0;
    std::fill(next.facts[i].longest_texts.begin(), next.facts[i].longest_texts.end(), 0);
  }
  group_->answer_special(db::one_result(entry.index, rows));
  group_->add_write(batch);
  commit(std::move(batch), std::move(next), true);
}

}  // namespace tandem::tables
