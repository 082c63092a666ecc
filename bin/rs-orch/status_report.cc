#include "status_report.h"

#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/host_name.h"
#include "group/replica_info.h"
#include "group/status_json.h"
#include "loop/process.h"
#include "wire/json.h"

namespace tandem::orch {
namespace {

// When the process was started, in ms since 1970; nothing where it is gone.
std::optional<int64_t> started_ms(pid_t pid) {
  const auto identity = loop::process_identity(pid);
  if (!identity) return std::nullopt;
  const auto ticks = static_cast<int64_t>(identity->start_ticks);
  const int64_t age_ms = system_clock().boot_ns() / 1'000'000 - ticks * 1000 / sysconf(_SC_CLK_TCK);
  return system_clock().wall_ms() - age_ms;
}

wire::Json scaling_json(Orchestrator& orchestrator) {
  const Autoscaler& autoscaler = orchestrator.autoscaler();
  const ScalingRule& rule = autoscaler.rule();
  wire::Json json;
  json.set("slaves_wanted", static_cast<int64_t>(orchestrator.fleet().slaves()));
  json.set("min_slaves", static_cast<int64_t>(rule.min_slaves));
  json.set("max_slaves", static_cast<int64_t>(rule.max_slaves));
  json.set("reads", static_cast<int64_t>(autoscaler.reads()));
  json.set("reads_per_slave", static_cast<int64_t>(rule.reads_per_slave));
  json.set("window_ms", rule.window_ms);
  // null: it begins with the next read.
  const auto left_ms = orchestrator.window_left_ms();
  json.set("window_left_ms", left_ms ? wire::Json(*left_ms) : wire::Json());
  return json;
}

wire::Json status_json(Orchestrator& orchestrator, wire::Json::Array workers) {
  wire::Json json;
  json.set("service", "rs-orch");
  group::add_group(json, orchestrator.replicated());
  group::add_readiness(json, orchestrator.readiness());
  json.set("pid", static_cast<int64_t>(getpid()));
  json.set("host", host_name("localhost"));
  json.set("time_ms", system_clock().wall_ms());
  json.set("active", orchestrator.active());
  json.set("actions", orchestrator.ui_actions());
  json.set("warning", orchestrator.warning());
  json.set("backends", group::backends_json(orchestrator.coordination(), workers));
  json.set("workers", wire::Json(std::move(workers)));
  json.set("scaling", scaling_json(orchestrator));
  json.set("calls", orchestrator.calls().json());
  return json;
}

// Shared by the completions of the calls to the workers: whichever comes last ends the report.
struct Round {
  Round(Orchestrator& orchestrator, std::string_view by, WorkersDone then)
      : rows(orchestrator.leadership(), {.leader = "master", .follower = "slave"}, {"tables"}),
        sorted_by(by),
        done(std::move(then)) {}
  ~Round() { done(rows.take(sorted_by)); }
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  group::ReplicaRows rows;
  std::string_view sorted_by;
  WorkersDone done;
};

void ask_all(Orchestrator& orchestrator, std::string_view sorted_by, WorkersDone done) {
  const auto round = std::make_shared<Round>(orchestrator, sorted_by, std::move(done));
  for (const Fleet::Starting& starting : orchestrator.fleet().starting()) {
    if (orchestrator.workers().find(starting.id) != nullptr) continue;
    round->rows.add_starting(starting.id, starting.pid, starting.waits_for,
                             started_ms(starting.pid));
  }
  group::ask_replicas(
      orchestrator.workers(),
      [round](const group::ReplicaLink& worker, const wire::Json* told) {
        round->rows.add(worker, told);
      },
      [] {});
}

}  // namespace

void report_workers(Orchestrator& orchestrator, WorkersDone done) {
  ask_all(orchestrator, "pid", std::move(done));
}

void report_status(Orchestrator& orchestrator, UniqueFunction<void(wire::Json)> done) {
  ask_all(orchestrator, "id",
          [&orchestrator, done = std::move(done)](wire::Json::Array workers) mutable {
            done(status_json(orchestrator, std::move(workers)));
          });
}

}  // namespace tandem::orch
