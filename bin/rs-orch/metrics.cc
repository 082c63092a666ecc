#include "metrics.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "worker_info.h"

namespace tandem::orch {

OrchMetrics::OrchMetrics(daemon::Metrics& metrics, Orchestrator& orchestrator)
    : metrics_(metrics),
      orchestrator_(orchestrator),
      workers_(metrics.gauge("tandem_workers", "living worker processes")),
      slaves_wanted_(metrics.gauge("tandem_slaves_wanted", "slaves that scaling asks for")),
      in_sync_(metrics.gauge("tandem_in_sync", "members of the in-sync set")),
      epoch_(metrics.gauge("tandem_epoch", "epoch of the present master")),
      open_(metrics.gauge("tandem_master_open", "1 where the master takes writes")),
      active_(metrics.gauge("tandem_active", "1 where this orchestrator is the active one")),
      in_flight_(metrics.gauge("tandem_requests_in_flight", "database requests without an answer")),
      window_reads_(metrics.gauge("tandem_window_reads", "reads counted in the present window")) {
  metrics.before_text([this] { update(); });
}

void OrchMetrics::collect(UniqueFunction<void()> done) {
  ask_workers(
      orchestrator_,
      [this](const group::ReplicaLink& worker, const wire::Json* told) {
        const auto number = [&](const char* name) -> const int64_t* {
          const wire::Json* found = told == nullptr ? nullptr : told->find(name);
          return found == nullptr ? nullptr : found->as_int();
        };
        const daemon::Labels labels{{"worker", std::to_string(worker.member.id)}};
        if (const int64_t* stall = number("loop_stall_us")) {
          metrics_
              .gauge("tandem_worker_loop_stall_seconds",
                     "the longest turn of a worker's event loop in the last minutes", labels)
              .set(static_cast<double>(*stall) / 1e6);
        }
        const int64_t* committed = number("commit_index");
        const int64_t* applied = number("applied_index");
        if (committed != nullptr && applied != nullptr) {
          metrics_
              .gauge("tandem_worker_apply_lag_entries",
                     "committed entries that a worker's tables do not have yet", labels)
              .set(static_cast<double>(std::max<int64_t>(0, *committed - *applied)));
        }
      },
      std::move(done));
}

void OrchMetrics::update() {
  const auto& record = orchestrator_.leadership().record();
  workers_.set(static_cast<double>(orchestrator_.pids().size()));
  slaves_wanted_.set(orchestrator_.fleet().slaves());
  in_sync_.set(record ? static_cast<double>(record->in_sync.size()) : 0);
  epoch_.set(record ? static_cast<double>(record->epoch) : 0);
  open_.set(orchestrator_.leadership().leader_open() ? 1 : 0);
  active_.set(orchestrator_.active() ? 1 : 0);
  in_flight_.set(static_cast<double>(orchestrator_.in_flight()));
  window_reads_.set(static_cast<double>(orchestrator_.autoscaler().reads()));
}

}  // namespace tandem::orch
