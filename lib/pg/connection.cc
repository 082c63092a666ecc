#include "pg/connection.h"

#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/self.h"
#include "pg/connecting.h"
#include "pg/copy_run.h"
#include "pg/pipeline.h"
#include "pg/server_check.h"

namespace tandem::pg {
namespace {

// OpenSSL may hold bytes that the socket shows no more; then libpq has to be asked again.
constexpr uint64_t kTlsLookMs = 10;

const std::string kSetting = "SELECT set_config($1, $2, false)";
const std::string kFacts =
    "SELECT current_setting('fsync'), getdatabaseencoding(), "
    "current_setting('standard_conforming_strings'), pg_is_in_recovery()";

Outcome failed(ErrorKind kind, std::string message) {
  return tl::unexpected<Failure>(Failure{{kind, std::move(message)}});
}

struct CancelCloser {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

}  // namespace

class Connection::Impl {
 public:
  Impl(loop::Loop& loop, ConnectOptions options)
      : loop_(loop),
        options_(std::move(options)),
        soon_(loop, [this] { go_on(); }),
        deadline_(loop, [this] { on_deadline(); }),
        silence_(loop, [this] { on_silence(); }),
        tls_look_(loop, [this] { on_events(UV_READABLE); }) {}

  void connect(UniqueFunction<void(Status)> done) {
    CHECK(state_ == State::kNew);
    state_ = State::kConnecting;
    connect_done_ = std::move(done);
    connecting_ = std::make_unique<Connecting>(
        loop_, [this](Result<Conn> conn) { on_connected(std::move(conn)); });
    deadline_.start(options_.connect_timeout_ms);
    connecting_->start(options_);
  }

  void run(Batch batch, Completion done) {
    if (!batch.status()) return refuse(batch.status().error(), std::move(done));
    enqueue({.batch = std::move(batch), .done = std::move(done)});
  }

  void copy_in(std::string sql, CopySource source, Completion done) {
    Batch batch;
    batch.add(sql);
    if (!batch.status()) return refuse(batch.status().error(), std::move(done));
    enqueue({.batch = std::move(batch),
             .done = std::move(done),
             .copy_sql = std::move(sql),
             .source = std::move(source)});
  }

  void copy_on() {
    if (copy_ == nullptr) return;
    copy_->wake();
    soon_.start(0);
  }

  void forget_statements() {
    if (pipeline_) pipeline_->forget_statements();
  }

  void cancel() {
    if (conn_ == nullptr) return;
    std::shared_ptr<PGcancel> cancel(PQgetCancel(conn_.get()), CancelCloser{});
    if (cancel == nullptr) return;
    loop::run_work(
        loop_,
        [cancel] {
          char why[256];
          if (PQcancel(cancel.get(), why, sizeof why) == 0) {
            log::debug("cannot cancel a statement of PostgreSQL", {{"error", in_one_line(why)}});
          }
        },
        [] {});
  }

  void on_lost(UniqueFunction<void(const Error&)> callback) { on_lost_ = std::move(callback); }
  bool is_up() const { return state_ == State::kUp; }
  size_t in_flight() const {
    return (pipeline_ ? pipeline_->in_flight() : 0) + (copy_ == nullptr ? 0 : 1);
  }
  size_t outstanding() const { return in_flight() + queue_.size(); }
  uint64_t waiting_ms() const {
    if (copy_ != nullptr) return loop_.now_ms() - copy_began_ms_;
    if (!pipeline_ || pipeline_->in_flight() == 0) return 0;
    return loop_.now_ms() - pipeline_->oldest_ms();
  }
  int backend_pid() const { return backend_pid_; }
  int server_version() const { return server_version_; }
  const std::string& database() const { return database_; }
  const std::string& user() const { return user_; }

 private:
  enum class State : uint8_t { kNew, kConnecting, kSettingUp, kUp, kLost };
  struct Job {
    Batch batch;
    Completion done;
    std::string copy_sql = {};  // COPY instead of the batch
    CopySource source = {};
  };

  // ---- Making the session.

