#include "mirror/mirror.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "mirror/table_check.h"
#include "tables/codec.h"
#include "tables/ddl.h"

namespace tandem::mirror {
namespace {

constexpr size_t kCopyBytes = size_t{64} << 10;  // at a time

std::string text_of(const db::Schema& schema) { return db::to_json(schema).dump(); }

Total total_of(const tables::Meta& meta) {
  if (meta.facts.empty()) return {};
  return {meta.facts.front().rows, meta.facts.front().counter};
}

}  // namespace

Mirror::Mirror(loop::Loop& loop, MirrorOptions options, const Source& source)
    : options_(std::move(options)),
      source_(source),
      sql_(source.table()),
      session_(loop, options_.session, *this),
      pause_(loop, [this] { write(); }) {}

Mirror::~Mirror() { drop_writing(); }

// --- the state ---

void Mirror::applied(const At& at) {
  at_ = at;
  if (phase_ == Phase::kCurrent && !pause_.active()) pause_.start(options_.pause_ms);
}

void Mirror::replaced(const At& at) {
  at_ = at;
  if (owner_ == nullptr) return;
  replaced_ = true;
  fits_ = false;
  session_.take_over_again();
}

void Mirror::start(repl::Applier::Owner& owner) {
  owner_ = &owner;
  session_.start();
}

uint64_t Mirror::lag() const {
  return at_.position.index - std::min(at_.position.index, applied_index());
}

std::string Mirror::trouble() const {
  const bool copies = phase_ == Phase::kMakingAnew && session_.blockers().empty();
  if (std::string waits = session_.waits(); !waits.empty() && !copies) return waits;
  return phase_ == Phase::kCurrent ? std::string() : session_.trouble();
}

void Mirror::add_info(wire::Json& info) const {
  wire::Json json;
  json.set("applied_index", applied_index());
  json.set("lag", lag());
  if (std::string why = trouble(); !why.empty()) json.set("trouble", std::move(why));
  info.set("mirror", std::move(json));
}

// --- the session ---

void Mirror::drop_writing() {
  if (writing_ != nullptr) writing_->dropped = true;
  writing_.reset();
}

void Mirror::taking_over() {
  drop_writing();
  pause_.stop();
  phase_ = Phase::kAsking;
}

void Mirror::away() {
  end_first_try({});
  drop_writing();
  pause_.stop();
  phase_ = Phase::kAway;
}

bool Mirror::refused(const Error& why) {
  if (first_try_) return false;
  end_first_try(fail(why));
  return true;
}

void Mirror::outlive_refusals() { first_try_ = Status(); }

void Mirror::first_try(UniqueFunction<void(Status)> done) {
  if (first_try_) return done(*first_try_);
  first_try_done_ = std::move(done);
}

void Mirror::end_first_try(Status status) {
  if (first_try_) return;
  first_try_ = status;
  if (first_try_done_) std::exchange(first_try_done_, {})(std::move(status));
}

// --- what there is ---

void Mirror::taken_over(tables::Meta meta) {
  meta_ = std::move(meta);
  fits_ = false;
  pg::Batch batch;
  add_look_at_table(batch, source_.table());
  session_.ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome) return session_.try_again(outcome.error());
    looked(outcome->front());
  });
}

void Mirror::looked(const pg::Rows& rows) {
  const LookAtTable look = look_at_table(rows, source_.table());
  const std::string name = "the table '" + source_.table().name + "' in PostgreSQL ";
  if (look.is_there && meta_.schema->tables().empty()) {
    return session_.refuse({ErrorKind::kConfig, name + "is not tandem's: drop it, or give this "
                                                       "replica a database of its own"});
  }
  if (!look.difference.empty()) {
    return session_.try_again(Error{
        ErrorKind::kConfig,
        name + "is not as it was made: " + look.difference + "; drop it, and it is made anew"});
  }
  end_first_try({});
  is_there_ = look.is_there;
  decide();
}

void Mirror::decide() {
  const repl::Position& applied = meta_.applied;
  if (applied.index == 0) return make_anew("it has never been there");
  if (!is_there_) return make_anew("it was dropped");
  if (text_of(*meta_.schema) != text_of(source_.schema())) return make_anew("it has other columns");
  const bool fits =
      !replaced_ && meta_.owner.member == owner_->origin().member && owner_->goes_on_from(applied);
  if (!fits) return make_anew("the log does not go on from it");
  pg::Batch batch;
  batch.add_once(total_sql(source_.table()), {}, {pg::Type::kInt64, pg::Type::kInt64});
  session_.ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome) return session_.try_again(outcome.error());
    const pg::Rows& rows = outcome->front();
    const Total there{static_cast<uint64_t>(rows.int64(0, 0)), rows.int64(0, 1)};
    if (there != total_of(meta_)) return make_anew("somebody else has changed rows of it");
    go_on();
  });
}

// A process that begins may have less than the table: its log has the rest.
void Mirror::go_on() {
  fits_ = true;
  phase_ = Phase::kCurrent;
  write();
  if (phase_ == Phase::kCurrent) session_.forget_trouble();
}

// --- all of it ---

