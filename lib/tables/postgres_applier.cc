#include "tables/postgres_applier.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/log.h"
#include "db/answer.h"
#include "db/schema_change.h"
#include "tables/ddl.h"
#include "tables/planted.h"
#include "tables/unique_check.h"

namespace tandem::tables {
namespace {

// A session that is back by then was no reason to do anything.
constexpr uint64_t kBlinkMs = 300;
// What a busy server does at least: what takes longer is no sign of anything wrong before.
constexpr uint64_t kRowsSearchedPerMs = 100;
constexpr uint64_t kRowsWrittenPerMs = 10;
constexpr uint64_t kBytesWrittenPerMs = 500;

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
    const uint64_t bytes = has_rows ? db::text_bytes(*column.default_value) : 0;
    facts.longest_texts.push_back(bytes);
    facts.text_bytes.push_back(bytes * facts.rows);
  }
  return facts;
}

db::TableFacts emptied_facts(db::TableFacts facts) {
  facts.rows = 0;
  std::fill(facts.text_bytes.begin(), facts.text_bytes.end(), 0);
  return facts;
}

}  // namespace

PostgresApplier::PostgresApplier(loop::Loop& loop, PostgresOptions options, repl::Jobs& jobs)
    : loop_(loop),
      options_(std::move(options)),
      jobs_(jobs),
      session_(loop, by_index(options_.session), *this),
      set_(make_set()),
      beside_(loop) {}

PostgresApplier::~PostgresApplier() = default;

std::string PostgresApplier::trouble() const {
  if (std::string waits = session_.waits(); !waits.empty()) return waits;
  // It is taken over well each time, and then refused again.
  if (is_refused_ && loop_.now_ms() - refused_since_ms_ >= kBlinkMs) return session_.trouble();
  const bool only_just = !begun_ && loop_.now_ms() - away_since_ms_ < kBlinkMs;
  if (phase_ == Phase::kReady || only_just) return {};
  if (std::string trouble = session_.trouble(); !trouble.empty()) return trouble;
  return phase_ == Phase::kLoading ? "the tables in PostgreSQL are being loaded"
                                   : "PostgreSQL is being asked for its state";
}

// --- the session ---

void PostgresApplier::leave(Phase phase) {
  if (phase_ == Phase::kReady) away_since_ms_ = loop_.now_ms();
  phase_ = phase;
}

void PostgresApplier::taking_over() {
  group_.reset();
  leave(Phase::kAsking);
}

void PostgresApplier::away() {
  group_.reset();
  if (phase_ != Phase::kLoading) leave(Phase::kAway);
}

// Ends a process that begins.
bool PostgresApplier::refused(const Error& why) {
  if (!begun_) return false;
  begun(fail(why));
  return true;
}

void PostgresApplier::taken_over(Meta meta) {
  adopt(std::move(meta));
  decide();
}

void PostgresApplier::adopt(Meta meta) {
  const bool other_schema = meta.schema_index != meta_.schema_index || set_->sql.empty();
  if (other_schema) spreads_.clear();
  meta_ = std::move(meta);
  begin_set();
  if ((std::exchange(tables_went_, false) || other_schema) && on_schema_) on_schema_();
}

std::shared_ptr<WorkingSet> PostgresApplier::make_set() const {
  auto set = std::make_shared<WorkingSet>(options_.limits, options_.small_range);
  set->database.reset(meta_.schema, meta_.facts);
  for (const db::TableSchema& table : meta_.schema->tables()) set->sql.emplace_back(table);
  set->keys.reset(meta_.clock, {meta_.keys, meta_.keys_bytes}, meta_.next_key);
  use_spreads(*set);
  return set;
}

// As PostgreSQL has it. A job may be at work on the one before.
void PostgresApplier::begin_set() {
  admission_.reset();
  set_ = make_set();
}

// --- which state this is ---

void PostgresApplier::set_spread(const std::vector<db::TableSpreadPtr>& spreads,
                                 repl::Index schema_index) {
  if (schema_index != meta_.schema_index) return;
  spreads_ = spreads;
  if (admission_ == nullptr) use_spreads(*set_);
}

