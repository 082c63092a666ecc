#include "orchestrator.h"

#include <algorithm>
#include <utility>

#include "audit.h"
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kTickMs = 50;
constexpr int64_t kTablesAgainMs = 1000;
constexpr int64_t kNsPerMs = 1'000'000;

ScalingRule rule_of(const OrchConfig& c) {
  return {c.window_ms, c.reads_per_slave, c.min_slaves, c.max_slaves};
}

group::LeadershipOptions leadership_options(const OrchConfig& c) {
  return {c.group, group::prefer_lowest_pid, {.replica = "worker", .leader = "master"}};
}

group::Gateway::Options gateway_options(const OrchConfig& c) {
  group::Gateway::Options options;
  options.timeout_ms = c.timeout_ms;
  options.max_in_flight = c.max_in_flight;
  wire::parse_consistency(c.consistency, options.consistency);
  return options;
}

}  // namespace

Orchestrator::Orchestrator(loop::Loop& loop, const OrchConfig& config, coord::Coord& coord)
    : loop_(loop),
      config_(config),
      coord_(coord),
      events_(loop),
      workers_(loop, coord, config.group),
      leadership_(loop, coord, workers_, leadership_options(config)),
      fleet_(loop, config, workers_, leadership_, events_),
      restarter_(loop, config, workers_, leadership_, fleet_, events_),
      gateway_(loop, workers_, leadership_, gateway_options(config)),
      autoscaler_(rule_of(config)),
      ticker_(loop, [this] { tick(); }),
      stand_in_(group::kStandInAfterMs * kNsPerMs) {
  workers_.on_new([this](group::ReplicaLink& worker) {
    leadership_.replica_up(worker);
    if (active_) fleet_.worker_up(worker);
  });
  workers_.on_gone([this](repl::ReplicaId id) { gateway_.replica_gone(id); });
  workers_.on_connected([this] { gateway_.leader_changed(); });
  leadership_.on_event([this](std::string_view kind, const std::string& reason,
                              const wire::Json& fields) { events_.tell(kind, reason, fields); });
  leadership_.on_change([this] { leadership_changed(); });
}

void Orchestrator::reload(const OrchConfig& config) {
  autoscaler_.set_rule(rule_of(config));
  fleet_.set_limits(config.min_slaves, config.max_slaves);
  gateway_.set_options(gateway_options(config));
}

void Orchestrator::start(UniqueFunction<void(Status)> done) {
  leadership_.start();
  ticker_.start(kTickMs, kTickMs);
  workers_.refresh([this, done = std::move(done)](Status read) mutable {
    if (!read) {
      done(std::move(read));
      return;
    }
    coord::LockCallbacks callbacks;
    callbacks.on_acquired = [this] { become_active(); };
    callbacks.on_lost = [](const Error& error) { daemon::die(error); };
    lock_ = coord_.lock(config_.group, "active", config_.rpc_url, std::move(callbacks));
    done({});
  });
}

void Orchestrator::become_active() {
  if (draining_) return;
  active_ = true;
  stands_in_ = false;
  events_.tell("active", "this orchestrator starts and watches the workers");
  leadership_.set_active(true);
  workers_.refresh([this](const Status&) {
    if (!draining_) fleet_.start();
  });
}

void Orchestrator::drain(UniqueFunction<void()> done) {
  draining_ = true;
  ticker_.stop();
  gateway_.fail_all();
  restarter_.stop();
  events_.close();
  leadership_.stop();
  if (!active_) {
    lock_.reset();
    done();
    return;
  }
  fleet_.stop_all([this, done = std::move(done)]() mutable {
    lock_.reset();
    done();
  });
}

void Orchestrator::tick() {
  if (!active_) {
    workers_.refresh();
    look_for_master();
  } else {
    fleet_.reconcile();
    restarter_.tick();
    declare_tables();
    const auto decision = autoscaler_.tick(static_cast<int64_t>(loop_.now_ms()));
    if (decision) {
      fleet_.set_slaves(decision->slaves,
                        std::to_string(decision->reads) + " reads in the last window");
    }
  }
  if (on_change_) on_change_();
}

// A database that has no record yet is begun by the active one alone.
void Orchestrator::look_for_master() {
  const bool led = !leadership_.record() || leadership_.leader_answers();
  const bool stands_in = stand_in_.look(led, system_clock().boot_ns());
  if (std::exchange(stands_in_, stands_in) == stands_in) return;
  leadership_.set_active(stands_in);
  events_.tell("stand_in", stands_in ? "there is no master for long: this orchestrator chooses one "
                                       "though another one is active"
                                     : "there is a master: the workers are left to the active one");
}

void Orchestrator::leadership_changed() {
  gateway_.leader_changed();
  if (active_) {
    move_given_up_aside();
    fleet_.reconcile();
    restarter_.tick();
    declare_tables();
  }
  if (on_change_) on_change_();
}

