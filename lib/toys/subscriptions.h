// The catalog's side of the fronts' caches: which fronts hold a lease, what they have still to hear
// of, and whether the answer to a change may go out. Pure: time comes with each call (ns, boot
// clock of the catalog's leader).
//
// A front polls (it has one poll under way at a time) and is answered with the invalidations that
// it has not acknowledged, at once where there are some, after heartbeat_ns at the latest. Each
// answer extends its lease, which the front counts from when it sent the poll and the catalog from
// when the poll came in: the catalog's count ends later. A change is answered when every front with
// a lease has acknowledged its invalidation, or no longer has one.
//
// A new leader does not know which fronts its predecessor granted leases to: it answers no change
// until a whole lease length after its promise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tandem::toys {

// front → catalog.
struct Poll {
  uint64_t front = 0;         // random id of the front's process
  uint64_t subscription = 0;  // 0: none
  uint64_t acknowledged = 0;  // every invalidation up to this sequence number was carried out
  int64_t stamp_ns = 0;       // the front's boot clock when it sent this
};
// catalog → front.
struct Invalidation {
  uint64_t sequence = 0;  // rises by one within a subscription
  std::string name;       // empty: everything
  uint64_t version = 0;
  bool operator==(const Invalidation&) const = default;
};
struct Push {
  uint64_t subscription = 0;
  bool fresh = false;    // begins with this answer: nothing is known of what was before
  int64_t stamp_ns = 0;  // of the poll
  int64_t lease_ns = 0;  // from stamp_ns; 0: none
  std::vector<Invalidation> invalidations;  // all that are not acknowledged, in order
};

std::string to_json(const Poll& poll);
std::string to_json(const Push& push);
Result<Poll> parse_poll(std::string_view body);
Result<Push> parse_push(std::string_view body);

struct SubscriptionOptions {
  int64_t lease_ns = 150'000'000;
  int64_t heartbeat_ns = 50'000'000;
  size_t max_fronts = 64;
  size_t max_unacknowledged = 1024;  // more become one "everything"
};

class Subscriptions {
 public:
  // `first_id` is random: subscription ids of two leaders are never the same.
  Subscriptions(const SubscriptionOptions& options, uint64_t first_id);

  // This replica has become leader; it promised its epoch at `promised_at` or before.
  void start(int64_t promised_at);
  // It is no leader any more: nothing that it would answer counts.
  void stop();
  bool started() const { return started_; }

  // A toy was changed by an entry that was applied. The barrier of whoever waits for an answer is
  // the value of latest() after that.
  void changed(std::string_view name, uint64_t version);
  uint64_t latest() const { return latest_; }
  // Whether everything up to this barrier is acknowledged, or the leases of those who did not are
  // out, and no lease that an earlier leader granted can run.
  bool acknowledged(uint64_t barrier, int64_t now);

  // A poll came in at `received`. kBusy: too many fronts. Where an earlier poll of this front
  // waits, this one takes its place: the owner answers that one with an error.
  Status poll(const Poll& poll, int64_t received);
  // The fronts whose waiting poll is to be answered now.
  std::vector<uint64_t> due(int64_t now) const;
  // When a waiting poll is to be answered at the latest; INT64_MAX: none waits.
  int64_t next_beat() const;
  // The answer to the waiting poll of this front. `lease_until`: of the leader itself, on the same
  // clock; no grant ends later. REQUIRES: a poll of it waits.
  Push answer(uint64_t front, int64_t now, int64_t lease_until);
  size_t fronts() const { return fronts_.size(); }

 private:
  struct Pending {
    uint64_t barrier = 0;  // latest() of the change
    int64_t sent_ns = 0;   // when it first left with an answer; 0: has not
    Invalidation invalidation;
  };
  struct Front {
    uint64_t subscription = 0;
    bool fresh = true;
    uint64_t last_sequence = 0;
    std::deque<Pending> pending;  // not acknowledged
    int64_t lease_until = 0;      // kept when it subscribes anew: it may still serve under it
    bool waits = false;
    int64_t stamp_ns = 0;
    int64_t received = 0;
  };
  void add_pending(Front& front, uint64_t barrier, std::string_view name, uint64_t version);
  void subscribe(Front& front, int64_t now);
  bool make_room(int64_t now);

  const SubscriptionOptions options_;
  uint64_t next_id_;
  bool started_ = false;
  int64_t answers_from_ = 0;
  uint64_t latest_ = 0;
  std::map<uint64_t, Front> fronts_;
};

}  // namespace tandem::toys
