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
constexpr uint64_t kLookMs = 50;

ScalingRule rule_of(const OrchConfig& c) {
  return {c.window_ms, c.reads_per_slave, c.min_slaves, c.max_slaves};
}

group::Gateway::Options gateway_options(const OrchConfig& c) {
  group::Gateway::Options options{c.timeout_ms, c.max_in_flight};
  wire::parse_consistency(c.consistency, options.consistency);
  return options;
}

group::GroupOptions group_options(const OrchConfig& c) {
  group::GroupOptions options;
  options.group = c.group;
  options.min_in_sync = c.min_in_sync;
  options.prefer = group::prefer_lowest_pid;
  options.nouns = {.replica = "worker", .leader = "master"};
  options.timeout_ms = c.timeout_ms;
  options.max_in_flight = c.max_in_flight;
  options.consistency = gateway_options(c).consistency;
  options.look_every_ms = kLookMs;
  options.stand_in_after_ms = group::kStandInAfterMs;
  return options;
}

}  // namespace

Orchestrator::Orchestrator(loop::Loop& loop, const OrchConfig& config, coord::Coord& coord)
    : loop_(loop),
      config_(config),
      coord_(coord),
      coord_trouble_(coord),
      events_(loop),
      group_(loop, coord, group_options(config), make_fleet()),
      restore_news_(events_, config.group),
      restarter_(loop, config, group_.replicas(), group_.leadership(), *fleet_, events_),
      autoscaler_(rule_of(config)),
      ticker_(loop, [this] { tick(); }) {
  group_.on_event([this](std::string_view kind, const std::string& reason,
                         const wire::Json& fields) { events_.tell(kind, reason, fields); });
  group_.on_change([this] { group_changed(); });
}

group::MakeCaretaker Orchestrator::make_fleet() {
  return [this](group::Replicas& workers, group::Leadership& leadership) {
    auto fleet = std::make_unique<Fleet>(loop_, config_, workers, leadership, events_);
    fleet_ = fleet.get();
    return fleet;
  };
}

void Orchestrator::reload(const OrchConfig& config) {
  autoscaler_.set_rule(rule_of(config));
  fleet_->set_limits(config.min_slaves, config.max_slaves);
  group_.gateway().set_options(gateway_options(config));
}

void Orchestrator::start(UniqueFunction<void(Status)> done) {
  ticker_.start(kTickMs, kTickMs);
  const auto holds = [this] { return lock_->held(); };
  fleet_->acts_while(holds);
  group_.acts_while(holds);
  coord::LockCallbacks callbacks;
  callbacks.on_acquired = [this] { become_active(); };
  callbacks.on_lost = [this](const Error& error) {
    // All that coordination was is gone: this system was removed.
    if (error.kind == ErrorKind::kNotFound) daemon::die(error);
    stand_down(error.message);
  };
  lock_ = coord_.lock(config_.group, "active", config_.rpc_url, std::move(callbacks));
  group_.start(std::move(done));
}

void Orchestrator::become_active() {
  if (draining_) return;
  events_.tell("active", "this orchestrator starts and watches the workers");
  group_.set_active(true);
}

void Orchestrator::stand_down(const std::string& reason) {
  if (!group_.active()) return;
  events_.tell("passive", "this orchestrator stands down: " + reason);
  group_.set_active(false);
  if (on_change_) on_change_();
}

void Orchestrator::look_at_coordination() {
  const auto news = coord_trouble_.look();
  if (news) events_.tell(news->over ? "trouble_over" : "trouble", news->text);
}

void Orchestrator::drain(UniqueFunction<void()> done) {
  draining_ = true;
  ticker_.stop();
  group_.gateway().fail_all();  // while events are still heard
  restarter_.stop();
  if (group_.active() || lock_ == nullptr) return stop_group(std::move(done));
  // Where nobody took over, the workers that this one has started are its own.
  coord_.lock_holder(
      config_.group, "active",
      [this, done = std::move(done)](const Result<std::optional<std::string>>& holder) mutable {
        if (holder && *holder) fleet_->taken_over();
        stop_group(std::move(done));
      });
}

void Orchestrator::stop_group(UniqueFunction<void()> done) {
  events_.close();
  group_.drain([this, done = std::move(done)]() mutable {
    if (lock_ == nullptr) return done();
    lock_->release(std::move(done));
  });
}

void Orchestrator::tick() {
  // Before anything else: this process may have been stopped for long.
  if (group_.active() && !active()) stand_down("its lock was not renewed in time");
  look_at_coordination();
  if (active()) {
    restarter_.tick();
    declare_tables();
    const auto decision = autoscaler_.tick(static_cast<int64_t>(loop_.now_ms()));
    if (decision) {
      fleet_->set_slaves(decision->slaves,
                         std::to_string(decision->reads) + " reads in the last window");
    }
  }
  if (on_change_) on_change_();
}

void Orchestrator::group_changed() {
  restore_news_.look(group_.leadership());
  if (active()) {
    fleet_->reconcile();
    restarter_.tick();
    declare_tables();
  }
  if (on_change_) on_change_();
}

