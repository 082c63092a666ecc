// What rs-orch shows on /metrics beside its HTTP requests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "daemon/metrics.h"
#include "group/call_stats.h"
#include "group/group_metrics.h"
#include "orchestrator.h"

namespace tandem::orch {

class OrchMetrics {
 public:
  // Both outlive this, and this outlives the last text() of `metrics`.
  OrchMetrics(daemon::Metrics& metrics, Orchestrator& orchestrator);

  // Asks the workers for theirs, then calls back.
  void collect(UniqueFunction<void()> done) { group_.collect(std::move(done)); }

 private:
  void update();
  daemon::Counter deaths_of(const std::string& cause);
  void ended(group::CallStats::Kind kind, int status, int64_t us);

  daemon::Metrics& metrics_;
  Orchestrator& orchestrator_;
  group::GroupMetrics group_;
  daemon::Gauge workers_;
  daemon::Gauge slaves_wanted_;
  daemon::Gauge active_;
  daemon::Gauge window_reads_;
  std::vector<daemon::Histogram> requests_;  // reads by outcome, then writes
};

}  // namespace tandem::orch
