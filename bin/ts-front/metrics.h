// What ts-front shows on /metrics beside its HTTP requests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "daemon/metrics.h"
#include "group/group_metrics.h"
#include "handlers.h"
#include "store.h"
#include "toys/product_cache.h"

namespace tandem::front {

class FrontMetrics {
 public:
  // All of them outlive this, and this outlives the last text() of `metrics`.
  FrontMetrics(daemon::Metrics& metrics, const Clock& clock, const toys::ProductCache& cache,
               const Handlers& handlers, Store& store);

  // Asks the replicas for theirs, then calls back.
  void collect(UniqueFunction<void()> done);

 private:
  // A counter that follows a figure kept elsewhere.
  struct Follower {
    daemon::Counter counter;
    const uint64_t& figure;
    uint64_t counted = 0;
  };
  void follow(const std::string& name, const std::string& help, const uint64_t& figure,
              const daemon::Labels& labels = {});
  void update();

  daemon::Metrics& metrics_;
  const Clock& clock_;
  const toys::ProductCache& cache_;
  Store& store_;
  std::vector<Follower> followers_;
  group::GroupMetrics orders_;
  group::GroupMetrics catalog_;
  daemon::Gauge products_;
  daemon::Gauge lease_;
  daemon::Gauge active_;
};

}  // namespace tandem::front