// The schema is replicated state. Each new leader is given it again: that changes nothing where it
// is the same, and tells where it does not fit.
void Orchestrator::declare_tables() {
  const auto& record = leadership_.record();
  if (!record || !leadership_.leader_open() || tables_epoch_ == record->epoch) return;
  const auto now_ms = static_cast<int64_t>(loop_.now_ms());
  if (now_ms < next_declaration_ms_) return;
  tables_epoch_ = record->epoch;
  wire::Json command;
  command.set("schema", config_.tables.value);
  const std::string body = command.dump();
  wire::Request request;
  request.method = wire::Method::kDbSchema;
  request.body = body;
  gateway_.submit(request, [this](const wire::Response& response) {
    if (response.status == 200) {
      if (std::exchange(tables_refused_, false)) events_.tell("trouble_over", tables_trouble_);
      tables_trouble_.clear();
    } else if (response.status < 500) {
      tables_trouble_ = "the declared tables are refused: " + std::string(response.body);
      tables_refused_ = true;
      events_.tell("trouble", tables_trouble_);
    } else {
      // Not now: what was declared to an earlier master holds until then.
      tables_epoch_ = 0;
      next_declaration_ms_ = static_cast<int64_t>(loop_.now_ms()) + kTablesAgainMs;
    }
    if (on_change_) on_change_();
  });
}

Status Orchestrator::readiness() const {
  if (draining_) return fail(ErrorKind::kUnavailable, "stopping");
  if (!fleet_.trouble().empty()) return fail(ErrorKind::kUnavailable, fleet_.trouble());
  // The active one is told of a death by the process itself.
  const bool led = active_ ? leadership_.leader_open() : leadership_.leader_answers();
  if (!led && !leadership_.record_trouble().empty()) {
    return fail(ErrorKind::kUnavailable, leadership_.record_trouble());
  }
  if (!led) return leadership_.nobody_leads();
  if (active_ && !tables_trouble_.empty()) return fail(ErrorKind::kUnavailable, tables_trouble_);
  return {};
}

std::vector<pid_t> Orchestrator::pids() {
  if (active_) return fleet_.pids();
  std::vector<pid_t> pids;
  for (const auto& [id, worker] : workers_.all()) {
    if (worker.connected()) pids.push_back(static_cast<pid_t>(worker.member.pid));
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

void Orchestrator::read(const wire::Request& request, group::Gateway::Done done,
                        repl::ReplicaId replica) {
  autoscaler_.count_read(static_cast<int64_t>(loop_.now_ms()));
  gateway_.submit(request, std::move(done), replica);
}

void Orchestrator::write(const wire::Request& request, group::Gateway::Done done) {
  gateway_.submit(request, std::move(done));
}

void Orchestrator::clear(const wire::Request& request, std::string_view asker,
                         group::Gateway::Done done) {
  Audit audit(events_, {"clear", "emptying the database", std::string(request.request_id),
                        std::string(asker)});
  wire::Request plain = request;
  plain.body = {};
  gateway_.submit(plain, [audit = std::move(audit),
                          done = std::move(done)](const wire::Response& response) mutable {
    audit.ended(response.status, response.body);
    done(response);
  });
}

// --- what an operator wants ---

namespace {

Error not_active() { return {ErrorKind::kUnavailable, "another orchestrator is active"}; }

}  // namespace

void Orchestrator::transfer(repl::ReplicaId id, Fleet::PidDone done) {
  if (!active_) return done(fail(not_active()));
  leadership_.transfer(id, config_.timeout_ms,
                       [this, id, done = std::move(done)](const Status& moved) mutable {
                         if (moved) {
                           done(fleet_.pid_of(id));
                         } else {
                           done(fail(moved.error()));
                         }
                       });
}

void Orchestrator::restart(repl::ReplicaId id, Fleet::PidDone done) {
  if (!active_) return done(fail(not_active()));
  restarter_.restart(id, std::move(done));
}

void Orchestrator::accept_loss(const std::set<repl::ReplicaId>& given_up, bool force,
                               Fleet::PidDone done) {
  const auto& record = leadership_.record();
  if (!active_ || !record) return done(fail(not_active()));
  // First: the record may show the new leader before the call below returns. Whether they are given
  // up, now or later, the record tells.
  for (const repl::Member& member : record->in_sync) {
    const bool known = std::find(given_up_.begin(), given_up_.end(), member) != given_up_.end();
    if (given_up.contains(member.id) && !known) given_up_.push_back(member);
  }
  group::Leadership::Proof proof;
  if (!force) proof = [this](const auto& members) { return fleet_.may_give_up(members); };
  leadership_.accept_loss(given_up, config_.timeout_ms, std::move(proof),
                          [this, done = std::move(done)](const Status& moved) mutable {
                            if (moved) {
                              done(fleet_.pid_of(leadership_.leader()));
                            } else {
                              done(fail(moved.error()));
                            }
                          });
}

// The database goes on without what is in their directories: started on them they could not join.
void Orchestrator::move_given_up_aside() {
  if (given_up_.empty() || !leadership_.record()) return;
  const repl::Record& record = *leadership_.record();
  std::vector<repl::Member> gone;
  for (const repl::Member& member : given_up_) {
    if (record.has_given_up(member)) gone.push_back(member);
  }
  if (gone.empty()) return;
  given_up_.clear();
  fleet_.set_aside(gone);
}

void DatabaseReady::start(UniqueFunction<void(Status)> done) {
  done_ = std::move(done);
  orchestrator_.on_change([this] {
    if (!done_ || !orchestrator_.readiness()) return;
    if (!orchestrator_.active()) {
      log::info(
          "another orchestrator is active: this one stands by, passes requests on, and takes "
          "over when that one ends");
    }
    std::exchange(done_, nullptr)({});
  });
}

}  // namespace tandem::orch