  void on_connected(Result<Conn> conn) {
    note_names(conn ? conn->get() : connecting_->conn());
    const std::unique_ptr<Connecting> finished = std::move(connecting_);
    if (!conn) return end(conn.error());
    conn_ = std::move(*conn);
    server_version_ = PQserverVersion(conn_.get());
    backend_pid_ = PQbackendPID(conn_.get());
    const Status version = check_version(server_version_);
    if (!version) return end(version.error());
    PQsetNoticeReceiver(conn_.get(), &Impl::on_notice, this);
    if (PQsetnonblocking(conn_.get(), 1) != 0 || PQenterPipelineMode(conn_.get()) == 0) {
      return end({ErrorKind::kUnavailable, in_one_line(PQerrorMessage(conn_.get()))});
    }
    state_ = State::kSettingUp;
    pipeline_.emplace(conn_.get(), options_.max_statements);
    poll_ = std::make_unique<loop::Poll>(loop_, PQsocket(conn_.get()),
                                         [this](int events) { on_events(events); });
    Batch batch;
    for (const auto& [name, value] : session_settings(options_, server_version_)) {
      batch.add(kSetting, std::move(Parameters().text(name).text(value)));
    }
    batch.add(kFacts, {}, {Type::kText, Type::kText, Type::kText, Type::kBool});
    if (!batch.status()) return end({ErrorKind::kConfig, batch.status().error().message});
    queue_.push_back(
        {std::move(batch), [this](Outcome outcome) { on_set_up(std::move(outcome)); }});
    go_on();
  }

  void note_names(const PGconn* conn) {
    if (conn == nullptr) return;
    const char* database = PQdb(conn);
    const char* user = PQuser(conn);
    database_ = database == nullptr ? "" : database;
    user_ = user == nullptr ? "" : user;
  }

  void on_set_up(Outcome outcome) {
    if (state_ != State::kSettingUp) return;  // lost, and told so
    if (!outcome) {
      Error error = outcome.error().error;
      // A parameter that the server does not know, or a value that it does not take.
      if (error.kind == ErrorKind::kBug || error.kind == ErrorKind::kBadInput) {
        error = {ErrorKind::kConfig, "cannot set up the session: " + error.message};
      }
      return end(error);
    }
    const Rows& facts = outcome->back();
    if (facts.size() != 1) return end({ErrorKind::kCorrupt, "the server says nothing of itself"});
    const Status fits = check_server({.version = server_version_,
                                      .fsync = std::string(facts.text(0, 0)),
                                      .encoding = std::string(facts.text(0, 1)),
                                      .standard_conforming_strings = std::string(facts.text(0, 2)),
                                      .is_standby = facts.boolean(0, 3)});
    if (!fits) return end(fits.error());
    state_ = State::kUp;
    deadline_.stop();
    UniqueFunction<void(Status)> done = std::move(connect_done_);
    done({});
  }

  void on_deadline() {
    end({ErrorKind::kTimeout, "no session with PostgreSQL within " +
                                  std::to_string(options_.connect_timeout_ms) + " ms"});
  }

  // ---- The session.

  void refuse(Error error, Completion done) {
    refused_.push_back({std::move(done), tl::unexpected<Failure>(Failure{std::move(error)})});
    soon_.start(0);
  }

  void enqueue(Job job) {
    if (state_ != State::kUp) {
      return refuse({ErrorKind::kUnavailable, "not connected to PostgreSQL"}, std::move(job.done));
    }
    if (bytes_queued_ > 0 && bytes_queued_ + job.batch.bytes() > options_.max_bytes_queued) {
      return refuse({ErrorKind::kUnavailable, "too much waits to be sent to PostgreSQL"},
                    std::move(job.done));
    }
    bytes_queued_ += job.batch.bytes();
    queue_.push_back(std::move(job));
    if (is_going_on_) return;
    // What goes wrong is told from the loop.
    failed_ = failed_ || !send_what_may_be_sent() || !flush();
    if (failed_ || pipeline_->has_news()) {
      soon_.start(0);
      return;
    }
    watch();
  }

  bool may_send(const Job& job) const {
    if (!job.copy_sql.empty()) return pipeline_->idle();
    const size_t bytes = pipeline_->bytes_in_flight();
    return bytes == 0 || bytes + job.batch.bytes() <= options_.max_bytes_in_flight;
  }

