#include "toys/subscriptions.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/ids.h"
#include "toys/fields.h"
#include "toys/planted.h"
#include "wire/json.h"
#include "wire/request_object.h"

namespace tandem::toys {

using wire::Json;

namespace {

constexpr int64_t kLongestLeaseNs = 60'000'000'000;  // a longer one is a mistake

}  // namespace

// --- the two messages ---

std::string to_json(const Poll& poll) {
  Json json;
  json.set("front", hex_id(poll.front));
  json.set("subscription", hex_id(poll.subscription));
  json.set("acknowledged", poll.acknowledged);
  json.set("stamp_ns", poll.stamp_ns);
  return json.dump();
}

std::string to_json(const Push& push) {
  Json::Array invalidations;
  for (const Invalidation& item : push.invalidations) {
    Json json;
    json.set("sequence", item.sequence);
    json.set("name", item.name);
    json.set("version", item.version);
    invalidations.push_back(std::move(json));
  }
  Json json;
  json.set("subscription", hex_id(push.subscription));
  json.set("fresh", push.fresh);
  json.set("stamp_ns", push.stamp_ns);
  json.set("lease_ns", push.lease_ns);
  json.set("invalidations", std::move(invalidations));
  return json.dump();
}

Result<Poll> parse_poll(std::string_view body) {
  return read_fields(wire::parse_request_object(body), [](Fields& in) {
    return Poll{in.id("front"), in.id("subscription"), in.counter("acknowledged"),
                in.integer("stamp_ns", 0, INT64_MAX)};
  });
}

Result<Push> parse_push(std::string_view body) {
  const auto object = wire::parse_object(body);
  if (!object) return fail(object.error());
  Fields in(*object);
  Push push;
  push.subscription = in.id("subscription");
  push.fresh = in.boolean("fresh");
  push.stamp_ns = in.integer("stamp_ns", 0, INT64_MAX);
  push.lease_ns = in.integer("lease_ns", 0, kLongestLeaseNs);
  for (const Json& item : in.array("invalidations")) {
    Fields of(item);
    push.invalidations.push_back({of.counter("sequence"), of.text("name"), of.counter("version")});
    if (!of.ok()) return fail(of.error());
  }
  if (!in.ok()) return fail(in.error());
  return push;
}

// --- the fronts ---

Subscriptions::Subscriptions(const SubscriptionOptions& options, uint64_t first_id)
    : options_(options), next_id_(std::max<uint64_t>(1, first_id)) {}

void Subscriptions::start(int64_t promised_at) {
  fronts_.clear();
  started_ = true;
  answers_from_ = promised_at + options_.lease_ns;
}

void Subscriptions::stop() {
  started_ = false;
  fronts_.clear();
}

void Subscriptions::add_pending(Front& front, uint64_t barrier, std::string_view name,
                                uint64_t version) {
  Pending pending{barrier, 0, {++front.last_sequence, std::string(name), version}};
  if (front.pending.size() >= options_.max_unacknowledged) {
    if (planted(Bug::kForgetOverflow)) return;
    // One stands for all: whoever waits for the oldest waits for it.
    pending.barrier = front.pending.front().barrier;
    pending.sent_ns = front.pending.front().sent_ns;
    pending.invalidation.name.clear();
    front.pending.clear();
  }
  front.pending.push_back(std::move(pending));
}

void Subscriptions::changed(std::string_view name, uint64_t version) {
  if (!started_) return;
  ++latest_;
  for (auto& [id, front] : fronts_) add_pending(front, latest_, name, version);
}

bool Subscriptions::acknowledged(uint64_t barrier, int64_t now) {
  if (!started_) return false;
  if (now < answers_from_ && !planted(Bug::kNewLeaderAnswers)) return false;
  if (planted(Bug::kAnswerUnheard)) return true;
  bool all = true;
  for (auto it = fronts_.begin(); it != fronts_.end();) {
    const Front& front = it->second;
    const bool owes = !front.pending.empty() && front.pending.front().barrier <= barrier;
    const bool leased = front.lease_until > now;
    if (owes && !leased && planted(Bug::kKeepExpired)) {
      it->second.pending.clear();
    } else if (owes && !leased && !front.waits) {
      it = fronts_.erase(it);  // what it has missed is gone with it: it begins anew
      continue;
    }
    if (owes && leased) all = false;
    ++it;
  }
  return all;
}

// Until the front hears of its new subscription it may serve from its cache under the lease that it
// has: what it owes now stays owed, as one "everything".
void Subscriptions::subscribe(Front& front, int64_t now) {
  Pending everything{latest_ + 1, 0, {1, {}, 0}};
  if (!front.pending.empty() && front.lease_until > now) {
    everything.barrier = front.pending.front().barrier;
    everything.sent_ns = front.pending.front().sent_ns;
  }
  front.subscription = next_id_++;
  if (next_id_ == 0) next_id_ = 1;
  front.fresh = true;
  front.last_sequence = 1;
  front.pending.clear();
  front.pending.push_back(std::move(everything));
}

bool Subscriptions::make_room(int64_t now) {
  if (fronts_.size() < options_.max_fronts) return true;
  const auto gone = std::find_if(fronts_.begin(), fronts_.end(), [now](const auto& entry) {
    return entry.second.lease_until <= now && !entry.second.waits;
  });
  if (gone == fronts_.end()) return false;
  fronts_.erase(gone);
  return true;
}

Status Subscriptions::poll(const Poll& poll, int64_t received) {
  CHECK(started_);
  auto it = fronts_.find(poll.front);
  if (it == fronts_.end()) {
    if (!make_room(received)) return fail(ErrorKind::kBusy, "too many fronts");
    it = fronts_.emplace(poll.front, Front{}).first;
  }
  Front& front = it->second;
  if (front.subscription != poll.subscription || front.subscription == 0 ||
      poll.acknowledged > front.last_sequence) {
    subscribe(front, received);
  } else {
    front.fresh = false;
    while (!front.pending.empty() &&
           front.pending.front().invalidation.sequence <= poll.acknowledged) {
      front.pending.pop_front();
    }
  }
  front.waits = true;
  front.stamp_ns = poll.stamp_ns;
  front.received = received;
  return {};
}

std::vector<uint64_t> Subscriptions::due(int64_t now) const {
  std::vector<uint64_t> due;
  for (const auto& [id, front] : fronts_) {
    const bool beat = now - front.received >= options_.heartbeat_ns;
    if (front.waits && (beat || !front.pending.empty())) due.push_back(id);
  }
  return due;
}

int64_t Subscriptions::next_beat() const {
  int64_t next = INT64_MAX;
  for (const auto& [id, front] : fronts_) {
    if (front.waits) next = std::min(next, front.received + options_.heartbeat_ns);
  }
  return next;
}

Push Subscriptions::answer(uint64_t front_id, int64_t now, int64_t lease_until) {
  const auto it = fronts_.find(front_id);
  CHECK(it != fronts_.end() && it->second.waits);
  Front& front = it->second;
  Push push;
  push.subscription = front.subscription;
  push.fresh = front.fresh;
  push.stamp_ns = front.stamp_ns;
  int64_t until = front.received + options_.lease_ns;
  if (!planted(Bug::kGrantBeyondLease)) until = std::min(until, lease_until);
  if (!front.pending.empty() && front.pending.front().sent_ns != 0) {
    // It was told before and polls again without having heard: changes wait for it no longer than
    // they would if it were dead.
    until = std::min(until, front.pending.front().sent_ns + options_.lease_ns);
  }
  push.lease_ns = std::max<int64_t>(0, until - front.received);
  front.lease_until = std::max(front.lease_until, front.received + push.lease_ns);
  for (Pending& pending : front.pending) {
    if (pending.sent_ns == 0) pending.sent_ns = now;
    push.invalidations.push_back(pending.invalidation);
  }
  if (planted(Bug::kForgetUnheard)) front.pending.clear();
  front.waits = false;
  return push;
}

}  // namespace tandem::toys