void PostgresApplier::use_spreads(WorkingSet& set) const {
  for (size_t i = 0; i < std::min(spreads_.size(), set.sql.size()); ++i) {
    set.database.set_spread(i, spreads_[i]);
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
  const bool fits = planted(Bug::kAdoptAnything) || is_origin ||
                    (same_disk && applied > 0 && owner_->goes_on_from(meta_.applied));
  if (!fits || (!begun_ && applied > index_)) return load_origin();
  const bool went_back = !begun_ && applied < index_ && !planted(Bug::kIgnoreWentBack);
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
  if (!is_refused_) session_.forget_trouble();
}

void PostgresApplier::begun(Result<repl::Index> index) {
  std::exchange(begun_, {})(std::move(index));
}

void PostgresApplier::begin(repl::Applier::Owner& owner,
                            UniqueFunction<void(Result<repl::Index>)> done) {
  owner_ = &owner;
  begun_ = std::move(done);
  if (!std::exchange(started_, true)) {
    session_.start();
  } else {
    session_.take_over_again();
  }
}

// The newest snapshot's, where the log does not go on from what is there. Whatever was under way is
// in the log, and is given again.
void PostgresApplier::load_origin() {
  leave(Phase::kLoading);
  is_refused_ = false;
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
    add_fence(batch, meta_);
    for (const std::string& sql : drop_sql(*meta_.schema)) batch.add_once(sql);
    batch.add_once("DROP TABLE tandem.keys, tandem.meta");
    add_create(batch, {options_.group, origin.member});
    session_.ask(std::move(batch), [this](const pg::Outcome& emptied) {
      if (!emptied) return session_.try_again(emptied.error());
      session_.connection()->forget_statements();
      session_.take_over_again();
    });
    return;
  }
  log::info("the tables in PostgreSQL are loaded from a snapshot",
            {{"index", origin.position.index}});
  drop(of_origin_);
  of_origin_ = load(origin.position.index, origin.rows, [this, in_place, origin](Status loaded) {
    of_origin_.reset();
    if (loaded) {
      install_ = Install{origin.position, origin.time_ms, origin.rows, in_place};
      return put_in_place();
    }
    const ErrorKind kind = loaded.error().kind;
    const bool is_final = kind == ErrorKind::kCorrupt || kind == ErrorKind::kConfig;
    if (begun_ && is_final) return begun(fail(std::move(loaded.error())));
    session_.try_again(loaded.error());
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
  is_refused_ = false;
  in_batch_ = false;
  entries_.clear();
  group_.reset();
  committing_.reset();
  if (admission_ != nullptr) begin_set();
  session_.forget_asked();
}

void PostgresApplier::run_group() {
  if (!in_batch_ || phase_ != Phase::kReady) return;
  if (entries_.empty()) {
    in_batch_ = false;
    return owner_->batch_ended();
  }
  group_ = std::make_shared<Evaluation>(
      set_, first_group(entries_, set_->database, options_.group_limits));
  pg::Batch batch(pg::Place::kOpens);
  add_fence(batch, meta_);
  group_->add_fetch(batch);
  session_.ask(
      std::move(batch), [this](pg::Outcome outcome) { fetched(std::move(outcome), 1); },
      group_->rows_to_search() / kRowsSearchedPerMs);
}

void PostgresApplier::fetched(pg::Outcome outcome, size_t at) {
  if (!outcome) return group_failed(outcome.error());
  const auto more = [](size_t sum, const pg::Rows& rows) { return sum + rows.size(); };
  const size_t rows = std::accumulate(outcome->begin(), outcome->end(), size_t{0}, more);
  if (admission_ != nullptr || rows > options_.quick_rows) {
    return evaluate_beside(std::move(*outcome), at);
  }
  if (Status taken = group_->take(*outcome, at); !taken)
    return group_failed({.error = taken.error()});
  group_->go_on() ? write_back() : go_on();
}

// So many rows hold a thread for long: another one. What commands cost is judged by the state before
// them until then.
void PostgresApplier::evaluate_beside(std::vector<pg::Rows> rows, size_t at) {
  struct Work {
    std::shared_ptr<Evaluation> group;
    std::vector<pg::Rows> rows;
    size_t at = 0;
    Status taken;
    bool is_whole = false;
    pg::Batch write{pg::Place::kCloses};
  };
  const auto work =
      std::make_shared<Work>(Work{.group = group_, .rows = std::move(rows), .at = at, .taken = {}});
  if (admission_ == nullptr) admission_ = make_set();
  const auto evaluate = [work, limits = options_.group_limits] {
    work->taken = work->group->take(work->rows, work->at);
    work->rows.clear();
    work->is_whole = work->taken && work->group->go_on();
    if (!work->is_whole) return;
    work->group->begin_write(limits);
    work->write = work->group->next_write();
  };
  beside_.run(evaluate, [this, work] {
    if (group_ != work->group) return;
    if (!work->taken) return group_failed({.error = work->taken.error()});
    if (!work->is_whole) return go_on();
    write_group(std::move(work->write));
  });
}

// Something is missing still, or it is the turn of what changes whole tables.
void PostgresApplier::go_on() {
  if (const auto* special = group_->special()) {
    const wire::Entry& entry = group_->entries().front();
    if (const auto* schema = std::get_if<db::SetSchema>(special)) {
      return change_schema(*schema, entry);
    }
    if (const auto* change = std::get_if<db::Change>(special)) {
      return empty_tables(*change, entry);
    }
    return clear_tables(entry);
  }
  pg::Batch batch(pg::Place::kWithin);
  group_->add_fetch(batch);
  session_.ask(
      std::move(batch), [this](pg::Outcome more) { fetched(std::move(more), 0); },
      group_->rows_to_search() / kRowsSearchedPerMs);
}

// What becomes of the entries is as open as before: they are given to the next session again.
void PostgresApplier::group_failed(const pg::Failure& why) {
  if (!is_refused_) refused_since_ms_ = loop_.now_ms();
  is_refused_ = is_refused_ || !pg::is_lost(why);
  session_.try_again(why);
}

void PostgresApplier::write_group(pg::Batch batch) {
  if (group_->is_written()) {
    Meta next = meta_;
    next.facts = set_->database.facts();
    return commit(std::move(batch), std::move(next), false);
  }
  const uint64_t expected_ms = batch.bytes() / kBytesWrittenPerMs;
  session_.ask(
      std::move(batch),
      [this](const pg::Outcome& written) {
        if (!written) return group_failed(written.error());
        write_group(group_->next_write());
      },
      expected_ms);
}

void PostgresApplier::write_back() {
  group_->begin_write(options_.group_limits);
  write_group(group_->next_write());
}

void PostgresApplier::commit(pg::Batch batch, Meta next, bool anew, uint64_t emptied) {
  const wire::Entry& last = group_->entries().back();
  next.applied = {last.epoch, last.index};
  next.time_ms = last.time_ms;
  next.clock = set_->keys.clock();
  next.keys = set_->keys.total().keys;
  next.keys_bytes = set_->keys.total().bytes;
  next.next_key = set_->keys.next_seq();
  if (planted(Bug::kIndexApart)) batch.add_once("COMMIT").add_once("BEGIN");
  add_update(batch, next, next.schema_index != meta_.schema_index);
  committing_ = Committing{std::move(next), group_->answers(), anew};
  if (planted(Bug::kAnswerBeforeCommit)) {
    session_.ask(std::move(batch), [](const pg::Outcome&) {});
    return report_group();
  }
  const uint64_t expected_ms = batch.bytes() / kBytesWrittenPerMs + emptied / kRowsWrittenPerMs;
  session_.ask(
      std::move(batch), [this](const pg::Outcome& outcome) { committed(outcome); }, expected_ms);
}

void PostgresApplier::committed(const pg::Outcome& outcome) {
  if (outcome) return report_group();
  if (outcome.error().error.kind == ErrorKind::kUnknown) return;  // the next session tells
  committing_.reset();
  group_failed(outcome.error());
}

void PostgresApplier::report_group() {
  Committing done = *std::exchange(committing_, std::nullopt);
  if (std::exchange(is_refused_, false)) session_.forget_trouble();
  group_.reset();
  done.next.writer = meta_.writer;
  if (done.anew) {
    if (done.next.schema_index != meta_.schema_index) session_.connection()->forget_statements();
    adopt(std::move(done.next));
  } else {
    meta_ = std::move(done.next);
    if (admission_ == nullptr) {
      set_->database.start_anew();
      set_->keys.start_anew();
    } else {
      give_up_set();
    }
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

// To free so much takes long as well.
void PostgresApplier::give_up_set() {
  beside_.run([set = std::move(set_)] {});
  begin_set();
}

// --- what changes whole tables ---

void PostgresApplier::change_schema(const db::SetSchema& command, const wire::Entry& entry) {
  auto changed = db::change_schema(set_->database.schema(), command.schema);
  if (!changed || changed->added == 0) {
    group_->answer_special(changed ? db::one_result(entry.index, 0) : db::refused(changed.error()));
    return write_back();
  }
  auto check = std::make_shared<UniqueCheck>(set_->database.schema(), std::move(changed->schema));
  pg::Batch batch(pg::Place::kWithin);
  check->add(batch);
  const auto go_on = [this, check, added = changed->added,
                      index = entry.index](const pg::Outcome& outcome) {
    if (!outcome) return group_failed(outcome.error());
    if (const auto refusal = check->refusal(*outcome)) {
      group_->answer_special(db::refused(*refusal));
      return write_back();
    }
    group_->answer_special(db::one_result(index, added));
    pg::Batch changes(pg::Place::kCloses);
    for (const std::string& sql : change_sql(set_->database.schema(), check->to())) {
      changes.add_once(sql);
    }
    group_->add_keys(changes);
    Meta next = meta_;
    next.schema_index = index;
    next.schema = std::make_shared<const db::Schema>(check->to());
    const std::vector<db::TableFacts> facts = set_->database.facts();
    next.facts.clear();
    for (size_t i = 0; i < next.schema->tables().size(); ++i) {
      next.facts.push_back(
          widened(i < facts.size() ? &facts[i] : nullptr, next.schema->tables()[i]));
    }
    commit(std::move(changes), std::move(next), true);
  };
  session_.ask(std::move(batch), go_on);
}

// Never TRUNCATE: a reader whose transaction began before would see empty tables, and pg_dump would
// be in its way.
void PostgresApplier::clear_tables(const wire::Entry& entry) {
  uint64_t rows = 0;
  Meta next = meta_;
  next.facts = set_->database.facts();
  pg::Batch batch(pg::Place::kCloses);
  for (size_t i = 0; i < next.facts.size(); ++i) {
    rows += next.facts[i].rows;
    batch.add("DELETE FROM " + table_name(set_->database.schema().tables()[i]));
    next.facts[i] = emptied_facts(next.facts[i]);
    std::fill(next.facts[i].longest_texts.begin(), next.facts[i].longest_texts.end(), 0);
  }
  group_->answer_special(db::one_result(entry.index, rows));
  group_->add_keys(batch);
  commit(std::move(batch), std::move(next), true, rows);
}

void PostgresApplier::empty_tables(const db::Change& change, const wire::Entry& entry) {
  Meta next = meta_;
  next.facts = set_->database.facts();
  pg::Batch batch(pg::Place::kCloses);
  const std::vector<size_t> emptied = set_->database.emptied_by(change);
  const uint64_t rows = next.facts[emptied.front()].rows;
  uint64_t all = 0;
  for (const size_t table : emptied) {
    batch.add("DELETE FROM " + table_name(set_->database.schema().tables()[table]));
    all += next.facts[table].rows;
    next.facts[table] = emptied_facts(next.facts[table]);
  }
  group_->answer_special(db::one_result(entry.index, rows));
  group_->add_keys(batch);
  commit(std::move(batch), std::move(next), true, all);
}

}  // namespace tandem::tables