  // False: broken.
  bool send_what_may_be_sent() {
    while (copy_ == nullptr && !queue_.empty() && may_send(queue_.front())) {
      Job job = std::move(queue_.front());
      queue_.pop_front();
      bytes_queued_ -= std::min(bytes_queued_, job.batch.bytes());
      if (pipeline_->idle()) last_news_ms_ = loop_.now_ms();
      if (job.copy_sql.empty()) {
        if (!pipeline_->send(std::move(job.batch), std::move(job.done), loop_.now_ms())) {
          return false;
        }
        continue;
      }
      copy_done_ = std::move(job.done);
      copy_began_ms_ = loop_.now_ms();
      copy_ = std::make_unique<CopyRun>(conn_.get(), std::move(job.source));
      return copy_->start(job.copy_sql);
    }
    return true;
  }

  bool flush() {
    const int left = PQflush(conn_.get());
    flushed_ = left == 0;
    return left >= 0;
  }

  void watch() {
    const bool wants_to_write = !flushed_ || (copy_ != nullptr && copy_->wants_to_write());
    const int events = UV_READABLE | (wants_to_write ? UV_WRITABLE : 0);
    if (events != watched_) poll_->start(events);
    watched_ = events;
    const bool owes = in_flight() > 0;
    if (owes && options_.silence_ms > 0 && !silence_.active()) {
      silence_.start(options_.silence_ms);
    }
    if (PQsslInUse(conn_.get()) == 0) return;
    if (!owes) tls_look_.stop();
    if (owes && !tls_look_.active()) tls_look_.start(kTlsLookMs, kTlsLookMs);
  }

  void on_events(int events) {
    last_news_ms_ = loop_.now_ms();
    bool read = events >= 0;
    if (read && (events & UV_READABLE) != 0) {
      read = PQconsumeInput(conn_.get()) != 0;
      // The rest of a record that did not fit.
      if (read && PQsslInUse(conn_.get()) != 0) read = PQconsumeInput(conn_.get()) != 0;
    }
    failed_ = failed_ || !read;
    go_on();
  }

  // Gives out what has come, sends what may be sent.
  void go_on() {
    const SelfRef<Impl> self = self_.ref();
    give_refusals(self);
    if (!self || conn_ == nullptr || state_ == State::kConnecting) return;
    is_going_on_ = true;
    while (true) {
      // What was answered before the connection broke counts.
      bool whole = copy_ == nullptr ? receive(self) : carry_on_copy();
      if (!self || conn_ == nullptr) return;
      const bool had_copy = copy_ != nullptr;
      whole = whole && !failed_ && send_what_may_be_sent() && flush();
      if (!whole) return lose();
      // A batch may have had its outcome without being sent, a COPY may have begun.
      if (!pipeline_->has_news() && had_copy == (copy_ != nullptr)) break;
    }
    is_going_on_ = false;
    watch();
  }

  bool receive(const SelfRef<Impl>& self) {
    while (true) {
      std::optional<Pipeline::Finished> finished;
      const bool whole = pipeline_->receive(finished);
      if (!finished) return whole;
      finished->done(std::move(finished->outcome));
      if (!self || conn_ == nullptr) return true;
    }
  }

  bool carry_on_copy() {
    if (!flush() || !copy_->go_on(flushed_)) return false;
    if (!copy_->is_done()) return true;
    Outcome outcome = copy_->take_outcome();
    copy_.reset();
    if (!outcome && !pipeline_->copy_failed()) return false;
    Completion done = std::move(copy_done_);
    done(std::move(outcome));
    return true;
  }

  void give_refusals(const SelfRef<Impl>& self) {
    std::deque<Pipeline::Finished> refused = std::exchange(refused_, {});
    for (Pipeline::Finished& one : refused) {
      one.done(std::move(one.outcome));
      if (!self) return;
    }
  }

  // ---- Its end.

  void on_silence() {
    const uint64_t quiet_ms = loop_.now_ms() - last_news_ms_;
    if (in_flight() == 0 || (copy_ != nullptr && copy_->waits())) return;
    if (quiet_ms < options_.silence_ms) return silence_.start(options_.silence_ms - quiet_ms);
    end({ErrorKind::kUnavailable,
         "PostgreSQL has not answered for " + std::to_string(quiet_ms) + " ms"});
  }

  static void on_notice(void* self, const PGresult* notice) {
    const std::string text = in_one_line(field(notice, PG_DIAG_MESSAGE_PRIMARY));
    // A session that is idle is told its end in this way.
    if (is_fatal(notice)) static_cast<Impl*>(self)->last_words_ = failure_of(notice).error.message;
    log::debug("PostgreSQL says something", {{"text", text}});
  }

