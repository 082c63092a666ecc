#include "tables/reader.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "pg/blockers.h"
#include "tables/large_reads.h"
#include "tables/read_plan.h"
#include "tables/statistics.h"
#include "tables/waiting_read.h"

namespace tandem::tables {
namespace {

constexpr const char* kSnapshot = "ISOLATION LEVEL REPEATABLE READ READ ONLY";
// More go together where some are on their way: that costs less.
constexpr size_t kMostBatches = 3;
constexpr size_t kMostReads = 256;                    // of a batch
constexpr size_t kMostBatchBytes = size_t{32} << 20;  // that its answers may take
constexpr uint64_t kLookMs = 20;                      // between looks at deadlines
constexpr uint64_t kIdleLookMs = 1'000;               // and where nothing waits
constexpr uint64_t kHeldUpMs = 200;                   // before it is asked who blocks, and again
constexpr uint64_t kStatisticsMs = 60'000;            // how long they are good for
constexpr uint64_t kNotReadyMs = 1'000;               // before it is asked again

pg::SessionOptions session_options(const ReaderOptions& options, bool small) {
  pg::SessionOptions session = options.session;
  session.connect.application_name += small ? " reader" : " reader of large answers";
  session.connect.statement_timeout_ms = small ? options.small_timeout_ms : 0;
  session.connect.lock_timeout_ms = small ? options.small_lock_timeout_ms : 0;
  return session;
}

}  // namespace

class Reader::Impl final : public LargeReads::Owner {
 public:
  Impl(loop::Loop& loop, ReaderOptions options)
      : loop_(loop),
        options_(std::move(options)),
        small_owner_(*this),
        large_owner_(*this),
        small_(loop, session_options(options_, true), small_owner_),
        large_(loop, session_options(options_, false), large_owner_),
        large_reads_(loop, options_, *this),
        end_of_turn_(loop, [this] { send(); }),
        looks_(loop, [this] { look(); }) {}

  void on_statistics(UniqueFunction<void(const Spreads&, uint64_t)> callback) {
    on_statistics_ = std::move(callback);
  }

  void start() {
    is_started_ = true;
    look_each(kIdleLookMs);
    if (known_) connect();
  }

  void set_schema(std::shared_ptr<const db::Schema> schema, uint64_t schema_index) {
    KnownTables known(std::move(schema), schema_index);
    if (known_) known.take_over(*known_);
    known_.emplace(std::move(known));
    held_.clear();
    if (small_.connection() != nullptr) small_.connection()->forget_statements();
    if (large_.connection() != nullptr) large_.connection()->forget_statements();
    has_statistics_ = false;
    if (is_started_) connect();
    for (WaitingReadPtr& read : std::exchange(for_schema_, {})) put(std::move(read));
    if (!is_ready_) get_ready();
  }

  void set_facts(const std::vector<db::TableFacts>& facts, uint64_t schema_index) {
    if (known_ && known_->schema_index() == schema_index) known_->take(facts);
  }

  void forget_schema(std::string why) {
    known_.reset();
    is_ready_ = false;
    last_ = {};
    not_known_ = std::move(why);
    const Error error{ErrorKind::kUnavailable, not_known_};
    fail_small(error);
    large_reads_.fail_all(error);
  }

  void read(std::string_view text, uint64_t min_index, int64_t deadline_ns, Done done, Room room) {
    auto read = std::make_unique<WaitingRead>(
        WaitingRead{std::string(text), min_index, deadline_ns, std::move(done), std::move(room)});
    if (!known_ || !is_ready_) return read->finish(fail(ErrorKind::kUnavailable, trouble()), 0);
    if (look_ms_ != kLookMs) look_each(kLookMs);
    put(std::move(read));
  }

  std::string trouble() const {
    std::string why = is_connecting_ ? small_.trouble() : not_known_;
    if (why.empty()) why = large_.trouble();
    if (why.empty() && !not_ready_.empty()) why = not_ready_;
    if (why.empty() && (!known_ || !is_ready_)) why = not_known_;
    return why;
  }

  uint64_t large_reads() const { return large_reads_.started(); }

