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
  // From the start: of what begins with its first event Prometheus sees no rise.
  using Kind = group::CallStats::Kind;
  for (const Kind kind : {Kind::kRead, Kind::kWrite}) {
    for (const int status : {200, 400, 503, 504, 500}) requests_of(kind, outcome_of(status));
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

daemon::Histogram& OrchMetrics::requests_of(group::CallStats::Kind kind, const char* outcome) {
  auto found = requests_.find({kind, outcome});
  if (found == requests_.end()) {
    const char* const name = kind == group::CallStats::Kind::kRead ? "read" : "write";
    daemon::Histogram made =
        metrics_.histogram("tandem_database_request_duration_seconds",
                           "reads and writes of the database, from their coming to their answer",
                           daemon::duration_buckets(), {{"kind", name}, {"outcome", outcome}});
    found = requests_.emplace(std::pair(kind, outcome), made).first;
  }
  return found->second;
}

void OrchMetrics::ended(group::CallStats::Kind kind, int status, int64_t us) {
  requests_of(kind, outcome_of(status)).observe(static_cast<double>(us) / 1e6);
}

}  // namespace tandem::orch
