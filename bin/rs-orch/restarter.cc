#include "restarter.h"

#include <string>
#include <utility>

namespace tandem::orch {

Restarter::Restarter(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
                     group::Leadership& leadership, Fleet& fleet, Events& events)
    : loop_(loop),
      config_(config),
      workers_(workers),
      leadership_(leadership),
      fleet_(fleet),
      events_(events) {}

void Restarter::restart(repl::ReplicaId id, Done done) {
  const group::ReplicaLink* worker = workers_.find(id);
  if (worker == nullptr || fleet_.session_of(id) == 0) {
    done(fail(ErrorKind::kNotFound, "there is no worker " + std::to_string(id)));
    return;
  }
  if (task_) {
    done(fail(ErrorKind::kConflict,
              "worker " + std::to_string(task_->plan.id()) + " is being restarted: one at a time"));
    return;
  }
  if (!leadership_.leader_open()) {
    done(fail(ErrorKind::kUnavailable, "there is no master that takes writes"));
    return;
  }
  if (!fleet_.hold(id)) {
    done(fail(ErrorKind::kConflict, "worker " + std::to_string(id) + " is being retired"));
    return;
  }
  const int64_t deadline_ms =
      static_cast<int64_t>(loop_.now_ms()) + static_cast<int64_t>(config_.restart_timeout_ms);
  task_.emplace(
      Task{RestartPlan(id, worker->member.session, leadership_.in_sync(*worker), deadline_ms),
           std::move(done)});
  tick();
}

void Restarter::tick() {
  if (!task_) return;
  for (const RestartStep& step : task_->plan.next(facts_of(task_->plan.id()))) {
    if (task_) carry_out(step);
  }
}

RestartFacts Restarter::facts_of(repl::ReplicaId id) const {
  RestartFacts facts;
  facts.now_ms = static_cast<int64_t>(loop_.now_ms());
  if (leadership_.record()) facts.record = &*leadership_.record();
  facts.leader_open = leadership_.leader_open();
  facts.max_in_sync = config_.max_in_sync;
  facts.session = fleet_.session_of(id);
  const auto last_index = [this](repl::ReplicaId of) -> std::optional<repl::Index> {
    const repl::ReplicaState* state = leadership_.state_of(of);
    return state == nullptr ? std::nullopt : std::optional(state->last_index);
  };
  facts.leader_last_index = last_index(leadership_.leader());
  for (const auto& [other, worker] : workers_.all()) {
    const bool in_sync = leadership_.in_sync(worker);
    const repl::ReplicaState* state = leadership_.state_of(other);
    if (other == id) {
      facts.in_sync = in_sync;
      facts.last_index = last_index(id);
    } else if (in_sync && worker.connected() && state != nullptr) {
      facts.others.push_back({other, worker.member.pid, fleet_.retiring(other), state->has_space});
    }
  }
  return facts;
}

void Restarter::carry_out(const RestartStep& step) {
  const repl::ReplicaId id = task_->plan.id();
  const auto tell = [&](const std::string& text) {
    events_.tell("restart", text, worker_fields(id, fleet_.pid_of(id)));
  };
  switch (step.kind) {
    case RestartStep::Kind::kTell:
      return tell("the restart of a worker goes on: " + step.text);
    case RestartStep::Kind::kHelp:
      tell(step.text + ": one more worker helps out");
      return task_->plan.helped_by(fleet_.start_helper());
    case RestartStep::Kind::kDismiss:
      return fleet_.end_helper(task_->plan.helper());
    case RestartStep::Kind::kTakeOut:
      return leadership_.remove(id);
    case RestartStep::Kind::kHandOver:
      return hand_over(step.to);
    case RestartStep::Kind::kStop:
      return fleet_.restart(id);
    case RestartStep::Kind::kDone:
      return finish(fleet_.pid_of(id));
    case RestartStep::Kind::kFail:
      return finish(fail(ErrorKind::kTimeout, step.text));
  }
}

void Restarter::hand_over(repl::ReplicaId to) {
  leadership_.transfer(to, config_.timeout_ms, [this](const Status& moved) {
    if (task_) task_->plan.handed_over(moved);
  });
}

void Restarter::finish(Result<pid_t> result) {
  Task task = std::move(*task_);
  task_.reset();  // the next one may begin from inside the completion
  const repl::ReplicaId id = task.plan.id();
  fleet_.let_go(id);
  fleet_.end_helper(task.plan.helper());
  if (result) {
    events_.tell("restart", "a worker was restarted and is in sync", worker_fields(id, *result));
  } else {
    events_.tell("trouble", result.error().message, worker_fields(id, 0));
  }
  task.done(std::move(result));
}

void Restarter::stop() {
  if (task_) finish(fail(ErrorKind::kUnavailable, "this orchestrator is being stopped"));
}

}  // namespace tandem::orch
