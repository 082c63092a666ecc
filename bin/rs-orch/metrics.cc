#include "metrics.h"

#include <algorithm>
#include <iterator>

namespace tandem::orch {
namespace {

// In the words of the toy store's purchases.
constexpr const char* kOutcomes[] = {"ok", "refused", "unavailable", "unknown", "failed"};

size_t outcome_of(int status) {
  if (status < 400) return 0;
  if (status < 500) return 1;
  return status == 503 ? 2 : status == 504 ? 3 : 4;
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
  // From the start: of what begins with its first event Prometheus sees no rise.
  for (const char* kind : {"read", "write"}) {
    for (const char* outcome : kOutcomes) {
      requests_.push_back(
          metrics.histogram("tandem_database_request_duration_seconds",
                            "reads and writes of the database, from their coming to their answer",
                            daemon::duration_buckets(), {{"kind", kind}, {"outcome", outcome}}));
    }
  }
  for (const char* cause : {"SIGKILL", "SIGSEGV", "SIGABRT", "exit 69", "exit 74", "unseen"}) {
    deaths_of(cause);
  }
  orchestrator.on_call_ended(
      [this](group::CallStats::Kind kind, int status, int64_t us) { ended(kind, status, us); });
}

void OrchMetrics::update() {
  workers_.set(static_cast<double>(orchestrator_.pids().size()));
  slaves_wanted_.set(orchestrator_.fleet().slaves());
  active_.set(orchestrator_.active() ? 1 : 0);
  window_reads_.set(static_cast<double>(orchestrator_.autoscaler().reads()));
  for (const auto& [cause, number] : orchestrator_.fleet().deaths()) {
    daemon::Counter deaths = deaths_of(cause);
    deaths.add(std::max(0.0, static_cast<double>(number) - deaths.value()));
  }
}

daemon::Counter OrchMetrics::deaths_of(const std::string& cause) {
  return metrics_.counter("tandem_replica_deaths_total",
                          "processes of replicas that ended unasked, by how they did",
                          {{"group", orchestrator_.group()}, {"cause", cause}});
}

void OrchMetrics::ended(group::CallStats::Kind kind, int status, int64_t us) {
  const size_t first = kind == group::CallStats::Kind::kRead ? 0 : std::size(kOutcomes);
  requests_[first + outcome_of(status)].observe(static_cast<double>(us) / 1e6);
}

}  // namespace tandem::orch
