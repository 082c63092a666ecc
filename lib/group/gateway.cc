#include "group/gateway.h"

#include <algorithm>
#include <set>
#include <utility>

#include "repl/exactly_once.h"
#include "repl/planted.h"
#include "wire/error_body.h"
#include "wire/json.h"

namespace tandem::group {

using repl::Bug;

namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr uint64_t kRetryMs = 5;
constexpr int64_t kMaxPauseMs = 100;  // of a call that is refused again and again
constexpr uint64_t kWatchMs = 50;
constexpr int64_t kPatienceMs = 100;        // with a replica that has gone quiet
constexpr int64_t kFollowerBudgetMs = 500;  // of a read that waits at a follower
// Of bodies on the way to one replica: what a controller asks it goes the same way, behind them.
constexpr size_t kMaxBytesToReplica = size_t{2} << 20;
constexpr size_t kKeepBytes = 4096;  // a free slot keeps a small body's memory, no big one's

// Of an error object; empty where it is none.
std::string message_of(std::string_view body) {
  const auto json = wire::parse_json(body);
  const wire::Json* error = json ? json->find("error") : nullptr;
  const wire::Json* message = error != nullptr ? error->find("message") : nullptr;
  const std::string* text = message != nullptr ? message->as_string() : nullptr;
  return text != nullptr ? *text : std::string();
}

}  // namespace

Gateway::Gateway(const Time& time, Targets& targets, Options options,
                 std::function<uint64_t()> random)
    : time_(time),
      targets_(targets),
      options_(options),
      keys_(std::move(random)),
      retry_(time.timers.make([this] { try_waiting(); })),
      watch_(time.timers.make([this] { turn_from_quiet_replicas(); })) {}

int64_t Gateway::now_ms() const { return time_.clock.boot_ns() / kNsPerMs; }

size_t Gateway::take_slot() {
  if (free_.empty()) {
    calls_.emplace_back();
    return calls_.size() - 1;
  }
  const size_t slot = free_.back();
  free_.pop_back();
  return slot;
}

void Gateway::submit(const wire::Request& request, Done done, repl::ReplicaId replica) {
  if (in_flight_ >= options_.max_in_flight) {
    const std::string body = wire::error_body(503, "too many requests are in flight");
    done(wire::Response{503, 0, body});
    return;
  }
  const size_t slot = take_slot();
  ++in_flight_;
  Call& call = calls_[slot];
  call.used = true;
  call.keep(request);
  call.only = replica;
  if (call.consistency == wire::Consistency::kDefault) call.consistency = options_.consistency;
  if (call.key.empty() && !call.is_read()) call.key = keys_.make(time_.clock.boot_ns());
  const uint32_t budget_ms = request.budget_ms == 0
                                 ? options_.timeout_ms
                                 : std::min(request.budget_ms, options_.timeout_ms);
  call.since_ns = time_.clock.boot_ns();
  call.deadline_ms = call.since_ns / kNsPerMs + budget_ms;
  call.may_be_done = call.no_space = call.follower_could_not = false;
  call.busy = 0;
  call.sent = 0;
  call.again_ms = call.pause_ms = 0;
  call.refusal.clear();
  call.done = std::move(done);
  attempt(slot);
}

// Writes go to the leader, and the question whether one was done. Other reads go to the followers
// in turn, those that neither lag nor are quiet where there are such, and to the leader only where
// there is no follower, or where one could not answer: it may be cut off from the leader, and the
// others with it.
repl::ReplicaId Gateway::choose(const Call& call) {
  const repl::ReplicaId leader = targets_.leader();
  if (call.only != 0) return targets_.connected(call.only) ? call.only : 0;
  const bool leads = targets_.leader_open() && !targets_.quiet(leader);
  if (wire::may_be_read_anywhere(call.method) && !(call.follower_could_not && leads)) {
    candidates_.clear();
    others_.clear();
    targets_.list(listed_);
    for (const Targets::Target& target : listed_) {
      if (target.id == leader || target.id == call.busy || !target.connected) continue;
      const bool good = !target.quiet && target.keeps_up;
      (good ? candidates_ : others_).push_back(target.id);
    }
    if (!candidates_.empty()) return candidates_[round_robin_++ % candidates_.size()];
    if (!others_.empty() && !leads) return others_[round_robin_++ % others_.size()];
  }
  return targets_.leader_open() && targets_.connected(leader) ? leader : 0;
}