  void lose() {
    std::string why = pipeline_->broken();
    if (why.empty() && copy_ != nullptr) why = copy_->broken();
    if (why.empty()) why = last_words_;
    if (why.empty()) why = in_one_line(PQerrorMessage(conn_.get()));
    if (why.empty()) why = "the connection is closed";
    end({ErrorKind::kUnavailable, "lost the connection to PostgreSQL: " + why});
  }

  void end(const Error& error) {
    const SelfRef<Impl> self = self_.ref();
    const bool was_up = state_ == State::kUp;
    state_ = State::kLost;
    is_going_on_ = false;
    for (loop::Timer* timer : {&deadline_, &silence_, &tls_look_}) timer->stop();
    std::deque<Pipeline::Finished> left;
    if (pipeline_) left = pipeline_->lose(error.message);
    if (copy_ != nullptr) {
      left.push_back({std::move(copy_done_),
                      failed(ErrorKind::kUnknown, "outcome unknown: " + error.message)});
    }
    for (Job& job : queue_) {
      left.push_back(
          {std::move(job.done), failed(ErrorKind::kUnavailable, "not done: " + error.message)});
    }
    queue_.clear();
    bytes_queued_ = 0;
    connecting_.reset();
    copy_.reset();
    poll_.reset();
    conn_.reset();
    UniqueFunction<void(Status)> connect_done = std::move(connect_done_);
    for (Pipeline::Finished& one : left) {
      if (one.done) one.done(std::move(one.outcome));
      if (!self) return;
    }
    if (connect_done) return connect_done(fail(error));
    if (was_up && on_lost_) on_lost_(error);
  }

  loop::Loop& loop_;
  const ConnectOptions options_;
  State state_ = State::kNew;
  std::unique_ptr<Connecting> connecting_;
  UniqueFunction<void(Status)> connect_done_;
  UniqueFunction<void(const Error&)> on_lost_;
  int backend_pid_ = 0;
  int server_version_ = 0;
  std::string database_;
  std::string user_;
  std::string last_words_;  // of the server

  Conn conn_;
  std::optional<Pipeline> pipeline_;
  std::unique_ptr<CopyRun> copy_;
  Completion copy_done_;
  uint64_t copy_began_ms_ = 0;
  std::unique_ptr<loop::Poll> poll_;  // goes before conn_
  std::deque<Job> queue_;             // not sent
  size_t bytes_queued_ = 0;
  std::deque<Pipeline::Finished> refused_;
  bool is_going_on_ = false;
  bool flushed_ = true;
  bool failed_ = false;  // reading, sending or writing has
  int watched_ = 0;
  uint64_t last_news_ms_ = 0;

  loop::Timer soon_;
  loop::Timer deadline_;
  loop::Timer silence_;
  loop::Timer tls_look_;
  Self<Impl> self_{*this};  // last
};

Connection::Connection(loop::Loop& loop, ConnectOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Connection::~Connection() = default;

void Connection::connect(UniqueFunction<void(Status)> done) { impl_->connect(std::move(done)); }
void Connection::on_lost(UniqueFunction<void(const Error&)> callback) {
  impl_->on_lost(std::move(callback));
}
bool Connection::is_up() const { return impl_->is_up(); }
void Connection::run(Batch batch, Completion done) {
  impl_->run(std::move(batch), std::move(done));
}
void Connection::copy_in(std::string sql, CopySource source, Completion done) {
  impl_->copy_in(std::move(sql), std::move(source), std::move(done));
}
void Connection::copy_on() { impl_->copy_on(); }
void Connection::forget_statements() { impl_->forget_statements(); }
void Connection::cancel() { impl_->cancel(); }
size_t Connection::in_flight() const { return impl_->in_flight(); }
size_t Connection::outstanding() const { return impl_->outstanding(); }
uint64_t Connection::waiting_ms() const { return impl_->waiting_ms(); }
int Connection::backend_pid() const { return impl_->backend_pid(); }
int Connection::server_version() const { return impl_->server_version(); }
std::string Connection::database() const { return impl_->database(); }
std::string Connection::user() const { return impl_->user(); }

}  // namespace tandem::pg