  bool plan_again(WaitingRead& read) override {
    if (read.is_over()) return false;
    if (read.plan && read.plan->schema_index() == known_->schema_index()) return true;
    auto plan = ReadPlan::make(read.text, *known_, options_.limits);
    if (!plan) {
      read.finish(fail(std::move(plan.error())), last_.applied);
      return false;
    }
    read.plan = std::move(*plan);
    return true;
  }
  // One that became known while the read was on its way, or is not known yet.
  void other_schema(WaitingReadPtr read, const Reading& reading) override {
    if (reading.schema_index > known_->schema_index()) {
      for_schema_.push_back(std::move(read));
    } else if (reading.schema_index == known_->schema_index()) {
      put(std::move(read));
    } else {
      read->finish(fail(gone_back(reading)), 0);
    }
  }
  void answered(const WaitingRead& read) override {
    std::erase_if(held_, [&](size_t table) { return read.plan->touches(table); });
  }
  void met_a_lock(const WaitingRead& read) override {
    for (size_t i = 0; i < read.plan->size(); ++i) held_.insert(read.plan->query(i).table);
  }
  bool is_held(const WaitingRead& read) const override {
    return std::any_of(held_.begin(), held_.end(),
                       [&](size_t table) { return read.plan->touches(table); });
  }

 private:
  // Whoever a session tells.
  struct SmallOwner final : pg::SessionOwner {
    explicit SmallOwner(Impl& its) : impl(its) {}
    void session_up(pg::Connection&) override { impl.get_ready(); }
    void session_down(const Error& why) override { impl.small_down(why); }
    void session_refused(const Error&) override {}
    Impl& impl;
  };
  struct LargeOwner final : pg::SessionOwner {
    explicit LargeOwner(Impl& its) : impl(its) {}
    void session_up(pg::Connection& connection) override {
      impl.large_reads_.session_up(connection);
    }
    void session_down(const Error& why) override { impl.large_reads_.session_down(why); }
    void session_refused(const Error&) override {}
    Impl& impl;
  };

  struct Sent {
    uint64_t number = 0;
    std::vector<WaitingReadPtr> reads;
    std::vector<size_t> statements;  // how many each has
  };

  // Not before the schema is known: until then there may be no database.
  void connect() {
    if (std::exchange(is_connecting_, true)) return;
    small_.start();
    large_.start();
  }

  // How many rows there are has to be known before reads are judged.
  void get_ready() {
    is_ready_ = false;
    if (!known_ || small_.connection() == nullptr) return;
    asked_ready_ms_ = loop_.now_ms();
    pg::Batch batch;
    add_reading(batch);
    small_.connection()->run(std::move(batch), [this](const pg::Outcome& outcome) {
      not_ready_ = outcome ? "" : outcome.error().error.message;
      if (!outcome || !known_) return;
      learn(reading_of(outcome->front()));
      is_ready_ = true;
    });
  }

  void learn(const Reading& reading) {
    last_ = reading;
    if (known_ && reading.schema_index == known_->schema_index()) known_->take(reading);
  }

  void ask_for_statistics() {
    pg::Connection* connection = large_.connection();
    if (connection == nullptr || !large_reads_.is_idle()) return;
    has_statistics_ = true;
    statistics_ms_ = loop_.now_ms();
    pg::Batch batch;
    add_statistics(batch);
    connection->run(std::move(batch), [this](const pg::Outcome& outcome) {
      if (!outcome || !known_) return;
      const Spreads spreads = spreads_of(outcome->front(), known_->schema());
      known_->set_spreads(spreads);
      if (on_statistics_) on_statistics_(spreads, known_->schema_index());
    });
  }

  void put(WaitingReadPtr read) {
    if (!plan_again(*read)) return;
    if (!read->plan->is_small() || is_held(*read)) return put_large(std::move(read));
    if (small_reads_ >= options_.max_small ||
        small_bytes_ + read->text.size() > options_.max_small_bytes) {
      read->finish(fail(ErrorKind::kBusy, "too many reads wait for PostgreSQL"), 0);
      return;
    }
    ++small_reads_;
    small_bytes_ += read->text.size();
    waiting_.push_back(std::move(read));
  }

  void put_large(WaitingReadPtr read) {
    if (large_.connection() != nullptr) return large_reads_.add(std::move(read));
    read->finish(fail(ErrorKind::kUnavailable, trouble()), 0);
  }

  // REQUIRES: it is one of the small ones.
  WaitingReadPtr taken(WaitingReadPtr read) {
    --small_reads_;
    small_bytes_ -= read->text.size();
    return read;
  }

  void send() {
    while (!waiting_.empty() && sent_.size() < kMostBatches && small_.connection() != nullptr) {
      send_batch(*small_.connection());
    }
  }