void Gateway::attempt(size_t slot) {
  Call& call = calls_[slot];
  const int64_t left_ms = call.deadline_ms - now_ms();
  if (left_ms <= 0) {
    give_up(slot);
    return;
  }
  const repl::ReplicaId replica = choose(call);
  if (replica == 0) {
    wait_for_replica(slot);
    return;
  }
  size_t& on_the_way = bytes_to_[replica];
  if (on_the_way > 0 && on_the_way + call.body.size() > kMaxBytesToReplica) {
    wait_for_replica(slot);
    return;
  }
  on_the_way += call.body.size();
  call.target = replica;
  call.sent_ms = now_ms();
  ++call.attempt;
  ++call.sent;
  if (!watch_->active()) watch_->start(kWatchMs, kWatchMs);
  const bool elsewhere = call.is_read() && call.only == 0 && call.target != targets_.leader();
  const int64_t budget_ms = elsewhere ? std::min(left_ms, kFollowerBudgetMs) : left_ms;
  wire::Request request = call.with_budget(static_cast<uint32_t>(budget_ms));
  std::string another;
  if (planted(Bug::kRetryWithAnotherKey) && !call.is_read() && call.sent > 1) {
    another = keys_.make(time_.clock.boot_ns());
    request.key = another;
  }
  payload_.clear();
  wire::encode(request, payload_);
  targets_.call(replica, payload_, static_cast<uint64_t>(left_ms),
                [this, slot, attempt = call.attempt](Result<std::string_view> outcome) {
                  on_outcome(slot, attempt, std::move(outcome));
                });
}

void Gateway::on_outcome(size_t slot, uint32_t attempt, Result<std::string_view> outcome) {
  Call& call = calls_[slot];
  const bool late = call.attempt != attempt && !planted(Bug::kOutcomeOfAnother);
  if (!call.used || late) return;
  wire::Response response;
  if (outcome && wire::decode(*outcome, response)) {
    // 503: nothing was done; 504: not known. A full disk (507) is an answer only where no earlier
    // attempt may have been carried out, and no other replica is there to lead instead. Everything
    // else is the answer.
    call.no_space = response.status == 507;
    if (response.status == 429 && call.is_read()) return on_busy(slot);
    // Keys are forgotten in minutes or hours: whoever waits for that should know it.
    const bool too_many_keys = response.status == 503 && !call.may_be_done &&
                               response.body.find(repl::kTooManyKeys) != std::string_view::npos;
    const bool believes = planted(Bug::kBelieveAnyRefusal) && call.may_be_done;
    const bool has_done = call.may_be_done && !planted(Bug::kNoSpaceAnswers);
    const bool again = (response.status == 503 && !too_many_keys && !believes) ||
                       response.status == 504 ||
                       (call.no_space && (has_done || targets_.another_has_space()));
    if (!again) {
      if (counts_as_served(call)) targets_.read_served(call.target);
      keep_large_body(call, response);
      finish(slot, response);
      return;
    }
    if (response.status == 504) call.may_be_done = !planted(Bug::kForgetMayBeDone);
    call.refusal = response.body;
    call.follower_could_not = call.target != targets_.leader();
  } else if (!outcome && outcome.error().kind == ErrorKind::kTooLarge) {
    finish_with_error(slot, 413, outcome.error().message);
    return;
  } else if (dropped_for_room(call, outcome)) {
    return on_busy(slot);
  } else {
    if (outcome || outcome.error().kind != ErrorKind::kUnavailable) {
      call.may_be_done = !planted(Bug::kForgetMayBeDone);
    }
    // The last try may have had no time left: what a replica said before tells more.
    if (!outcome && call.refusal.empty()) {
      call.refusal = wire::error_body(503, outcome.error().message);
    }
  }
  pause(call);
  wait_for_replica(slot);
}

// At first it goes to another one soon. Where all refuse it, it is not their work to say so again
// and again: a replica that waits for its tables, or for a leader, does so for seconds.
void Gateway::pause(Call& call) {
  call.again_ms = now_ms() + call.pause_ms;
  call.pause_ms = std::clamp(2 * call.pause_ms, int64_t{kRetryMs}, kMaxPauseMs);
}

bool Gateway::counts_as_served(const Call& call) {
  return call.is_read() && call.method != wire::Method::kExportPart;
}

// It is handed on as it came.
void Gateway::keep_large_body(const Call& call, wire::Response& response) {
  if (response.body.size() < SharedBytes::kWorthSharing) return;
  SharedBytes kept = targets_.keep(call.target, response.body);
  if (kept.empty()) return;
  response.shared_body = std::move(kept);
  response.body = response.shared_body.view();
}

// A replica that is still there has answered a read, and too many answers were on the way.
bool Gateway::dropped_for_room(const Call& call, const Result<std::string_view>& outcome) const {
  if (outcome || outcome.error().kind != ErrorKind::kUnknown || !call.is_read()) return false;
  return targets_.connected(call.target);
}