void Orchestrator::declare_tables() {
  const auto& record = leadership().record();
  if (!record || !leadership().leader_open() || !tables_.due(record->epoch, now_ms())) return;
  wire::Json command;
  command.set("schema", config_.tables.value);
  const std::string body = command.dump();
  wire::Request request;
  request.method = wire::Method::kDbSchema;
  request.body = body;
  group_.gateway().submit(request, [this](const wire::Response& response) {
    using News = TablesDeclaration::News;
    const auto outcome = tables_.ended(response.status, response.body, now_ms());
    if (outcome.news == News::kTrouble) events_.tell("trouble", outcome.text);
    if (outcome.news == News::kTroubleOver) events_.tell("trouble_over", outcome.text);
    if (on_change_) on_change_();
  });
}

std::string Orchestrator::warning() const {
  for (std::string wrong : {coord_.trouble(), fleet_->who_fails(), group_.warning()}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

Status Orchestrator::readiness() const {
  if (draining_) return fail(ErrorKind::kUnavailable, "stopping");
  const group::Leadership& leadership = group_.leadership();
  // What keeps it from running says more than that it does not run.
  const std::string fails = leadership.leader_open() ? "" : fleet_->who_fails();
  if (!fails.empty()) return fail(ErrorKind::kUnavailable, fails);
  if (!group_.trouble().empty()) return fail(ErrorKind::kUnavailable, group_.trouble());
  // The active one is told of a death by the process itself.
  const bool led = active() ? leadership.leader_open() : leadership.leader_answers();
  if (!led && !coord_.trouble().empty()) {
    return fail(ErrorKind::kUnavailable, coord_.trouble());
  }
  if (!led && !leadership.record_trouble().empty()) {
    return fail(ErrorKind::kUnavailable, leadership.record_trouble());
  }
  const std::string start_waits_for = !led && active() ? fleet_->start_waits_for() : "";
  if (!start_waits_for.empty()) return fail(ErrorKind::kUnavailable, start_waits_for);
  if (!led) return leadership.nobody_leads();
  if (leadership.leader_is_unable()) {
    return fail(ErrorKind::kUnavailable,
                "worker " + std::to_string(leadership.leader()) +
                    " leads and can neither apply nor read: 'rs-client workers status' says why");
  }
  if (active() && !tables_.trouble().empty()) {
    return fail(ErrorKind::kUnavailable, tables_.trouble());
  }
  return {};
}

std::vector<pid_t> Orchestrator::pids() {
  if (active()) return fleet_->pids();
  std::vector<pid_t> pids;
  for (const auto& [id, worker] : workers().all()) {
    if (worker.connected()) pids.push_back(static_cast<pid_t>(worker.member.pid));
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

void Orchestrator::read(const wire::Request& request, group::Gateway::Done done,
                        repl::ReplicaId replica) {
  autoscaler_.count_read(static_cast<int64_t>(loop_.now_ms()));
  read_uncounted(request, std::move(done), replica);
}

void Orchestrator::read_uncounted(const wire::Request& request, group::Gateway::Done done,
                                  repl::ReplicaId replica) {
  group_.gateway().submit(request, counted(group::CallStats::Kind::kRead, std::move(done)),
                          replica);
}

void Orchestrator::write(const wire::Request& request, group::Gateway::Done done) {
  group_.gateway().submit(request, counted(group::CallStats::Kind::kWrite, std::move(done)));
}

group::Gateway::Done Orchestrator::counted(group::CallStats::Kind kind, group::Gateway::Done done) {
  return [this, kind, began_ns = system_clock().boot_ns(),
          done = std::move(done)](const wire::Response& response) mutable {
    const int64_t us = (system_clock().boot_ns() - began_ns) / 1000;
    calls_.ended(kind, static_cast<int>(response.status), us);
    if (on_call_ended_) on_call_ended_(kind, static_cast<int>(response.status), us);
    done(response);
  };
}

void Orchestrator::clear(const wire::Request& request, std::string_view asker,
                         group::Gateway::Done done) {
  Audit audit(events_, {"clear", "emptying the database", std::string(request.request_id),
                        std::string(asker)});
  wire::Request plain = request;
  plain.body = {};
  done = counted(group::CallStats::Kind::kWrite, std::move(done));
  group_.gateway().submit(plain, [audit = std::move(audit),
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
  if (!active()) return done(fail(not_active()));
  leadership().transfer(id, config_.timeout_ms,
                        [this, id, done = std::move(done)](const Status& moved) mutable {
                          done(moved ? Result<pid_t>(fleet_->pid_of(id)) : fail(moved.error()));
                        });
}

void Orchestrator::restart(repl::ReplicaId id, Fleet::PidDone done) {
  if (!active()) return done(fail(not_active()));
  restarter_.restart(id, std::move(done));
}

void Orchestrator::accept_loss(const std::set<repl::ReplicaId>& given_up, bool force,
                               Fleet::PidDone done) {
  if (!active() || !leadership().record()) return done(fail(not_active()));
  // First: the record may show the new leader before the call below returns. Whether they are given
  // up, now or later, the record tells.
  fleet_->expect_loss(given_up);
  group_.accept_loss(given_up, force, [this, done = std::move(done)](const Status& moved) mutable {
    const pid_t leader = fleet_->pid_of(leadership().leader());
    done(moved ? Result<pid_t>(leader) : fail(moved.error()));
  });
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
