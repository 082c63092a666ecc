// The processes of the fleet: starting them on their directories, adopting, telling to stop, and
// what follows their end.
#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "fleet.h"
#include "storage/directory.h"

namespace tandem::orch {
namespace {

constexpr int64_t kLookAgainMs = 5000;  // at files that somebody else has to change

}  // namespace

// --- starting ---

void Fleet::start_all(const Steps& starts) {
  for (const FleetPlan::Start& start : starts) start_one(start.id, start.reason);
}

void Fleet::start_one(repl::ReplicaId id, const std::string& reason) {
  if (!can_be_used(id) || !prepare_directory(id)) return;
  const Status started = start_worker(id, reason);
  if (started) return;
  plan_.cannot_start(id, now_ms());
  events_.tell("trouble", "cannot start a worker: " + started.error().message,
               worker_fields(id, 0));
}

// Else a worker would end with 78 for it, and that is not to be started again and again.
bool Fleet::can_be_used(repl::ReplicaId id) {
  const std::string why = directories_.refused(id);
  const auto told = refused_.find(id);
  if (why.empty()) {
    if (told != refused_.end()) refused_.erase(told);
    return true;
  }
  if (told == refused_.end() || told->second != why) {
    events_.tell("trouble", "a worker is not started: " + why, worker_fields(id, 0));
  }
  refused_[id] = why;
  plan_.postpone(id, now_ms() + kLookAgainMs);
  return false;
}

// Before a worker starts on it. False: not now.
bool Fleet::prepare_directory(repl::ReplicaId id) {
  const StartFate fate = fate_at_start(facts_of(id));
  if (fate == StartFate::kWait) return false;
  if (fate == StartFate::kTrust) {
    events_.tell("trouble", "a disk failed, and nobody else has the data: it is used again",
                 worker_fields(id, 0));
  }
  const auto aside = directories_.prepare(id, fate);
  if (!aside) {
    plan_.postpone(id, now_ms() + kLookAgainMs);
    events_.tell("trouble", "cannot start a worker: " + aside.error().message,
                 worker_fields(id, 0));
    return false;
  }
  plan_.prepared(id);
  if (!aside->empty()) {
    events_.tell("aside", "the data of a worker that was given up is in '" + *aside + "'",
                 worker_fields(id, 0));
  }
  return true;
}

Status Fleet::start_worker(repl::ReplicaId id, const std::string& reason) {
  if (adopt_holder(id)) return {};
  auto process = std::make_unique<WorkerProcess>(loop_, callbacks_of(id));
  Status started = process->start(worker_command(config_, id, directories_.path(id)));
  if (!started) return started;
  plan_.runs(id, process->pid(), now_ms());
  processes_[id] = std::move(process);
  events_.tell("spawn", reason, worker_fields(id, pid_of(id)));
  return {};
}

WorkerProcess::Callbacks Fleet::callbacks_of(repl::ReplicaId id) {
  return {.on_ready = [this] { workers_.refresh([this](const Status&) { reconcile(); }); },
          .on_waits = [this, id] { plan_.still_starts(id, now_ms()); },
          .on_end = [this, id](const std::optional<ProcessEnd>& end) { on_end(id, end); }};
}

// --- adopting ---

loop::ProcessIdentity Fleet::identity_of(const group::ReplicaLink& worker) {
  return {static_cast<pid_t>(worker.member.pid), worker.member.start_ticks, worker.member.boot_id};
}

void Fleet::replica_up(const group::ReplicaLink& worker) {
  if (!active_) return;
  const repl::ReplicaId id = worker.member.id;
  const loop::ProcessIdentity identity = identity_of(worker);
  const bool runs = plan_.add(id).running() ||
                    adopt(id, identity, "it was started by an earlier orchestrator").has_value();
  if (runs && loop::same_process(identity)) {
    plan_.registered(id, identity.pid, worker.member.session);
  }
}

// Every registered worker is watched, or is dead: then whoever waits for it is told.
void Fleet::adopt_registered() {
  std::vector<std::pair<repl::ReplicaId, uint64_t>> unwatched;
  for (const auto& [id, worker] : workers_.all()) {
    if (plan_.add(id).session != worker.member.session) {
      unwatched.emplace_back(id, worker.member.session);
    }
  }
  for (const auto& [id, session] : unwatched) {
    const group::ReplicaLink* worker = workers_.find(id);
    if (worker == nullptr || worker->member.session != session) continue;
    replica_up(*worker);
    // Else it is dead, or lives and cannot be watched now.
    if (session_of(id) != session) leadership_.doubt(id);
  }
}

// A worker of an earlier orchestrator that has not registered yet has its directory locked.
bool Fleet::adopt_holder(repl::ReplicaId id) {
  const auto holder = storage::directory_holder(directories_.path(id));
  if (!holder || !*holder) return false;
  const auto identity = loop::process_identity(**holder);
  return identity && adopt(id, *identity, "it has the directory and has not registered yet");
}

Status Fleet::adopt(repl::ReplicaId id, const loop::ProcessIdentity& identity,
                    const std::string& reason) {
  auto process = std::make_unique<WorkerProcess>(loop_, callbacks_of(id));
  Status adopted = process->adopt(identity);
  if (!adopted) return adopted;
  plan_.runs(id, process->pid(), now_ms());
  processes_[id] = std::move(process);
  events_.tell("adopt", reason, worker_fields(id, pid_of(id)));
  if (stopping_) tell_to_stop(id);
  return {};
}

// --- ending ---

void Fleet::on_end(repl::ReplicaId id, const std::optional<ProcessEnd>& end) {
  const auto process = processes_.find(id);
  ended_.push_back(std::move(process->second));
  processes_.erase(process);
  std::vector<PidDone> on_death;
  if (const auto waiting = on_death_.find(id); waiting != on_death_.end()) {
    on_death = std::move(waiting->second);
    on_death_.erase(waiting);
  }
  const FleetPlan::Ended ended = plan_.ended(id, end, group_facts(), now_ms());
  events_.tell(ended.asked ? "stop" : "death", describe(end), worker_fields(id, ended.pid));
  if (!ended.asked) ++deaths_[cause_of(end)];
  // From here on the slot may be in use by the next process: what follows may start it.
  if (ended.session != 0) leadership_.replica_dead(id, ended.session);
  for (PidDone& done : on_death) done(ended.pid);
  if (!stopping_) {
    reconcile();
    return;
  }
  if (!processes_.empty() || !all_stopped_) return;
  kill_timer_.stop();
  std::exchange(all_stopped_, nullptr)();
}

void Fleet::signal(repl::ReplicaId id, int signal_number) {
  const auto process = processes_.find(id);
  if (process != processes_.end()) process->second->signal(signal_number);
}

void Fleet::tell_to_stop(repl::ReplicaId id) {
  plan_.told_to_stop(id, now_ms());
  signal(id, SIGTERM);
}

// --- what is known of them ---

// A member of the set that is seen to have everything: with the storage that the record names,
// answering now, and its disk not known to have failed.
std::set<repl::ReplicaId> Fleet::good_copies() const {
  std::set<repl::ReplicaId> good;
  const auto& record = leadership_.record();
  if (!record) return good;
  for (const repl::Member& member : record->in_sync) {
    const group::ReplicaLink* worker = workers_.find(member.id);
    const bool answers = worker != nullptr && worker->identity() == member && worker->connected() &&
                         !leadership_.quiet(member.id);
    if (answers && leadership_.lineage_of(member.id) == record->lineage) good.insert(member.id);
  }
  return good;
}

std::set<repl::ReplicaId> Fleet::failed_disks() const {
  std::set<repl::ReplicaId> failed;
  const auto& record = leadership_.record();
  if (!record) return failed;
  for (const repl::Member& member : record->in_sync) {
    const Slot* slot = plan_.find(member.id);
    if (slot == nullptr || slot->running()) continue;
    DirectoryFacts facts = directories_.look(member.id);
    facts.exit_status = slot->exit_status;
    if (is_distrusted(facts)) failed.insert(member.id);
  }
  return failed;
}

DirectoryFacts Fleet::facts_of(repl::ReplicaId id) const {
  return plan_.facts_of(id, directories_.look(id), group_facts(), good_copies(), failed_disks());
}

// Of in-sync members that do not answer.
std::vector<group::LossEvidence> Fleet::evidence(const std::vector<repl::Member>& members) const {
  std::vector<group::LossEvidence> evidence;
  for (const repl::Member& member : members) {
    const coord::Member* last = workers_.last_known(member.id);
    group::LossEvidence one = group::look_at_member(
        member, directories_.path(member.id), last == nullptr ? std::nullopt : std::optional(*last),
        workers_.registered(member.id));
    const Slot* slot = plan_.find(member.id);
    const bool own = slot != nullptr && slot->running() && !one.data_lost;
    if (own && one.process != group::LossEvidence::Process::kStopped) {
      one.process = group::LossEvidence::Process::kRuns;
      one.pid = slot->pid;
      one.registered = one.registered || slot->session == 0;  // it is only starting
    }
    evidence.push_back(std::move(one));
  }
  return evidence;
}

group::LossWords Fleet::words() const {
  return {"worker", "worker", true, "rs-client workers accept-loss"};
}

}  // namespace tandem::orch
