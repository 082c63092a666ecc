#include "store/subscription.h"

#include <algorithm>

#include "base/log.h"
#include "toys/subscriptions.h"
#include "wire/envelope.h"
#include "wire/error_body.h"

namespace tandem::store {
namespace {

constexpr std::string_view kNoReason = "a replica's answer makes no sense";
constexpr uint64_t kFirstPauseMs = 5;
constexpr uint64_t kLongestPauseMs = 100;
constexpr uint64_t kTooManyFrontsPauseMs = 1000;
constexpr uint64_t kNoLeaderPauseMs = 100;

}  // namespace

Subscription::Subscription(const Options& options, const Time& time, Operator& people,
                           toys::ProductCache& cache, CatalogLeader& leader)
    : options_(options),
      time_(time),
      people_(people),
      cache_(cache),
      leader_(leader),
      pause_ms_(kFirstPauseMs),
      next_(time.timers.make([this] { poll(); })) {}

void Subscription::start() {
  started_ = options_.enabled;
  if (started_) poll();
}

void Subscription::stop() {
  started_ = false;
  ++poll_;
  next_->stop();
}

void Subscription::leader_changed() {
  if (!started_ || leader_.session() == session_) return;
  pause_ms_ = kFirstPauseMs;
  poll();
}

// One that gets no answer at all is followed by another when its time is over.
void Subscription::poll() {
  ++poll_;
  session_ = leader_.session();
  if (session_ == 0) {
    next_->start(kNoLeaderPauseMs, 0);
    return;
  }
  next_->start(options_.poll_timeout_ms, 0);
  // The lease runs from here: nothing may come between this look at the clock and the call.
  const std::string body = toys::to_json(cache_.begin_poll(time_.clock.boot_ns()));
  wire::Request request;
  request.method = wire::Method::kCatalogPoll;
  request.budget_ms = static_cast<uint32_t>(options_.poll_timeout_ms);
  request.body = body;
  payload_.clear();
  wire::encode(request, payload_);
  leader_.call(
      payload_, options_.poll_timeout_ms,
      [this, number = poll_](const Result<std::string_view>& answer) { answered(number, answer); });
}

void Subscription::answered(uint64_t poll, const Result<std::string_view>& answer) {
  if (poll != poll_) return;
  const Status taken = take(answer);
  tell(taken);
  if (taken) {
    pause_ms_ = kFirstPauseMs;
    this->poll();
    return;
  }
  ++poll_;
  const bool too_many = taken.error().kind == ErrorKind::kBusy;
  next_->start(too_many ? kTooManyFrontsPauseMs : pause_ms_, 0);
  pause_ms_ = std::min(2 * pause_ms_, kLongestPauseMs);
}

Status Subscription::take(const Result<std::string_view>& answer) {
  if (!answer) return fail(answer.error());
  wire::Response response;
  if (!wire::decode(*answer, response)) return fail(ErrorKind::kBug, "the answer is malformed");
  if (response.status != 200) {
    const bool too_many = response.status == 429;
    return fail(too_many ? ErrorKind::kBusy : ErrorKind::kUnavailable,
                wire::error_message_in(response.body).value_or(std::string(kNoReason)));
  }
  const auto push = toys::parse_push(response.body);
  if (!push) return fail(push.error());
  cache_.pushed(*push, time_.clock.boot_ns());
  return {};
}

// A failover is told in two lines, whatever is tried in between.
void Subscription::tell(const Status& taken) {
  if (taken && !told_good_) {
    people_.tell(log::Level::kInfo, "subscribed to the catalog: products are cached", {});
  } else if (!taken && !told_bad_) {
    people_.tell(log::Level::kInfo, "not subscribed to the catalog: products are not cached",
                 {{"error", taken.error().message}});
  }
  told_good_ = taken.has_value();
  told_bad_ = !told_good_;
}

}  // namespace tandem::store
