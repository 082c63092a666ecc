#include "caller.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/ids.h"
#include "base/trace_parent.h"
#include "daemon/setting_value.h"

namespace tandem::client {
namespace {

constexpr int64_t kFirstPauseMs = 50;
constexpr int64_t kQuietMs = 1000;  // people are told what is waited for after this
constexpr int64_t kNsPerMs = 1'000'000;

int64_t now_ms() { return system_clock().boot_ns() / kNsPerMs; }

// Of whatever started this program, by the convention of OpenTelemetry for command lines; "" where
// there is none.
std::string trace_parent() {
  const char* told = std::getenv("TRACEPARENT");
  return told == nullptr || trace_id_in(told).empty() ? std::string() : told;
}

std::string what_happened(const Result<fetch::Answer>& answer) {
  return answer ? std::to_string(answer->status) : answer.error().message;
}

}  // namespace

struct Caller::Attempt {
  uint64_t id = 0;
  Call call;
  Completion done;
  std::string request_id;
  int64_t begun_ms = 0;
  int64_t deadline_ms = 0;
  int64_t sent_ms = 0;
  int64_t pause_ms = kFirstPauseMs;
  // Of the last try that may have been done: what happened. Empty: nothing was done by any.
  std::string open;
  bool last_is_open = false;
  std::unique_ptr<loop::Timer> timer;  // most calls never pause
};

Caller::Caller(loop::Loop& loop, fetch::Fetcher& fetcher, Console& console, int64_t timeout_ms)
    : loop_(loop), fetcher_(fetcher), console_(console), timeout_ms_(timeout_ms) {}

Caller::~Caller() = default;

void Caller::call(Call call, Completion done) {
  auto attempt = std::make_unique<Attempt>();
  attempt->id = ++last_id_;
  attempt->call = std::move(call);
  attempt->done = std::move(done);
  attempt->request_id = hex_id(random_id());
  attempt->begun_ms = now_ms();
  attempt->deadline_ms = attempt->begun_ms + timeout_ms_;
  Attempt& started = *attempt;
  attempts_.emplace(started.id, std::move(attempt));
  send(started);
}

void Caller::send(Attempt& attempt) {
  attempt.sent_ms = now_ms();
  fetch::Request request;
  request.method = attempt.call.method;
  request.url = attempt.call.url;
  request.body = attempt.call.body;
  request.headers = attempt.call.headers;
  request.headers.push_back("X-Request-Id: " + attempt.request_id);
  static const std::string kTrace = trace_parent();
  if (!kTrace.empty()) request.headers.push_back("traceparent: " + kTrace);
  // What a service would ignore, a misspelt "where" perhaps, is an error for people and scripts.
  request.headers.emplace_back("Prefer: handling=strict");
  if (!request.body.empty()) request.headers.emplace_back("Content-Type: application/json");
  if (!attempt.call.key.empty()) {
    request.headers.push_back("Idempotency-Key: " + attempt.call.key);
  }
  request.timeout_ms = std::max<int64_t>(attempt.deadline_ms - attempt.sent_ms, 1);
  request.connect_timeout_ms = request.timeout_ms;
  request.once = attempt.call.kind == Call::Kind::kOnce;
  const auto sent = fetcher_.fetch(
      std::move(request),
      [this, id = attempt.id](Result<fetch::Answer> answer) { on_answer(id, std::move(answer)); });
  CHECK_MSG(sent, "more calls than the fetcher allows");
}

void Caller::on_answer(uint64_t id, Result<fetch::Answer> answer) {
  Attempt& attempt = *attempts_.at(id);
  if (console_.verbose()) {
    console_.detail(attempt.call.method + " " + attempt.call.url + ": " + what_happened(answer) +
                    " after " + std::to_string(now_ms() - attempt.sent_ms) + " ms, request " +
                    attempt.request_id +
                    (answer && !answer->header("X-Db-Index").empty()
                         ? ", index " + std::string(answer->header("X-Db-Index"))
                         : ""));
  }
  if (!answer) answer = fail(with_origin(answer.error(), attempt.call.url));
  if (answer && attempt.call.translate != nullptr) attempt.call.translate(*answer);
  const bool again = worth_repeating(attempt.call.kind, answer);
  attempt.last_is_open = may_be_done(attempt.call.kind, answer);
  Result<Reply> reply = answer ? judge(std::move(*answer), attempt.request_id, attempt.call.no)
                               : Result<Reply>(fail(answer.error()));
  if (attempt.last_is_open) attempt.open = reply.error().message;
  if (again && now_ms() + attempt.pause_ms < attempt.deadline_ms) {
    return pause(attempt, reply.error().message);
  }
  if (!reply) reply = fail(end_of(attempt, reply.error(), again));
  finish(id, std::move(reply));
}

Error Caller::with_origin(Error error, const std::string& url) const {
  for (const auto& [base, origin] : url_origins_) {
    if (!url.starts_with(base + "/")) continue;
    error.message += origin == "default" ? " (the default URL)" : " (URL from " + origin + ")";
    break;
  }
  return error;
}

// Judged by all tries: where one of them may have been done, a last one that reached nobody does
// not make it undone.
Error Caller::end_of(const Attempt& attempt, Error last, bool gave_up) const {
  const bool settled = settles(fail(last));
  if (gave_up) last.message += "; gave up after " + daemon::duration_text(timeout_ms_);
  if (attempt.open.empty() || settled) return last;
  if (!attempt.last_is_open) last.message += "; an earlier try: " + attempt.open;
  const bool bug = attempt.last_is_open && last.kind == ErrorKind::kBug;
  return {bug ? last.kind : ErrorKind::kUnknown, last.message + "; may have been done"};
}

void Caller::pause(Attempt& attempt, const std::string& why) {
  tell_trouble_once(attempt, why);
  if (attempt.timer == nullptr) {
    attempt.timer = std::make_unique<loop::Timer>(
        loop_, [this, id = attempt.id] { repeat(*attempts_.at(id)); });
  }
  attempt.timer->start(static_cast<uint64_t>(attempt.pause_ms));
  attempt.pause_ms = std::min(2 * attempt.pause_ms, attempt.call.max_pause_ms);
}

void Caller::repeat(Attempt& attempt) {
  if (attempt.call.on_repeat) attempt.call.on_repeat();
  send(attempt);
}

void Caller::tell_trouble_once(const Attempt& attempt, const std::string& why) {
  if (told_trouble_ || !console_.is_terminal() || now_ms() - attempt.begun_ms < kQuietMs) return;
  told_trouble_ = true;
  console_.say(why + "; trying on for up to " + daemon::duration_text(timeout_ms_));
}

void Caller::finish(uint64_t id, Result<Reply> reply) {
  const auto found = attempts_.find(id);
  Completion done = std::move(found->second->done);
  attempts_.erase(found);
  done(std::move(reply));
}

}  // namespace tandem::client
