#include "tables/large_reads.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "tables/select.h"

namespace tandem::tables {
namespace {

constexpr const char* kSnapshot = "ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr uint64_t kRoomMs = 2;  // between looks whether there is room
// How long a lock is waited for, while others wait behind.
constexpr int64_t kLockMs = 1'000;
// Of rows that are fetched at a time.
constexpr size_t kFetchBytes = size_t{256} << 10;
constexpr size_t kMostFetchBytes = size_t{16} << 20;

// PostgreSQL gives up a bit before whoever waits does, and so can say why.
void add_timeouts(pg::Batch& batch, int64_t left_ms) {
  constexpr std::string_view kSet = "SELECT set_config($1, $2, true)";
  const auto set = [&](std::string_view name, int64_t ms) {
    batch.add(
        kSet,
        std::move(pg::Parameters().text(name).text(std::to_string(std::max<int64_t>(ms, 1)))));
  };
  set("lock_timeout", std::min(left_ms * 8 / 10, kLockMs));
  set("statement_timeout", left_ms * 9 / 10);
}
constexpr size_t kTimeoutStatements = 2;

}  // namespace

struct LargeReads::Running {
  explicit Running(WaitingReadPtr its) : read(std::move(its)) {}

  WaitingReadPtr read;
  std::optional<AnswerMaker> maker = {};
  Reading reading = {};
  size_t query = 0;
  uint64_t began_ms = 0;
  bool is_open = false;  // the transaction
  std::unique_ptr<pg::Cursor> cursor = {};
};

LargeReads::LargeReads(loop::Loop& loop, const ReaderOptions& options, Owner& owner)
    : loop_(loop),
      options_(options),
      owner_(owner),
      wait_for_room_(loop, [this] { start_next(); }) {}

LargeReads::~LargeReads() = default;

void LargeReads::add(WaitingReadPtr read) {
  if (waiting_.size() >= options_.max_large ||
      waiting_bytes_ + read->text.size() > options_.max_large_bytes) {
    read->finish(fail(ErrorKind::kBusy, "too many large reads wait"), 0);
    return;
  }
  waiting_bytes_ += read->text.size();
  waiting_.push_back(std::move(read));
  start_next();
}

// Those of locked tables last, for they hold the others up.
std::deque<WaitingReadPtr>::iterator LargeReads::find_next() {
  const auto first = [this](bool held) {
    return std::find_if(waiting_.begin(), waiting_.end(), [&](const WaitingReadPtr& read) {
      return owner_.is_held(*read) == held && (!read->room || read->room());
    });
  };
  const auto next = first(false);
  return next == waiting_.end() ? first(true) : next;
}

void LargeReads::start_next() {
  if (running_ != nullptr || connection_ == nullptr) return;
  const auto next = find_next();
  if (next == waiting_.end()) {
    if (!waiting_.empty()) wait_for_room_.start(kRoomMs);
    return;
  }
  WaitingReadPtr read = std::move(*next);
  waiting_.erase(next);
  waiting_bytes_ -= read->text.size();
  begin(std::move(read));
}

void LargeReads::session_up(pg::Connection& connection) {
  connection_ = &connection;
  start_next();
}

void LargeReads::session_down(const Error& why) {
  connection_ = nullptr;
  blockers_.clear();
  const std::unique_ptr<Running> running = std::move(running_);
  fail_all(why);
  if (running != nullptr) running->read->finish(fail(why), 0);
}

void LargeReads::fail_all(const Error& why) {
  const std::deque<WaitingReadPtr> all = std::exchange(waiting_, {});
  waiting_bytes_ = 0;
  if (running_ != nullptr) running_->read->finish(fail(why), 0);
  for (const WaitingReadPtr& read : all) read->finish(fail(why), 0);
}

uint64_t LargeReads::running_ms() const {
  return running_ == nullptr || running_->read->is_over() ? 0 : loop_.now_ms() - running_->began_ms;
}

// What runs is told, and its statement goes on until PostgreSQL gives it up.
void LargeReads::look_at_deadlines(int64_t now_ns) {
  if (running_ != nullptr && !running_->read->is_over() && now_ns >= running_->read->deadline_ns) {
    running_->read->finish(fail(why_it_is_late()), 0);
  }
  std::vector<WaitingReadPtr> expired;
  for (WaitingReadPtr& read : waiting_) {
    if (now_ns < read->deadline_ns) continue;
    waiting_bytes_ -= read->text.size();
    expired.push_back(std::move(read));
  }
  std::erase(waiting_, nullptr);
  for (const WaitingReadPtr& read : expired) {
    read->finish(fail(blockers_.empty() ? Error{ErrorKind::kBusy,
                                                "the read waited too long behind other large reads"}
                                        : why_it_is_late()),
                 0);
  }
}

Error LargeReads::why_it_is_late() const {
  if (!blockers_.empty()) {
    return {ErrorKind::kUnavailable, "PostgreSQL: a table is locked by " + blockers_};
  }
  if (running_ != nullptr && running_->maker) return running_->maker->too_dear();
  return {ErrorKind::kTimeout, "PostgreSQL has not answered within the time that the read had"};
}

void LargeReads::begin(WaitingReadPtr read) {
  if (!owner_.plan_again(*read)) return start_next();
  ++started_;
  running_ = std::make_unique<Running>(std::move(read));
  running_->began_ms = loop_.now_ms();
  const int64_t left_ns = running_->read->deadline_ns - system_clock().boot_ns();
  pg::Batch batch(pg::Place::kOpens, kSnapshot);
  add_timeouts(batch, left_ns / 1'000'000);
  add_reading(batch);
  connection_->run(std::move(batch), [this](pg::Outcome outcome) { opened(std::move(outcome)); });
}

void LargeReads::opened(pg::Outcome outcome) {
  if (running_ == nullptr) return;
  if (!outcome) return failed(outcome.error());
  running_->is_open = true;
  WaitingRead& read = *running_->read;
  if (read.is_over()) return finish({});
  running_->reading = reading_of((*outcome)[kTimeoutStatements]);
  if (const Status good = check_snapshot(read, running_->reading); !good) {
    return finish(fail(good.error()));
  }
  if (running_->reading.schema_index != read.plan->schema_index()) {
    WaitingReadPtr other = std::move(running_->read);
    const Reading reading = std::move(running_->reading);
    close();
    owner_.other_schema(std::move(other), reading);
    return start_next();
  }
  running_->maker.emplace(*read.plan);
  next_query();
}

void LargeReads::next_query() {
  Running& running = *running_;
  const ReadPlan& plan = *running.read->plan;
  if (running.read->is_over()) return finish({});
  if (running.query == plan.size()) return finish(running.maker->finish());
  if (const Status begun = running.maker->begin(running.query); !begun) {
    return finish(fail(begun.error()));
  }
  switch (plan.way(running.query)) {
    case ReadPlan::Way::kNothing:
      return end_query();
    case ReadPlan::Way::kKeptCount:
      running.maker->count(running.reading.rows[plan.query(running.query).table]);
      return end_query();
    case ReadPlan::Way::kCount:
      return count();
    case ReadPlan::Way::kRows:
      return plan.may_have_too_many(running.query) ? count_up_to() : open_cursor();
  }
}

void LargeReads::count() {
  const ReadPlan& plan = *running_->read->plan;
  Select select = select_count(plan.query(running_->query), plan.table(running_->query));
  pg::Batch batch(pg::Place::kWithin);
  batch.add(select.sql, std::move(select.parameters), std::move(select.columns));
  connection_->run(std::move(batch), [this](const pg::Outcome& outcome) {
    if (running_ == nullptr) return;
    if (!outcome) return failed(outcome.error());
    running_->maker->count(static_cast<uint64_t>(outcome->front().int64(0, 0)));
    end_query();
  });
}

void LargeReads::count_up_to() {
  const ReadPlan& plan = *running_->read->plan;
  Select select = select_count_up_to(plan.query(running_->query), plan.table(running_->query),
                                     options_.limits.rows + 1);
  pg::Batch batch(pg::Place::kWithin);
  batch.add(select.sql, std::move(select.parameters), std::move(select.columns));
  connection_->run(std::move(batch), [this](const pg::Outcome& outcome) {
    if (running_ == nullptr) return;
    if (!outcome) return failed(outcome.error());
    const auto rows = static_cast<uint64_t>(outcome->front().int64(0, 0));
    if (rows > options_.limits.rows) return finish(fail(running_->maker->too_many_rows()));
    open_cursor();
  });
}

void LargeReads::open_cursor() {
  const ReadPlan& plan = *running_->read->plan;
  const db::Query& query = plan.query(running_->query);
  Select select =
      select_rows(query, plan.table(running_->query), std::min(query.limit, options_.limits.rows));
  const size_t most_rows = std::max<size_t>(kMostFetchBytes / plan.row_bytes(running_->query), 1);
  running_->cursor = std::make_unique<pg::Cursor>(
      loop_, *connection_, std::move(select.sql), std::move(select.parameters),
      std::move(select.columns), kFetchBytes, most_rows);
  next_rows();
}

void LargeReads::next_rows() {
  running_->cursor->next([this](pg::Cursor::Some some) { take_rows(std::move(some)); });
}

void LargeReads::take_rows(pg::Cursor::Some some) {
  if (!some) return failed(some.error());
  if (some->empty()) return end_query();
  if (running_->read->is_over()) return finish({});
  if (const Status good = running_->maker->rows(*some); !good) return finish(fail(good.error()));
  next_rows();
}

void LargeReads::end_query() {
  running_->cursor.reset();
  running_->maker->end();
  ++running_->query;
  next_query();
}

void LargeReads::failed(const pg::Failure& failure) {
  running_->is_open = false;
  // Where the connection is lost session_down() comes behind this.
  const ErrorKind kind = failure.error.kind;
  Error error = told_of(failure);
  if (kind == ErrorKind::kTimeout) error = why_it_is_late();
  if (kind == ErrorKind::kBusy) {
    error = {ErrorKind::kUnavailable, blockers_.empty() ? error.message : why_it_is_late().message};
  }
  finish(fail(std::move(error)));
}

void LargeReads::finish(Result<std::string> answer) {
  // It may have been told already: nobody hears this then.
  WaitingReadPtr read = std::move(running_->read);
  const uint64_t index = running_->reading.applied;
  const bool is_answered = running_->maker.has_value() && running_->is_open;
  if (is_answered) owner_.answered(*read);
  close();
  read->finish(std::move(answer), index);
  start_next();
}

// The next one begins behind it.
void LargeReads::close() {
  const bool is_open = running_->is_open;
  running_.reset();
  blockers_.clear();
  if (is_open && connection_ != nullptr) {
    connection_->run(pg::Batch(pg::Place::kCloses), [](const pg::Outcome&) {});
  }
}

}  // namespace tandem::tables