  void send_batch(pg::Connection& connection) {
    pg::Batch batch(pg::Place::kWhole, kSnapshot);
    add_reading(batch);
    Sent sent{.number = ++last_number_, .reads = {}, .statements = {}};
    size_t bytes = 0;
    while (!waiting_.empty() && sent.reads.size() < kMostReads) {
      WaitingReadPtr& next = waiting_.front();
      // The schema may be another than when it came.
      if (!plan_again(*next)) {
        taken(std::move(next));
        waiting_.pop_front();
        continue;
      }
      bytes += next->plan->bytes();
      if (!sent.reads.empty() && bytes > kMostBatchBytes) break;
      sent.statements.push_back(next->plan->add_statements(batch));
      sent.reads.push_back(std::move(next));
      waiting_.pop_front();
    }
    if (sent.reads.empty()) return;
    const uint64_t number = sent.number;
    sent_.push_back(std::move(sent));
    connection.run(std::move(batch), [this, number](pg::Outcome outcome) {
      // What is told of a lost connection has been taken out.
      if (sent_.empty() || sent_.front().number != number) return;
      Sent done = std::move(sent_.front());
      sent_.pop_front();
      if (!outcome) return failed(std::move(done), outcome.error());
      answer(std::move(done), *outcome);
    });
  }

  void answer(Sent sent, const std::vector<pg::Rows>& results) {
    const Reading reading = reading_of(results.front());
    learn(reading);
    const pg::Rows* rows = results.data() + 1;
    for (size_t i = 0; i < sent.reads.size(); ++i) {
      answer_one(taken(std::move(sent.reads[i])), reading, rows);
      rows += sent.statements[i];
    }
  }

  void answer_one(WaitingReadPtr read, const Reading& reading, const pg::Rows* rows) {
    if (read->is_over()) return;
    if (const Status good = check_snapshot(*read, reading); !good) {
      read->finish(fail(good.error()), 0);
    } else if (reading.schema_index != read->plan->schema_index()) {
      other_schema(std::move(read), reading);
    } else if (auto answer = read->plan->answer(reading, rows)) {
      read->finish(std::move(*answer), reading.applied);
    } else {
      put_large(std::move(read));
    }
  }

  // The read that PostgreSQL failed at is not carried out with others any more, which are sent again.
  void failed(Sent sent, const pg::Failure& failure) {
    size_t culprit = sent.reads.size();
    size_t end = 1;  // behind the reading
    for (size_t i = 0; i < sent.reads.size() && failure.statement > 0; ++i) {
      end += sent.statements[i];
      if (failure.statement < end) {
        culprit = i;
        break;
      }
    }
    const bool is_slow = failure.error.kind == ErrorKind::kTimeout;
    const bool is_locked = failure.error.kind == ErrorKind::kBusy;
    const bool is_one = culprit < sent.reads.size() && failure.error.kind != ErrorKind::kUnknown &&
                        failure.error.kind != ErrorKind::kUnavailable;
    if (is_one && is_locked) met_a_lock(*sent.reads[culprit]);
    std::vector<WaitingReadPtr> again;
    for (size_t i = 0; i < sent.reads.size(); ++i) {
      if (is_one && i != culprit) {
        again.push_back(std::move(sent.reads[i]));
        continue;
      }
      WaitingReadPtr read = taken(std::move(sent.reads[i]));
      if (is_one && (is_slow || is_locked)) {
        put_large(std::move(read));
      } else {
        read->finish(fail(told_of(failure)), 0);
      }
    }
    for (WaitingReadPtr& read : again) put(taken(std::move(read)));
  }

  void small_down(const Error& why) {
    is_ready_ = false;
    fail_small(why);
  }

  void fail_small(const Error& why) {
    std::vector<WaitingReadPtr> lost;
    for (Sent& sent : std::exchange(sent_, {})) {
      for (WaitingReadPtr& read : sent.reads) lost.push_back(std::move(read));
    }
    for (WaitingReadPtr& read : std::exchange(waiting_, {})) lost.push_back(std::move(read));
    small_reads_ = 0;
    small_bytes_ = 0;
    for (WaitingReadPtr& read : std::exchange(for_schema_, {})) lost.push_back(std::move(read));
    for (const WaitingReadPtr& read : lost) read->finish(fail(why), 0);
  }

