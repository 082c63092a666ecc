#include "fleet.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "retirement.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kReconcileMs = 50;
constexpr int64_t kCreateAgainMs = 1000;

group::LossWords loss_words() {
  return {"worker", "worker", true, "rs-client workers accept-loss"};
}

}  // namespace

Fleet::Fleet(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
             group::Leadership& leadership, Events& events)
    : loop_(loop),
      config_(config),
      workers_(workers),
      leadership_(leadership),
      events_(events),
      slaves_(config.min_slaves),
      max_slaves_(config.max_slaves),
      timer_(loop,
             [this] {
               ended_.clear();
               reconcile();
             }),
      kill_timer_(loop, [this] { kill_all(); }) {}

void Fleet::start() {
  if (std::exchange(started_, true)) return;
  data_without_record_ = find_directories();
  adopt_registered();
  // Those that scaling or an operator asked for are kept: the next window tells how many it takes.
  const auto adopted = static_cast<uint32_t>(pids().size());
  if (adopted > slaves_ + 1) slaves_ = std::min(adopted - 1, max_slaves_);
  timer_.start(kReconcileMs, kReconcileMs);
  reconcile();
}

Fleet::Slot& Fleet::slot(repl::ReplicaId id) {
  Slot& found = slots_[id];
  found.id = id;
  last_id_ = std::max(last_id_, id);
  return found;
}

// --- what is to be ---

void Fleet::reconcile() {
  if (!started_ || stopping_) return;
  adopt_registered();
  kill_overdue();
  if (!leadership_.record() && !leadership_.record_trouble().empty()) {
    ask_all_for_the_record(leadership_.record_trouble());
    return;
  }
  if (!leadership_.record_was_read()) return;
  look_for_refused_config();
  bool missing = false;
  for (const auto& [id, slot] : slots_) missing = missing || slot.session == 0;
  if (missing) workers_.refresh();  // one may have registered that was started by a former life
  if (!leadership_.record()) {
    begin_group();
    return;
  }
  look_for_lost_data();
  keep_in_sync_members();
  fit_number();
  retire_marked();
}

// The record is gone or cannot be read: the workers may know what it was, all that there are.
void Fleet::ask_all_for_the_record(const std::string& trouble) {
  for (auto& [id, slot] : slots_) {
    if (!slot.running()) restart_if_due(slot, "the record is gone: a worker may know it");
  }
  set_trouble(trouble);
}

// There is no record: the first worker creates the group, unless there is data that a record must
// have belonged to. Data never accepts a missing record: starting over would lose it. Where all
// workers of the newest set that one of them knows answer, the record is put back.
void Fleet::begin_group() {
  if (data_without_record_) {
    ask_all_for_the_record("'" + config_.worker_directory +
                           "' holds data of a database but its record is missing below '" +
                           config_.coord_root +
                           "': it is put back once the workers that were in sync have told of it; "
                           "restore it, or move the data away to start anew");
    return;
  }
  if (slots_.empty()) slot(last_id_ + 1);
  Slot& first = slots_.begin()->second;
  if (!first.running()) {
    restart_if_due(first, "the first worker of a new database");
    return;
  }
  const group::ReplicaLink* worker = workers_.find(first.id);
  if (worker == nullptr || first.session == 0 || !worker->connected()) return;
  if (now_ms() < next_create_ms_) return;
  next_create_ms_ = now_ms() + kCreateAgainMs;
  leadership_.create_group(*worker, config_.min_in_sync);
}

void Fleet::set_trouble(const std::string& trouble) {
  if (trouble == trouble_) return;
  const std::string before = std::exchange(trouble_, trouble);
  if (trouble.empty()) {
    events_.tell("trouble_over", before);
  } else {
    events_.tell("trouble", trouble);
  }
}

// Waiting does not help then, and no data is lost: what the worker said has to be read.
void Fleet::look_for_refused_config() {
  if (leadership_.leader_open()) return;
  for (const auto& [id, slot] : slots_) {
    if (slot.refused.empty()) continue;
    set_trouble("worker " + std::to_string(id) + " is not started: " + slot.refused);
    return;
  }
  if (!config_refused_) return;
  set_trouble(config_.worker_config.empty()
                  ? "the workers refuse their configuration: the log tells why"
                  : "the workers refuse their configuration '" + config_.worker_config +
                        "': the log tells why");
}

void Fleet::look_for_lost_data() {
  const bool refused = std::any_of(slots_.begin(), slots_.end(),
                                   [](const auto& item) { return !item.second.refused.empty(); });
  if ((config_refused_ || refused) && !leadership_.leader_open()) return;
  const auto told =
      loss_watch_.look(leadership_, loss_words(), now_ms(),
                       [this](const auto& members) { return loss_evidence(members); });
  if (told) set_trouble(*told);
}

