#include "rideshare/database_link.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "rpc/url.h"
#include "wire/error_body.h"

namespace tandem::rideshare {
namespace {

constexpr uint64_t kPingPauseMs = 20;

// What rs-orch gave as the reason, or a general one.
std::string reason_of(const wire::Response& response) {
  const auto message = wire::error_message_in(response.body);
  return message ? *message : "the database answered " + std::to_string(response.status);
}

Status ping_status(const Result<wire::Response>& result) {
  if (!result) return fail(result.error());
  if (result->status == 200) return {};
  return fail(ErrorKind::kUnavailable, reason_of(*result));
}

}  // namespace

void declare_database(DatabaseConfig& config, daemon::SettingTable& table) {
  table
      .text_list("database.urls", config.urls,
                 "addresses of rs-orch, tried in turn: ipc://PATH or tcp://ADDRESS:PORT")
      .checked_by(rpc::check_url);
  table.duration_ms("database.timeout", config.calls.timeout_ms,
                    "how long a request waits for the database before it is answered 504", 1,
                    600'000);
  table.duration_ms("database.try_timeout", config.calls.try_ms,
                    "how long one of several addresses may be silent before the next is asked", 1,
                    600'000);
  table.duration_ms("database.unreachable_wait", config.calls.unreachable_ms,
                    "how long a request waits for a database that does nothing before it is "
                    "answered 503",
                    0, 600'000);
  table.integer("database.max_in_flight", config.calls.max_in_flight, 1, 65'536,
                "calls of the database at a time; a further request is answered 503");
  table.duration_ms("database.start_wait", config.start_wait_ms,
                    "how long the start waits for the database before serving without it", 0,
                    600'000);
  table.duration_ms("database.ready_timeout", config.ready_timeout_ms,
                    "how long /readyz waits for the database", 1, 60'000);
}

Status check_database(const DatabaseConfig& config) { return check_addresses(config.urls); }

DatabaseLink::DatabaseLink(DatabaseConfig config, loop::Loop& loop)
    : config_(std::move(config)), loop_(loop), retry_(loop, [this] { ping(); }) {}

DbClient& DatabaseLink::client() {
  CHECK(connection_ != nullptr);
  return connection_->client();
}

void DatabaseLink::check_ready(http::ReadyAnswer answer) {
  client().ping(config_.ready_timeout_ms,
                [answer = std::move(answer)](const Result<wire::Response>& result) mutable {
                  answer(ping_status(result));
                });
}

void DatabaseLink::start(UniqueFunction<void(Status)> done) {
  auto connected = connect(loop_, config_.urls, config_.calls);
  if (!connected) return done(fail(connected.error()));
  connection_ = std::move(*connected);
  started_ = std::move(done);
  give_up_at_ms_ = loop_.now_ms() + config_.start_wait_ms;
  ping();
}

void DatabaseLink::ping() {
  client().ping(config_.ready_timeout_ms, [this](const Result<wire::Response>& result) {
    on_first_answer(ping_status(result));
  });
}

void DatabaseLink::on_first_answer(const Status& status) {
  if (!started_) return;  // draining began first
  if (!status && loop_.now_ms() < give_up_at_ms_) return retry_.start(kPingPauseMs);
  if (!status) {
    log::warning("serving without the database for now", {{"reason", status.error().message}});
  }
  UniqueFunction<void(Status)> started = std::move(started_);
  started(Status());
}

void DatabaseLink::drain(UniqueFunction<void()> done) {
  retry_.stop();
  started_ = nullptr;
  done();
}

}  // namespace tandem::rideshare
