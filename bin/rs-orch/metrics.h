// What rs-orch shows on /metrics beside its HTTP requests.
#pragma once

#include <cstdint>
#include <map>

#include "base/function.h"
#include "daemon/metrics.h"
#include "orchestrator.h"

namespace tandem::orch {

class OrchMetrics {
 public:
  // Both outlive this, and this outlives the last text() of `metrics`.
  OrchMetrics(daemon::Metrics& metrics, Orchestrator& orchestrator);

  // Asks the workers for theirs, then calls back.
  void collect(UniqueFunction<void()> done);

 private:
  void update();

  daemon::Metrics& metrics_;
  Orchestrator& orchestrator_;
  daemon::Gauge workers_;
  daemon::Gauge slaves_wanted_;
  daemon::Gauge in_sync_;
  daemon::Gauge epoch_;
  daemon::Gauge open_;
  daemon::Gauge active_;
  daemon::Gauge in_flight_;
  daemon::Gauge window_reads_;
};

}  // namespace tandem::orch
