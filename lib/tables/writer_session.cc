#include "tables/writer_session.h"

#include <utility>

#include "base/log.h"
#include "tables/codec.h"

namespace tandem::tables {
namespace {

constexpr uint64_t kAgainMs = 200;
// Longer than what is asked takes, but for a new index on many rows and the like.
constexpr uint64_t kSlowMs = 1000;

std::string replica_of(const OwnerOfTables& owner) {
  return "replica " + std::to_string(owner.member.id) + " of the group '" + owner.group + "'";
}

}  // namespace

WriterSession::WriterSession(loop::Loop& loop, pg::SessionOptions options, Owner& owner)
    : owner_(owner),
      session_(loop, options, *this),
      again_(loop, [this] { take_over_again(); }),
      looks_(loop, [this] { look(); }),
      locks_(loop, std::move(options.connect)) {}

WriterSession::~WriterSession() = default;

std::string WriterSession::waits() const {
  if (connection_ == nullptr || connection_->waiting_ms() < kSlowMs) return {};
  const std::string& blockers = locks_.blockers();
  if (blockers.empty() && connection_->waiting_ms() < kSlowMs + expected_ms_) return {};
  return "PostgreSQL has not answered for " + std::to_string(connection_->waiting_ms() / 1000) +
         " s" + (blockers.empty() ? blockers : ": it waits for a lock of " + blockers);
}

// A server that ends for want of space does not say so to those who ask it next.
std::string WriterSession::trouble() const {
  const std::string trouble = session_.trouble();
  if (trouble.empty()) return trouble_;
  return full_.empty() ? trouble : trouble + "; before that: " + full_;
}

void WriterSession::note(const Error& why) {
  if (pg::is_disk_full(why)) full_ = why.message;
}

// --- what is asked ---

pg::Completion WriterSession::only_now(pg::Completion then) {
  return [this, turn = turn_, then = std::move(then)](pg::Outcome outcome) mutable {
    if (turn == turn_) then(std::move(outcome));
  };
}

void WriterSession::run(pg::Batch batch, pg::Completion done) {
  connection_->run(std::move(batch), std::move(done));
  watch();
}

void WriterSession::copy_in(std::string sql, pg::CopySource source, pg::Completion done) {
  connection_->copy_in(std::move(sql), std::move(source), only_now(std::move(done)));
  watch();
}

void WriterSession::watch() {
  if (!looks_.active()) looks_.start(kSlowMs, kSlowMs);
}

// While an answer is owed.
void WriterSession::look() {
  if (connection_ == nullptr || connection_->outstanding() == 0) return looks_.stop();
  if (connection_->waiting_ms() >= kSlowMs) {
    locks_.ask(connection_->backend_pid());
  } else {
    locks_.forget();
  }
}

void WriterSession::try_again(const pg::Failure& why) {
  note(why.error);
  // Of a session that is lost whoever keeps it tells.
  std::string trouble = why.sqlstate == kFenced
                            ? "another process has taken the tables in PostgreSQL over"
                            : why.error.message;
  trouble += locks_.reason();
  if (!pg::is_lost(why) && trouble_ != trouble) {
    log::warning("PostgreSQL refuses what it is asked", {{"error", trouble}});
    trouble_ = std::move(trouble);
  }
  ++turn_;
  again_.start(kAgainMs);
  owner_.away();
}

// --- the session ---

void WriterSession::session_up(pg::Connection& connection) {
  connection_ = &connection;
  take_over();
}

void WriterSession::session_down(const Error& why) {
  note(why);
  connection_ = nullptr;
  ++turn_;
  owner_.away();
}

void WriterSession::session_refused(const Error& why) {
  trouble_ = why.message;
  if (owner_.refused({ErrorKind::kConfig, why.message})) return;
  log::error("PostgreSQL cannot be used", {{"error", why.message}});
}

// --- whose the tables are ---

void WriterSession::take_over() {
  ++turn_;
  again_.stop();
  owner_.taking_over();
  pg::Batch batch;
  add_exists(batch);
  ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome) return try_again(outcome.error());
    const Existing existing = existing_of(outcome->front());
    if (existing == Existing::kNothing) return create();
    if (existing == Existing::kEarlierVersion) return upgrade();
    pg::Batch takes;
    add_take_over(takes, owner_.whose());
    ask(std::move(takes), [this](const pg::Outcome& taken) { taken_over(taken); });
  });
}

void WriterSession::create() {
  pg::Batch batch(pg::Place::kWhole);
  add_create(batch, owner_.whose());
  ask(std::move(batch), [this](const pg::Outcome& created) {
    if (!created && created.error().error.kind == ErrorKind::kPermission) {
      return refuse({ErrorKind::kConfig,
                     created.error().error.message +
                         ": the role must be allowed to make schemas in this database; as its "
                         "owner or a superuser run: GRANT CREATE ON DATABASE " +
                         quoted(connection_->database()) + " TO " + quoted(connection_->user())});
    }
    if (!created) return try_again(created.error());
    take_over();
  });
}

void WriterSession::upgrade() {
  pg::Batch batch(pg::Place::kWhole);
  add_upgrade(batch);
  ask(std::move(batch), [this](const pg::Outcome& upgraded) {
    if (!upgraded) return try_again(upgraded.error());
    take_over();
  });
}

void WriterSession::taken_over(const pg::Outcome& outcome) {
  if (!outcome) return try_again(outcome.error());
  if (outcome->front().empty()) return refuse_others();
  auto meta = meta_of(outcome->front());
  if (!meta) return refuse(meta.error());
  owner_.taken_over(std::move(*meta));
}

void WriterSession::refuse(const Error& why) {
  if (!owner_.refused({ErrorKind::kConfig, why.message})) try_again(why);
}

void WriterSession::refuse_others() {
  pg::Batch batch;
  add_read(batch);
  ask(std::move(batch), [this](const pg::Outcome& outcome) {
    if (!outcome) return try_again(outcome.error());
    const auto meta = meta_of(outcome->front());
    if (!meta) return refuse(meta.error());
    const OwnerOfTables mine = owner_.whose();
    refuse({ErrorKind::kConfig, "the database in PostgreSQL is that of " + replica_of(meta->owner) +
                                    ", not of " + replica_of(mine) +
                                    ": give each a database of its own"});
  });
}

}  // namespace tandem::tables