Status Fleet::may_give_up(const std::vector<repl::Member>& members) const {
  return group::may_give_up(loss_evidence(members), loss_words(), leadership_.best_survivor());
}

// Their directories have every acknowledged write: they come back before anything else.
void Fleet::keep_in_sync_members() {
  const repl::Record& record = *leadership_.record();
  for (const repl::Member& member : record.in_sync) {
    Slot& kept = slot(member.id);
    if (kept.running() || !is_needed_back(kept.retiring, leadership_.leader_open(),
                                          record.in_sync.size(), record.min_in_sync)) {
      continue;
    }
    restart_if_due(kept, "an in-sync worker is not running");
  }
}

void Fleet::fit_number() {
  const size_t wanted = size_t{1} + slaves_;
  size_t staying = 0;
  for (auto& [id, slot] : slots_) staying += slot.retiring || slot.helper ? 0 : 1;
  for (; staying < wanted; ++staying) slot(last_id_ + 1);
  for (; staying > wanted; --staying) {
    Slot* leaves = surplus();
    if (leaves == nullptr) break;
    leaves->retiring = true;
    events_.tell("retire", "more slaves than wanted", worker_fields(leaves->id, leaves->pid));
  }
  for (auto& [id, slot] : slots_) {
    if (slot.running() || slot.retiring) continue;
    restart_if_due(slot, slot.held ? "it is being restarted" : "fewer workers than wanted");
  }
}

// The one that goes first: not running, outside the set, then the highest pid; never the master.
Fleet::Slot* Fleet::surplus() {
  Slot* best = nullptr;
  const auto rank = [this](const Slot& slot) {
    const bool member = leadership_.record()->find(slot.id) != nullptr;
    return std::make_tuple(!slot.running(), !member, slot.pid);
  };
  for (auto& [id, slot] : slots_) {
    if (slot.retiring || slot.held || slot.helper || id == leadership_.leader()) continue;
    if (best == nullptr || rank(slot) > rank(*best)) best = &slot;
  }
  return best;
}

void Fleet::retire_marked() {
  std::vector<repl::ReplicaId> gone;
  for (auto& [id, slot] : slots_) {
    if (!slot.retiring) continue;
    const repl::Record& record = *leadership_.record();
    switch (next_step({.leads = id == record.leader,
                       .in_set = record.find(id) != nullptr,
                       .running = slot.running(),
                       .told_to_stop = slot.told_to_stop,
                       .leader_knows = slot.kept_out_of == record.epoch})) {
      case RetirementStep::kStay:
        slot.retiring = false;
        slot.helper = false;
        break;
      case RetirementStep::kWait:
        keep_out_of_set(id);
        break;
      case RetirementStep::kStop:
        tell_to_stop(slot);
        break;
      case RetirementStep::kErase:
        gone.push_back(id);
        break;
    }
  }
  for (const repl::ReplicaId id : gone) erase_if_safe(id);
}

void Fleet::keep_out_of_set(repl::ReplicaId id) {
  leadership_.remove(id, [this, id](repl::Epoch epoch) {
    const auto it = slots_.find(id);
    if (it != slots_.end()) it->second.kept_out_of = epoch;
  });
}

// Those that were told to stop and have not, and those that hang before they are ready.
void Fleet::kill_overdue() {
  for (auto& [id, slot] : slots_) {
    if (!slot.running()) continue;
    const bool hangs = slot.session == 0 && config_.start_timeout_ms != 0 &&
                       now_ms() - slot.started_ms > config_.start_timeout_ms;
    if (hangs && !slot.overdue) {
      events_.tell("trouble", "a worker is not ready in time and is killed",
                   worker_fields(id, slot.pid));
    }
    const bool stops_late = slot.told_to_stop && now_ms() > slot.stop_by_ms;
    if ((hangs || stops_late) && !std::exchange(slot.overdue, true)) send_signal(slot, SIGKILL);
  }
}

void Fleet::set_slaves(uint32_t slaves, const std::string& reason) {
  if (slaves == slaves_) return;
  wire::Json fields;
  fields.set("from", static_cast<int64_t>(slaves_));
  fields.set("to", static_cast<int64_t>(slaves));
  slaves_ = slaves;
  events_.tell("scale", reason, std::move(fields));
  reconcile();
}

void Fleet::set_limits(uint32_t min_slaves, uint32_t max_slaves) {
  max_slaves_ = max_slaves;
  set_slaves(std::clamp(slaves_, min_slaves, max_slaves), "the settings changed");
}

// --- the API ---