// Whoever reads sees the rows of before until all is there. Nothing of others' that depends on the
// table is in the way of that, and none of it goes.
void Mirror::make_anew(const char* why) {
  if (std::exchange(told_why_, why) != why) {
    log::info("the table in PostgreSQL is made anew",
              {{"table", source_.table().name}, {"index", at_.position.index}, {"why", why}});
  }
  phase_ = Phase::kMakingAnew;
  writing_ = std::make_shared<Writing>();
  writing_->rows = source_.all();
  writing_->left = writing_->rows->size();
  writing_->at = at_;
  const std::string name = tables::table_name(source_.table());
  const bool has_other_columns = text_of(*meta_.schema) != text_of(source_.schema());
  pg::Batch batch(pg::Place::kOpens);
  tables::add_fence(batch, meta_);
  if (is_there_ && has_other_columns) batch.add_once("DROP TABLE " + name);
  if (!is_there_ || has_other_columns) {
    for (const std::string& sql : make_table_sql(source_)) batch.add_once(sql);
  } else {
    batch.add_once("DELETE FROM " + name);
  }
  session_.ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome) return session_.try_again(outcome.error());
    copy();
  });
}

void Mirror::copy() {
  const auto source = [this, writing = writing_](pg::CopyRows& out) -> Result<pg::CopyNext> {
    if (writing->dropped) return fail(ErrorKind::kTimeout, "it is not wanted any more");
    while (writing->left > 0 && out.bytes() < kCopyBytes) {
      const db::Row row = next_row();
      pg::Parameters values;
      for (size_t i = 0; i < row.size(); ++i) {
        tables::append_copied(values, row[i], source_.table().columns[i].type);
      }
      if (Status added = out.add(values); !added) return fail(std::move(added.error()));
    }
    return writing->left == 0 ? pg::CopyNext::kEnd : pg::CopyNext::kMore;
  };
  session_.copy_in("COPY " + tables::table_name(source_.table()) + " (" +
                       tables::column_list(source_.table()) + ") FROM STDIN (FORMAT binary)",
                   source, [this](const pg::Outcome& copied) { end_copy(copied); });
}

void Mirror::end_copy(const pg::Outcome& copied) {
  if (!copied) return session_.try_again(copied.error());
  tables::Meta next = next_meta();
  next.owner = whose();
  next.schema = std::make_shared<const db::Schema>(source_.schema());
  next.schema_index = next.applied.index;
  pg::Batch batch(pg::Place::kCloses);
  tables::add_give_to(batch, next.owner.member);
  tables::add_update(batch, next, true);
  session_.ask(std::move(batch), [this, next = std::move(next)](const pg::Outcome& outcome) {
    if (!outcome) return session_.try_again(outcome.error());
    session_.connection()->forget_statements();
    is_there_ = true;
    replaced_ = false;
    committed(next);
  });
}

// --- what has changed ---

void Mirror::write() {
  if (phase_ != Phase::kCurrent || at_.position.index <= meta_.applied.index) return;
  auto rows = source_.since(meta_.applied.index, total_of(meta_));
  if (rows->size() > options_.most_changes) return make_anew("too much has changed");
  phase_ = Phase::kWriting;
  writing_ = std::make_shared<Writing>();
  writing_->left = rows->size();
  writing_->total = rows->others();
  writing_->at = at_;
  writing_->rows = std::move(rows);
  write_some(true);
}

void Mirror::write_some(bool opens) {
  const bool closes = writing_->left <= options_.batch_rows;
  const pg::Place last = opens ? pg::Place::kWhole : pg::Place::kCloses;
  pg::Batch batch(closes ? last : opens ? pg::Place::kOpens : pg::Place::kWithin);
  if (opens) tables::add_fence(batch, meta_);
  db::TableChanges changes;
  for (size_t i = std::min<uint64_t>(writing_->left, options_.batch_rows); i > 0; --i) {
    changes.put.push_back(std::make_shared<const db::Row>(next_row()));
  }
  sql_.write(batch, changes);
  if (!closes) {
    return session_.ask(std::move(batch), [this](const pg::Outcome& outcome) {
      if (!outcome) return session_.try_again(outcome.error());
      write_some(false);
    });
  }
  tables::Meta next = next_meta();
  tables::add_update(batch, next, false);
  session_.ask(std::move(batch), [this, next = std::move(next)](const pg::Outcome& outcome) {
    if (!outcome) return session_.try_again(outcome.error());
    committed(next);
  });
}

db::Row Mirror::next_row() {
  db::Row row = writing_->rows->next();
  --writing_->left;
  writing_->total.add(weight_of(row));
  return row;
}

tables::Meta Mirror::next_meta() const {
  tables::Meta next = meta_;
  next.applied = writing_->at.position;
  next.time_ms = writing_->at.time_ms;
  const std::vector<uint64_t> not_counted(source_.table().columns.size());
  next.facts = {{writing_->total.rows, writing_->total.sum, not_counted, not_counted}};
  return next;
}

// What has changed meanwhile waits a little, so that more of it goes together.
void Mirror::committed(tables::Meta next) {
  meta_ = std::move(next);
  fits_ = true;
  drop_writing();
  told_why_.clear();
  session_.forget_trouble();
  phase_ = Phase::kCurrent;
  if (at_.position.index > meta_.applied.index) pause_.start(options_.pause_ms);
}

}  // namespace tandem::mirror
