#include "rideshare/db_client.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "wire/kept_request.h"

namespace tandem::rideshare {
namespace {

bool changes_data(wire::Method method) {
  return method == wire::Method::kDbWrite || method == wire::Method::kDbClear;
}

}  // namespace

struct DbClient::Call : wire::KeptRequest {
  int64_t deadline_ms = 0;
  int64_t patient_until_ms = 0;  // with a database that does nothing
  uint32_t pause_ms = 0;
  bool uncertain = false;  // an earlier try may have been carried out
  Completion done;
};

DbClient::DbClient(Options options, std::vector<std::unique_ptr<Transport>> transports,
                   Alarm& alarm, const Clock& clock)
    : options_(options), alarm_(alarm), clock_(clock), transports_(std::move(transports)) {
  CHECK(!transports_.empty());
}

DbClient::~DbClient() = default;

void DbClient::read(std::string_view body, const CallOptions& options, Completion done) {
  begin(wire::Method::kDbRead, body, options, options_.timeout_ms, options_.unreachable_ms,
        std::move(done));
}

void DbClient::write(std::string_view body, const CallOptions& options, Completion done) {
  begin(wire::Method::kDbWrite, body, options, options_.timeout_ms, options_.unreachable_ms,
        std::move(done));
}

void DbClient::repeated(std::string_view body, const CallOptions& options, Completion done) {
  CallOptions newest = options;
  newest.consistency = wire::Consistency::kLinearizable;
  begin(wire::Method::kDbRepeated, body, newest, options_.timeout_ms, options_.unreachable_ms,
        std::move(done));
}

void DbClient::clear(std::string_view asker, const CallOptions& options, Completion done) {
  begin(wire::Method::kDbClear, asker, options, options_.timeout_ms, options_.unreachable_ms,
        std::move(done));
}

void DbClient::ping(uint32_t timeout_ms, Completion done) {
  begin(wire::Method::kPing, {}, {}, timeout_ms, 0, std::move(done));
}

void DbClient::begin(wire::Method method, std::string_view body, const CallOptions& options,
                     uint32_t timeout_ms, uint32_t patience_ms, Completion done) {
  if (in_flight_ >= options_.max_in_flight) {
    return done(fail(ErrorKind::kUnavailable,
                     "too many calls to the database: " + std::to_string(in_flight_)));
  }
  const size_t slot = take_slot();
  Call& call = *calls_[slot];
  call.keep(
      {method, options.consistency, 0, options.min_index, options.request_id, options.key, body});
  if (changes_data(method) && call.key.empty()) call.key = keys_.make(clock_.boot_ns());
  const int64_t now_ms = alarm_.now_ms();
  call.deadline_ms = now_ms + timeout_ms;
  call.patient_until_ms = now_ms + std::min(patience_ms, timeout_ms);
  call.pause_ms = options_.first_pause_ms;
  call.uncertain = false;
  call.done = std::move(done);
  attempt(slot);
}

size_t DbClient::take_slot() {
  ++in_flight_;
  if (free_.empty()) {
    calls_.push_back(std::make_unique<Call>());
    return calls_.size() - 1;
  }
  const size_t slot = free_.back();
  free_.pop_back();
  return slot;
}

Transport* DbClient::choose() {
  for (size_t i = 0; i < transports_.size(); ++i) {
    const size_t at = (current_ + i) % transports_.size();
    if (!transports_[at]->connected()) continue;
    current_ = at;
    return transports_[at].get();
  }
  return nullptr;
}

void DbClient::attempt(size_t slot) {
  Call& call = *calls_[slot];
  Transport* transport = choose();
  if (transport == nullptr) {
    return try_again(slot, false, fail(ErrorKind::kUnavailable, "the database cannot be reached"));
  }
  uint64_t left_ms =
      static_cast<uint64_t>(std::max<int64_t>(call.deadline_ms - alarm_.now_ms(), 1));
  if (transports_.size() > 1) left_ms = std::min<uint64_t>(left_ms, options_.try_ms);
  payload_.clear();
  wire::encode(call.with_budget(static_cast<uint32_t>(left_ms)), payload_);
  transport->call(payload_, left_ms, [this, slot](Result<std::string_view> outcome) {
    on_outcome(slot, std::move(outcome));
  });
}

void DbClient::on_outcome(size_t slot, Result<std::string_view> outcome) {
  if (outcome) {
    wire::Response response;
    if (wire::decode(*outcome, response)) return on_response(slot, response);
    return finish(slot, fail(ErrorKind::kBug, "an answer of the database is malformed"));
  }
  switch (outcome.error().kind) {
    case ErrorKind::kUnavailable:
    case ErrorKind::kBusy:
      current_ = (current_ + 1) % transports_.size();
      return try_again(slot, false, fail(std::move(outcome.error())));
    case ErrorKind::kUnknown:
    case ErrorKind::kTimeout:
      current_ = (current_ + 1) % transports_.size();
      return try_again(slot, true, fail(std::move(outcome.error())));
    default:
      return finish(slot, fail(std::move(outcome.error())));
  }
}

void DbClient::on_response(size_t slot, const wire::Response& response) {
  if (response.status != 503 && response.status != 504) {
    if (changes_data(calls_[slot]->method)) keys_.heard(response.index, clock_.boot_ns());
    return finish(slot, response);
  }
  // 503: nothing was done, perhaps because another rs-orch is the active one. 504: what rs-orch
  // waited for in vain may yet happen.
  current_ = (current_ + 1) % transports_.size();
  try_again(slot, response.status == 504, response);
}

// Another try after a pause, or, where no time is left for one, the outcome of this one. A write
// that may have been carried out keeps trying until its deadline, whatever later tries say; so does
// a read that got no answer, as it can do no harm.
void DbClient::try_again(size_t slot, bool uncertain, Result<wire::Response> otherwise) {
  Call& call = *calls_[slot];
  call.uncertain = call.uncertain || uncertain;
  const bool once = call.method == wire::Method::kPing;
  const int64_t until_ms = call.uncertain ? call.deadline_ms : call.patient_until_ms;
  const int64_t next_ms = alarm_.now_ms() + call.pause_ms;
  if (!once && next_ms < until_ms) {
    call.pause_ms = std::min(call.pause_ms * 2, options_.longest_pause_ms);
    const bool earliest = paused_.empty() || next_ms < paused_.begin()->first;
    paused_.emplace(next_ms, slot);
    if (earliest) alarm_.set(next_ms);
    return;
  }
  const bool says_nothing_done = otherwise ? otherwise->status == 503
                                           : otherwise.error().kind == ErrorKind::kUnavailable ||
                                                 otherwise.error().kind == ErrorKind::kBusy;
  if (changes_data(call.method) && call.uncertain && says_nothing_done) {
    return finish(slot, fail(ErrorKind::kUnknown,
                             "the outcome of the write is unknown: ask again with the same key"));
  }
  const bool no_answer = !otherwise && otherwise.error().kind == ErrorKind::kUnknown;
  if (wire::may_be_read_anywhere(call.method) && no_answer) {
    return finish(slot, fail(ErrorKind::kUnavailable, otherwise.error().message));
  }
  finish(slot, std::move(otherwise));
}

void DbClient::finish(size_t slot, Result<wire::Response> result) {
  // The slot is free before the completion runs, because that may begin the next call.
  Completion done = std::move(calls_[slot]->done);
  --in_flight_;
  free_.push_back(slot);
  done(std::move(result));
}

void DbClient::on_alarm() {
  const int64_t now_ms = alarm_.now_ms();
  std::vector<size_t> due;
  while (!paused_.empty() && paused_.begin()->first <= now_ms) {
    due.push_back(paused_.begin()->second);
    paused_.erase(paused_.begin());
  }
  for (const size_t slot : due) attempt(slot);
  if (!paused_.empty()) alarm_.set(paused_.begin()->first);
}

}  // namespace tandem::rideshare