Result<pid_t> Fleet::create_slave() {
  if (!started_ || !leadership_.record()) {
    return fail(ErrorKind::kUnavailable, "the database is not ready");
  }
  if (slaves_ >= max_slaves_) {
    return fail(ErrorKind::kConflict,
                "there are " + std::to_string(slaves_) + " slaves, the maximum");
  }
  const repl::ReplicaId id = last_id_ + 1;
  slot(id);
  set_slaves(slaves_ + 1, "asked for by create/slave");
  const Slot& made = slots_.at(id);
  if (!made.running()) return fail(ErrorKind::kUnavailable, "the slave could not be started");
  return made.pid;
}

void Fleet::crash_master(PidDone done) {
  const auto it = slots_.find(leadership_.leader());
  if (it == slots_.end() || !it->second.running() || it->second.is_crashed()) {
    done(fail(ErrorKind::kUnavailable, "there is no master now"));
    return;
  }
  crash(it->second, std::move(done));
}

void Fleet::crash_slave(PidDone done) {
  Slot* highest = nullptr;
  for (auto& [id, slot] : slots_) {
    if (id == leadership_.leader() || !slot.running() || slot.is_crashed()) continue;
    if (highest == nullptr || slot.pid > highest->pid) highest = &slot;
  }
  if (highest == nullptr) {
    done(fail(ErrorKind::kConflict, "there is no slave"));
    return;
  }
  if (is_last_good_copy(*highest)) {
    done(fail(ErrorKind::kConflict,
              "worker " + std::to_string(highest->id) + " (pid " + std::to_string(highest->pid) +
                  ") is the only one now that has everything and answers: ask again when there are "
                  "others"));
    return;
  }
  crash(*highest, std::move(done));
}

uint64_t Fleet::session_of(repl::ReplicaId id) const {
  const auto it = slots_.find(id);
  return it == slots_.end() ? 0 : it->second.session;
}

pid_t Fleet::pid_of(repl::ReplicaId id) const {
  const auto it = slots_.find(id);
  return it == slots_.end() ? 0 : it->second.pid;
}

bool Fleet::retiring(repl::ReplicaId id) const {
  const auto it = slots_.find(id);
  return it != slots_.end() && it->second.retiring;
}

bool Fleet::hold(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it == slots_.end() || it->second.retiring) return false;
  it->second.held = true;
  return true;
}

void Fleet::let_go(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it != slots_.end()) it->second.held = false;
}

void Fleet::restart(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it != slots_.end() && it->second.running()) tell_to_stop(it->second);
}

repl::ReplicaId Fleet::start_helper() {
  Slot& helper = slot(last_id_ + 1);
  helper.helper = true;
  reconcile();
  return last_id_;
}

void Fleet::end_helper(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it == slots_.end() || !it->second.helper || it->second.retiring) return;
  it->second.retiring = true;
  events_.tell("retire", "it helped out while another worker was restarted",
               worker_fields(id, it->second.pid));
  reconcile();
}

void Fleet::set_aside(const std::vector<repl::Member>& members) {
  for (const repl::Member& member : members) {
    const auto it = slots_.find(member.id);
    if (it == slots_.end()) continue;
    it->second.aside = member.storage_id;
    const group::ReplicaLink* worker = workers_.find(member.id);
    const bool other_disk = worker != nullptr && worker->identity() != member;
    if (it->second.running() && !other_disk) send_signal(it->second, SIGKILL);
  }
  reconcile();
}

void Fleet::crash(Slot& slot, PidDone done) {
  slot.on_death.push_back(std::move(done));
  send_signal(slot, SIGKILL);
}

std::vector<pid_t> Fleet::pids() const {
  std::vector<pid_t> pids;
  for (const auto& [id, slot] : slots_) {
    if (slot.running()) pids.push_back(slot.pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::vector<Fleet::Starting> Fleet::starting() const {
  std::vector<Starting> starting;
  for (const auto& [id, slot] : slots_) {
    if (slot.running() && slot.session == 0) starting.push_back({id, slot.pid});
  }
  return starting;
}

void Fleet::stop_all(UniqueFunction<void()> done) {
  stopping_ = true;
  timer_.stop();
  bool any = false;
  for (auto& [id, slot] : slots_) {
    if (!slot.running() && (!started_ || !adopt_holder(slot))) continue;
    any = true;
    if (!slot.told_to_stop) tell_to_stop(slot);
  }
  if (!any) {
    done();
    return;
  }
  all_stopped_ = std::move(done);
  kill_timer_.start(config_.stop_timeout_ms);
}

void Fleet::kill_all() {
  for (auto& [id, slot] : slots_) {
    if (slot.running()) send_signal(slot, SIGKILL);
  }
}

}  // namespace tandem::orch
