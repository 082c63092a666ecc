#include "status_report.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/host_name.h"
#include "base/ids.h"
#include "group/replica_info.h"
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

void sort_by(const char* name, wire::Json::Array& rows) {
  std::sort(rows.begin(), rows.end(), [name](const wire::Json& a, const wire::Json& b) {
    return *a.find(name)->as_int() < *b.find(name)->as_int();
  });
}

// One report under way. Shared by the completions of the calls to the workers; the last one to go
// answers.
class Report {
 public:
  using Done = UniqueFunction<void(wire::Json::Array)>;

  Report(Orchestrator& orchestrator, Done done)
      : orchestrator_(orchestrator), done_(std::move(done)) {}

  ~Report() {
    sort_by("pid", rows_);
    // The lag is told against the furthest log of all.
    for (wire::Json& row : rows_) {
      const wire::Json* applied = row.find("applied_index");
      if (applied != nullptr) row.set("lag", newest_ - *applied->as_int());
    }
    done_(std::move(rows_));
  }

  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void add(const group::ReplicaLink& worker, const wire::Json* told) {
    const group::Leadership& leadership = orchestrator_.leadership();
    const bool in_sync = leadership.in_sync(worker);
    wire::Json row;
    row.set("pid", worker.member.pid);
    row.set("id", static_cast<int64_t>(worker.member.id));
    row.set("role", worker.member.id == leadership.leader() ? "master" : "slave");
    row.set("host", host_name("localhost"));
    row.set("state", told == nullptr ? "silent" : in_sync ? "in sync" : "catching up");
    row.set("in_sync", in_sync);
    row.set("reads_served", worker.reads_served);
    row.set("since_ms", worker.since_ms);
    row.set("address", worker.member.address);
    if (told != nullptr) {
      for (const char* name : {"epoch", "last_index", "commit_index", "applied_index",
                               "snapshot_index", "lease", "has_space", "trouble", "set_aside"}) {
        const wire::Json* value = told->find(name);
        if (value != nullptr) row.set(name, *value);
      }
      const wire::Json* last = told->find("last_index");
      if (last != nullptr && last->as_int() != nullptr) {
        newest_ = std::max(newest_, *last->as_int());
      }
    }
    rows_.push_back(std::move(row));
  }

  // Its process runs and has not registered.
  void add_starting(const Fleet::Starting& starting) {
    wire::Json row;
    row.set("pid", static_cast<int64_t>(starting.pid));
    row.set("id", static_cast<int64_t>(starting.id));
    row.set("role", starting.id == orchestrator_.leadership().leader() ? "master" : "slave");
    row.set("host", host_name("localhost"));
    row.set("state", "starting");
    row.set("in_sync", false);
    if (!starting.waits_for.empty()) row.set("trouble", starting.waits_for);
    if (const auto since_ms = started_ms(starting.pid)) row.set("since_ms", *since_ms);
    rows_.push_back(std::move(row));
  }

 private:
  Orchestrator& orchestrator_;
  Done done_;
  wire::Json::Array rows_;
  int64_t newest_ = 0;
};

wire::Json record_json(const repl::Record& record) {
  wire::Json::Array in_sync;
  for (const repl::Member& member : record.in_sync) {
    in_sync.emplace_back(static_cast<int64_t>(member.id));
  }
  wire::Json json;
  json.set("lineage", hex_id(record.lineage));
  json.set("version", static_cast<int64_t>(record.version));
  json.set("epoch", static_cast<int64_t>(record.epoch));
  json.set("leader", static_cast<int64_t>(record.leader));
  json.set("in_sync", wire::Json(std::move(in_sync)));
  json.set("min_in_sync", static_cast<int64_t>(record.min_in_sync));
  return json;
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
  const group::Leadership& leadership = orchestrator.leadership();
  const Status ready = orchestrator.readiness();
  sort_by("id", workers);
  wire::Json json;
  json.set("service", "rs-orch");
  json.set("group", orchestrator.group());
  json.set("pid", static_cast<int64_t>(getpid()));
  json.set("host", host_name("localhost"));
  json.set("time_ms", system_clock().wall_ms());
  json.set("active", orchestrator.active());
  json.set("ready", ready.has_value());
  json.set("reason", ready ? std::string() : ready.error().message);
  json.set("warning", orchestrator.warning());
  json.set("leader_open", leadership.leader_open());
  json.set("record", leadership.record() ? record_json(*leadership.record()) : wire::Json());
  json.set("workers", wire::Json(std::move(workers)));
  json.set("scaling", scaling_json(orchestrator));
  json.set("calls", orchestrator.calls().json());
  json.set("in_flight", static_cast<int64_t>(orchestrator.in_flight()));
  return json;
}

}  // namespace

void report_workers(Orchestrator& orchestrator, UniqueFunction<void(wire::Json::Array)> done) {
  // Shared: whichever completion comes last ends the report.
  const auto report = std::make_shared<Report>(orchestrator, std::move(done));
  for (const Fleet::Starting& starting : orchestrator.fleet().starting()) {
    if (orchestrator.workers().find(starting.id) == nullptr) report->add_starting(starting);
  }
  group::ask_replicas(
      orchestrator.workers(),
      [report](const group::ReplicaLink& worker, const wire::Json* told) {
        report->add(worker, told);
      },
      [] {});
}

void report_status(Orchestrator& orchestrator, UniqueFunction<void(wire::Json)> done) {
  report_workers(orchestrator,
                 [&orchestrator, done = std::move(done)](wire::Json::Array workers) mutable {
                   done(status_json(orchestrator, std::move(workers)));
                 });
}

}  // namespace tandem::orch
