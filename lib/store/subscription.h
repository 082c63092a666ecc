// The front's side of invalidation: keeps one poll under way to the leader of the catalog for as
// long as there is one, and tells the cache what comes back. A poll that is answered is followed by
// the next at once, which acknowledges what the answer said; a change at the catalog waits for
// that.
//
// A poll belongs to one session of a leader and goes straight to it: the gateway's retries would
// give it to whoever leads next, whose subscriptions are others. Pure: the simulator runs this very
// code.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "store/surroundings.h"
#include "toys/product_cache.h"

namespace tandem::store {

// The leader of the catalog, as far as this front can tell.
class CatalogLeader {
 public:
  using Completion = UniqueFunction<void(Result<std::string_view>)>;

  virtual ~CatalogLeader() = default;
  // Of a leader that takes writes and can be reached; 0: there is none.
  virtual uint64_t session() const = 0;
  // Asks it. REQUIRES: session() is not 0. `done` is called at most once, never from inside the
  // call; not at all where the link is given up.
  virtual void call(std::string_view payload, uint64_t timeout_ms, Completion done) = 0;
};

class Subscription {
 public:
  struct Options {
    bool enabled = true;  // a cache that is off is not subscribed for: changes would wait for it
    // The catalog answers within 50 ms; without an answer the poll, or what was to come back, is
    // lost.
    uint64_t poll_timeout_ms = 500;
  };

  // All of them outlive this.
  Subscription(const Options& options, const Time& time, Operator& people,
               toys::ProductCache& cache, CatalogLeader& leader);

  // To be called whenever leader.session() may have changed.
  void leader_changed();

  void start();
  void stop();

 private:
  void poll();
  void answered(uint64_t poll, const Result<std::string_view>& answer);
  Status take(const Result<std::string_view>& answer);
  void tell(const Status& taken);

  const Options options_;
  const Time time_;
  Operator& people_;
  toys::ProductCache& cache_;
  CatalogLeader& leader_;
  bool started_ = false;
  uint64_t session_ = 0;  // to which polls go
  uint64_t poll_ = 0;     // the one under way; the answer to an earlier one is ignored
  uint64_t pause_ms_ = 0;
  bool told_good_ = false;  // what the log says last
  bool told_bad_ = false;
  std::string payload_;
  const std::unique_ptr<Timer> next_;
};

}  // namespace tandem::store