  // Those that are past their deadline; who is in the way of the large one.
  void look() {
    const int64_t now_ns = system_clock().boot_ns();
    large_reads_.look_at_deadlines(now_ns);
    std::vector<Done> late;
    const auto take_late = [&](const WaitingReadPtr& read) {
      if (read != nullptr && !read->is_over() && now_ns >= read->deadline_ns) {
        late.push_back(std::move(read->done));
        read->done = nullptr;
      }
    };
    for (const Sent& sent : sent_) std::for_each(sent.reads.begin(), sent.reads.end(), take_late);
    std::for_each(waiting_.begin(), waiting_.end(), take_late);
    std::for_each(for_schema_.begin(), for_schema_.end(), take_late);
    std::erase_if(for_schema_, [](const WaitingReadPtr& read) { return read->is_over(); });
    if (large_reads_.running_ms() >= kHeldUpMs) ask_who_blocks();
    const uint64_t now_ms = loop_.now_ms();
    if (is_ready_ && (!has_statistics_ || now_ms - statistics_ms_ > kStatisticsMs)) {
      ask_for_statistics();
    }
    if (!not_ready_.empty() && now_ms - asked_ready_ms_ > kNotReadyMs) get_ready();
    const bool is_idle = small_reads_ == 0 && for_schema_.empty() && large_reads_.is_idle();
    if (is_idle && look_ms_ != kIdleLookMs) look_each(kIdleLookMs);
    for (Done& done : late) {
      done(fail(ErrorKind::kTimeout,
                "PostgreSQL has not answered within the time that the read had"),
           0);
    }
  }

  void look_each(uint64_t ms) {
    look_ms_ = ms;
    looks_.start(ms, ms);
    looks_.unref();
  }

  void ask_who_blocks() {
    pg::Connection* connection = small_.connection();
    if (connection == nullptr || loop_.now_ms() - asked_who_ms_ < kHeldUpMs) return;
    asked_who_ms_ = loop_.now_ms();
    const uint64_t number = large_reads_.started();
    pg::Batch batch;
    pg::add_who_blocks(batch, large_reads_.backend_pid());
    connection->run(std::move(batch), [this, number](const pg::Outcome& outcome) {
      if (!outcome || large_reads_.started() != number) return;
      large_reads_.set_blockers(pg::describe(pg::blockers_of(outcome->front())));
    });
  }

  loop::Loop& loop_;
  const ReaderOptions options_;
  SmallOwner small_owner_;
  LargeOwner large_owner_;
  pg::Session small_;
  pg::Session large_;
  bool is_started_ = false;
  bool is_connecting_ = false;
  std::optional<KnownTables> known_;
  Reading last_;
  bool is_ready_ = false;
  std::string not_ready_;  // why not
  std::string not_known_ = "the tables in PostgreSQL are not known yet";
  UniqueFunction<void(const Spreads&, uint64_t)> on_statistics_;
  bool has_statistics_ = false;
  // When it was asked last.
  uint64_t asked_ready_ms_ = 0;
  uint64_t asked_who_ms_ = 0;
  uint64_t statistics_ms_ = 0;
  uint64_t look_ms_ = 0;

  std::deque<WaitingReadPtr> waiting_;
  std::deque<Sent> sent_;
  uint64_t last_number_ = 0;
  size_t small_reads_ = 0;  // waiting or sent
  size_t small_bytes_ = 0;
  std::vector<WaitingReadPtr> for_schema_;
  std::set<size_t> held_;  // tables that somebody has locked
  LargeReads large_reads_;
  loop::Prepare end_of_turn_;
  loop::Timer looks_;
};

Reader::Reader(loop::Loop& loop, ReaderOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Reader::~Reader() = default;

void Reader::start() { impl_->start(); }
void Reader::set_schema(std::shared_ptr<const db::Schema> schema, uint64_t schema_index) {
  impl_->set_schema(std::move(schema), schema_index);
}
void Reader::set_facts(const std::vector<db::TableFacts>& facts, uint64_t schema_index) {
  impl_->set_facts(facts, schema_index);
}
void Reader::forget_schema(std::string why) { impl_->forget_schema(std::move(why)); }
void Reader::read(std::string_view text, uint64_t min_index, int64_t deadline_ns, Done done,
                  Room room) {
  impl_->read(text, min_index, deadline_ns, std::move(done), std::move(room));
}
void Reader::on_statistics(UniqueFunction<void(const Spreads&, uint64_t)> callback) {
  impl_->on_statistics(std::move(callback));
}

std::string Reader::trouble() const { return impl_->trouble(); }
uint64_t Reader::large_reads() const { return impl_->large_reads(); }

}  // namespace tandem::tables
