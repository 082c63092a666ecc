#include "restarter.h"

#include <tuple>
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
              "worker " + std::to_string(task_->id) + " is being restarted: one at a time"));
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
  task_.emplace();
  task_->id = id;
  task_->old_session = worker->member.session;
  task_->was_member = leadership_.in_sync(*worker);
  task_->deadline_ms =
      static_cast<int64_t>(loop_.now_ms()) + static_cast<int64_t>(config_.restart_timeout_ms);
  task_->done = std::move(done);
  tick();
}

void Restarter::tick() {
  if (!task_) return;
  const std::string id = std::to_string(task_->id);
  if (static_cast<int64_t>(loop_.now_ms()) >= task_->deadline_ms) {
    finish(
        fail(ErrorKind::kTimeout, "worker " + id + " is not restarted in time: " + task_->state));
    return;
  }
  if (!task_->told_to_stop && fleet_.session_of(task_->id) == task_->old_session) {
    make_free_to_go();
  } else if (came_back()) {
    finish(fleet_.pid_of(task_->id));
  }
}

// Until the record says that nobody waits for this worker, and it leads no more.
void Restarter::make_free_to_go() {
  const auto& record = leadership_.record();
  if (!record || !leadership_.leader_open()) {
    wait_for("there is no master that takes writes");
    return;
  }
  if (record->leader == task_->id) {
    hand_over();
    return;
  }
  if (record->find(task_->id) != nullptr) {
    if (record->in_sync.size() <= record->min_in_sync) {
      call_helper("the in-sync set may not get smaller");
    }
    leadership_.remove(task_->id);  // until the record says so
    wait_for("it has not left the in-sync set yet");
    return;
  }
  task_->told_to_stop = true;
  fleet_.restart(task_->id);
  wait_for("its process has not been replaced yet");
}

void Restarter::hand_over() {
  if (task_->transferring) return;
  const group::ReplicaLink* best = nullptr;
  const auto rank = [this](const group::ReplicaLink& worker) {
    return std::make_tuple(fleet_.retiring(worker.member.id),
                           !leadership_.state_of(worker.member.id)->has_space, worker.member.pid);
  };
  for (const auto& [id, worker] : workers_.all()) {
    if (id == task_->id || !worker.connected() || !leadership_.in_sync(worker)) continue;
    if (leadership_.state_of(id) == nullptr) continue;
    if (best == nullptr || rank(worker) < rank(*best)) best = &worker;
  }
  if (best == nullptr) {
    call_helper("no slave is in sync that could be master meanwhile");
    wait_for("no slave is in sync that could be master meanwhile");
    return;
  }
  task_->transferring = true;
  wait_for("leadership has not been handed over yet");
  leadership_.transfer(best->member.id, config_.timeout_ms, [this](const Status& moved) {
    if (!task_) return;
    task_->transferring = false;
    // Refused for now, or beaten by another election: the next tick looks again.
    if (!moved) task_->state = moved.error().message;
  });
}

void Restarter::call_helper(const std::string& why) {
  if (task_->helper != 0) return;
  events_.tell("restart", why + ": one more worker helps out",
               worker_fields(task_->id, fleet_.pid_of(task_->id)));
  task_->helper = fleet_.start_helper();
}

// The new process is in the set again; or has caught up, where it was not a member before or others
// have filled the set.
bool Restarter::came_back() {
  const uint64_t session = fleet_.session_of(task_->id);
  if (session == 0 || session == task_->old_session) return false;
  if (task_->catch_up_to == 0) {
    const repl::ReplicaState* leader = leadership_.state_of(leadership_.leader());
    if (leader == nullptr || !leadership_.leader_open()) return false;
    task_->catch_up_to = leader->last_index;
    wait_for("it has not caught up yet");
    // In a full set it can only take the helper's place.
    fleet_.end_helper(task_->helper);
  }
  const group::ReplicaLink* worker = workers_.find(task_->id);
  if (worker == nullptr || !leadership_.record()) return false;
  if (leadership_.in_sync(*worker)) return true;
  const bool full = leadership_.record()->in_sync.size() >= config_.max_in_sync;
  if (task_->was_member && !full) return false;
  if (task_->helper != 0 && leadership_.record()->find(task_->helper) != nullptr) return false;
  const repl::ReplicaState* state = leadership_.state_of(task_->id);
  return state != nullptr && state->last_index >= task_->catch_up_to;
}

void Restarter::wait_for(const std::string& what) {
  if (what == task_->state) return;
  task_->state = what;
  events_.tell("restart", "the restart of a worker goes on: " + what,
               worker_fields(task_->id, fleet_.pid_of(task_->id)));
}

void Restarter::finish(Result<pid_t> result) {
  Task task = std::move(*task_);
  task_.reset();  // the next one may begin from inside the completion
  fleet_.let_go(task.id);
  fleet_.end_helper(task.helper);
  if (result) {
    events_.tell("restart", "a worker was restarted and is in sync",
                 worker_fields(task.id, *result));
  } else {
    events_.tell("trouble", result.error().message, worker_fields(task.id, 0));
  }
  task.done(std::move(result));
}

void Restarter::stop() {
  if (task_) finish(fail(ErrorKind::kUnavailable, "this orchestrator is being stopped"));
}

}  // namespace tandem::orch