// Its work is not done again and again by all of them: one more is asked.
void Gateway::on_busy(size_t slot) {
  Call& call = calls_[slot];
  if (call.busy != 0 || call.only != 0) {
    finish_with_error(slot, 503, "the replicas are busy with large reads: ask again later");
    return;
  }
  call.busy = call.target;
  wait_for_replica(slot);
}

// It has answered, or is not waited for any more.
void Gateway::leave_target(Call& call) {
  if (call.target != 0) bytes_to_[call.target] -= call.body.size();
  call.target = 0;
}

void Gateway::wait_for_replica(size_t slot) {
  leave_target(calls_[slot]);
  ++calls_[slot].attempt;
  waiting_.push_back(slot);
  if (!retry_->active()) retry_->start(kRetryMs, kRetryMs);
}

void Gateway::try_waiting() {
  std::vector<size_t> waiting = std::exchange(waiting_, {});
  const int64_t now = now_ms();
  for (const size_t slot : waiting) {
    const Call& call = calls_[slot];
    const bool pauses = std::min(call.again_ms, call.deadline_ms) > now;
    pauses ? waiting_.push_back(slot) : attempt(slot);
  }
  if (waiting_.empty()) retry_->stop();
}

// A replica that is stopped or cut off holds its connection and says nothing: reads go elsewhere.
// (Writes wait for the leader that is chosen in its place.)
void Gateway::turn_from_quiet_replicas() {
  if (in_flight_ == 0) {
    watch_->stop();
    return;
  }
  std::set<repl::ReplicaId> quiet;
  targets_.list(listed_);
  for (const Targets::Target& target : listed_) {
    if (target.quiet) quiet.insert(target.id);
  }
  if (quiet.empty() || quiet.size() == listed_.size()) return;
  for (size_t slot = 0; slot < calls_.size(); ++slot) {
    const Call& call = calls_[slot];
    if (!call.used || !call.is_read() || call.only != 0 || !quiet.contains(call.target)) continue;
    if (now_ms() - call.sent_ms >= kPatienceMs) wait_for_replica(slot);
  }
}

void Gateway::leader_changed() {
  const repl::ReplicaId leader = targets_.leader();
  if (leader != last_leader_) {
    // A former leader may be stopped, not dead: nothing comes from it for long.
    if (last_leader_ != 0) replica_gone(last_leader_);
    last_leader_ = leader;
  }
  for (const size_t slot : waiting_) calls_[slot].again_ms = calls_[slot].pause_ms = 0;
  try_waiting();
}

void Gateway::replica_gone(repl::ReplicaId id) {
  for (size_t slot = 0; slot < calls_.size(); ++slot) {
    Call& call = calls_[slot];
    if (!call.used || call.target != id) continue;
    if (!call.is_read() && !planted(Bug::kGoneIsRefused)) call.may_be_done = true;
    wait_for_replica(slot);
  }
}

void Gateway::give_up(size_t slot) {
  const Call& call = calls_[slot];
  const std::string leader(targets_.leader_noun());
  if (call.is_read()) {
    const std::string why = message_of(call.refusal);
    finish_with_error(slot, 503,
                      "no replica could answer in time" + (why.empty() ? "" : ": " + why));
  } else if (call.may_be_done) {
    finish_with_error(slot, 504,
                      "the outcome of the write is unknown: ask again with the same "
                      "Idempotency-Key");
  } else if (call.no_space) {
    finish_with_error(slot, 507,
                      "no space left on the disk of the " + leader + ": nothing was done");
  } else {
    finish_with_error(slot, 503, "there is no " + leader + " that takes writes: nothing was done");
  }
}

void Gateway::finish_with_error(size_t slot, uint16_t status, std::string_view message) {
  const std::string body = wire::error_body(status, message);
  finish(slot, wire::Response{status, 0, body});
}

void Gateway::finish(size_t slot, const wire::Response& response) {
  Call& call = calls_[slot];
  tell_end(call, response.status);
  Done done = std::move(call.done);
  if (!call.is_read()) keys_.heard(response.index, time_.clock.boot_ns());
  call.used = false;
  leave_target(call);
  if (call.body.capacity() > kKeepBytes) call.body = std::string();
  ++call.attempt;
  free_.push_back(slot);
  --in_flight_;
  done(response);
}

void Gateway::tell_end(const Call& call, uint16_t status) {
  Targets::Ended ended;
  ended.method = call.method;
  ended.replica = call.target;
  ended.attempts = call.sent;
  ended.status = status;
  ended.took_ns = time_.clock.boot_ns() - call.since_ns;
  ended.request_id = call.request_id;
  targets_.ended(ended);
}

void Gateway::fail_all() {
  for (size_t slot = 0; slot < calls_.size(); ++slot) {
    if (calls_[slot].used) give_up(slot);
  }
  waiting_.clear();
  retry_->stop();
}

}  // namespace tandem::group
