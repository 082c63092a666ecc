#include "metrics.h"

#include <algorithm>

namespace tandem::orch {
namespace {

// In the words of the toy store's purchases.
const char* outcome_of(int status) {
  if (status < 400) return "ok";
  if (status < 500) return "refused";
  return status == 503 ? "unavailable" : status == 504 ? "unknown" : "failed";
}

}  // namespace

OrchMetrics::OrchMetrics(daemon::Metrics& metrics, Orchestrator& orchestrator)
    : metrics_(metrics),
      orchestrator_(orchestrator),
      group_(metrics, orchestrator.replicated(),
             [&orchestrator] { return orchestrator.in_sync_wanted(); }),
      workers_(metrics.gauge("tandem_workers", "living worker processes")),
      slaves_wanted_(metrics.gauge("tandem_slaves_wanted", "slaves that scaling asks for")),
      active_(metrics.gauge("tandem_active", "1 where this process is the active one of its kind")),
      window_reads_(metrics.gauge("tandem_window_reads", "reads counted in the present window")) {
  metrics.before_text([this] { update(); });
  orchestrator.on_call_ended(
      [this](group::CallStats::Kind kind, int status, int64_t us) { ended(kind, status, us); });
}

void OrchMetrics::update() {
  workers_.set(static_cast<double>(orchestrator_.pids().size()));
  slaves_wanted_.set(orchestrator_.fleet().slaves());
  active_.set(orchestrator_.active() ? 1 : 0);
  window_reads_.set(static_cast<double>(orchestrator_.autoscaler().reads()));
  for (const auto& [cause, number] : orchestrator_.fleet().deaths()) {
    daemon::Counter deaths = metrics_.counter(
        "tandem_replica_deaths_total", "processes of replicas that ended unasked, by how they did",
        {{"group", orchestrator_.group()}, {"cause", cause}});
    deaths.add(std::max(0.0, static_cast<double>(number) - deaths.value()));
  }
}

void OrchMetrics::ended(group::CallStats::Kind kind, int status, int64_t us) {
  const char* const outcome = outcome_of(status);
  auto found = requests_.find({kind, outcome});
  if (found == requests_.end()) {
    const char* const name = kind == group::CallStats::Kind::kRead ? "read" : "write";
    daemon::Histogram made =
        metrics_.histogram("tandem_database_request_duration_seconds",
                           "reads and writes of the database, from their coming to their answer",
                           daemon::duration_buckets(), {{"kind", name}, {"outcome", outcome}});
    found = requests_.emplace(std::pair(kind, outcome), made).first;
  }
  found->second.observe(static_cast<double>(us) / 1e6);
}

}  // namespace tandem::orch
