#include "status_report.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/host_name.h"
#include "loop/process.h"
#include "wire/json.h"
#include "worker_info.h"

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

// One report under way. Shared by the completions of the calls to the workers; the last one to go
// answers.
class Report {
 public:
  Report(Orchestrator& orchestrator, http::Responder responder)
      : orchestrator_(orchestrator), responder_(std::move(responder)) {}

  ~Report() {
    std::sort(rows_.begin(), rows_.end(), [](const wire::Json& a, const wire::Json& b) {
      return *a.find("pid")->as_int() < *b.find("pid")->as_int();
    });
    // The lag is told against the furthest log of all.
    for (wire::Json& row : rows_) {
      const wire::Json* applied = row.find("applied_index");
      if (applied != nullptr) row.set("lag", newest_ - *applied->as_int());
    }
    responder_.json(200, wire::Json(std::move(rows_)));
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
  http::Responder responder_;
  wire::Json::Array rows_;
  int64_t newest_ = 0;
};

}  // namespace

void report_status(Orchestrator& orchestrator, http::Responder responder) {
  // Shared: whichever completion comes last ends the report.
  const auto report = std::make_shared<Report>(orchestrator, std::move(responder));
  for (const Fleet::Starting& starting : orchestrator.fleet().starting()) {
    if (orchestrator.workers().find(starting.id) == nullptr) report->add_starting(starting);
  }
  ask_workers(
      orchestrator,
      [report](const group::ReplicaLink& worker, const wire::Json* told) {
        report->add(worker, told);
      },
      [] {});
}

}  // namespace tandem::orch
