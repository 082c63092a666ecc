#include "pg/session.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/self.h"
#include "pg/create_database.h"

namespace tandem::pg {
namespace {

constexpr unsigned kMostDoublings = 20;

bool is_lasting(ErrorKind kind) {
  return kind == ErrorKind::kConfig || kind == ErrorKind::kPermission ||
         kind == ErrorKind::kNotFound;
}

}  // namespace

class Session::Impl {
 public:
  Impl(loop::Loop& loop, SessionOptions options, SessionOwner& owner)
      : loop_(loop),
        options_(std::move(options)),
        owner_(owner),
        pause_(loop, [this] { connect(); }) {}

  void start() {
    down_ms_ = loop_.now_ms();
    connect();
  }

  void stop() {
    pause_.stop();
    create_.reset();
    connection_.reset();
    trouble_ = "stopped";
  }

  Connection* connection() {
    return connection_ != nullptr && connection_->is_up() ? connection_.get() : nullptr;
  }

  std::string trouble() const {
    if (trouble_.empty() && connection_ != nullptr && connection_->is_up()) return {};
    const std::string why = trouble_.empty() ? "connecting to PostgreSQL" : trouble_;
    return why + " (for " + std::to_string((loop_.now_ms() - down_ms_) / 1000) + " s)";
  }

 private:
  void connect() {
    create_.reset();
    connection_ = std::make_unique<Connection>(loop_, options_.connect);
    connection_->on_lost([this](const Error& why) { on_lost(why); });
    connection_->connect([this](const Status& up) {
      if (up) return on_up();
      if (up.error().kind == ErrorKind::kNotFound && options_.create_database) {
        return create(connection_->database());
      }
      on_failed(up.error());
    });
  }

  void create(const std::string& database) {
    create_ = std::make_unique<CreateDatabase>(loop_, options_.connect, database,
                                               [this](const Status& made) {
                                                 if (!made) return on_failed(made.error());
                                                 connect();
                                               });
  }

  void on_up() {
    log::info("connected to PostgreSQL",
              {{"database", connection_->database()}, {"pid", connection_->backend_pid()}});
    up_ms_ = loop_.now_ms();
    trouble_.clear();
    owner_.session_up(*connection_);
  }

  void on_lost(const Error& why) {
    down_ms_ = loop_.now_ms();
    trouble_ = why.message;
    log::warning("lost PostgreSQL", {{"error", why.message}});
    const SelfRef<Impl> self = self_.ref();
    owner_.session_down(why);
    // It may have stopped this.
    if (!self || connection_ == nullptr) return;
    if (down_ms_ - up_ms_ >= options_.longest_pause_ms) failures_ = 0;
    wait();
  }

  void on_failed(const Error& why) {
    const bool is_new = trouble_ != why.message;
    trouble_ = why.message;
    if (is_new) log::warning("no connection to PostgreSQL", {{"error", why.message}});
    const SelfRef<Impl> self = self_.ref();
    if (is_lasting(why.kind)) {
      if (is_new) owner_.session_refused(why);
      if (self && connection_ != nullptr) pause_.start(options_.longest_pause_ms);
      return;
    }
    owner_.session_failed(why);
    if (self && connection_ != nullptr) wait();
  }

  void wait() {
    const uint64_t longest =
        std::min(options_.first_pause_ms << failures_, options_.longest_pause_ms);
    failures_ = std::min(failures_ + 1, kMostDoublings);
    pause_.start(1 + random_id() % std::max<uint64_t>(longest, 1));
  }

  loop::Loop& loop_;
  const SessionOptions options_;
  SessionOwner& owner_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<CreateDatabase> create_;
  std::string trouble_;
  uint64_t up_ms_ = 0;
  uint64_t down_ms_ = 0;
  unsigned failures_ = 0;
  loop::Timer pause_;
  Self<Impl> self_{*this};  // last
};

Session::Session(loop::Loop& loop, SessionOptions options, SessionOwner& owner)
    : impl_(std::make_unique<Impl>(loop, std::move(options), owner)) {}
Session::~Session() = default;

void Session::start() { impl_->start(); }
void Session::stop() { impl_->stop(); }
Connection* Session::connection() { return impl_->connection(); }
std::string Session::trouble() const { return impl_->trouble(); }

}  // namespace tandem::pg
