#include "fleet.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kReconcileMs = 50;
constexpr int64_t kCreateAgainMs = 1000;

group::LossWords loss_words() {
  return {"worker", "worker", true, "rs-client workers accept-loss"};
}

FleetLimits limits_of(const OrchConfig& config) {
  return {config.min_slaves, config.max_slaves, config.start_timeout_ms, config.stop_timeout_ms};
}

}  // namespace

Fleet::Fleet(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
             group::Leadership& leadership, Events& events)
    : loop_(loop),
      config_(config),
      workers_(workers),
      leadership_(leadership),
      events_(events),
      plan_(limits_of(config)),
      directories_(config.worker_directory),
      timer_(loop,
             [this] {
               ended_.clear();
               reconcile();
             }),
      kill_timer_(loop, [this] { kill_all(); }) {}

void Fleet::start() {
  if (std::exchange(started_, true)) return;
  for (const repl::ReplicaId id : directories_.ids()) {
    plan_.add(id);
    data_without_record_ = data_without_record_ || directories_.holds_data(id);
  }
  adopt_registered();
  plan_.keep_adopted();
  timer_.start(kReconcileMs, kReconcileMs);
  reconcile();
}

GroupFacts Fleet::group_facts() const {
  const auto& record = leadership_.record();
  return {record ? &*record : nullptr, leadership_.leader_open()};
}

// --- what is to be ---

void Fleet::reconcile() {
  if (!started_ || stopping_) return;
  adopt_registered();
  kill_late();
  if (!leadership_.record() && !leadership_.record_trouble().empty()) {
    ask_all_for_the_record(leadership_.record_trouble());
    return;
  }
  if (!leadership_.record_was_read()) return;
  look_for_refused_config();
  const bool unregistered = std::any_of(plan_.slots().begin(), plan_.slots().end(),
                                        [](const auto& item) { return item.second.session == 0; });
  if (unregistered) workers_.refresh();  // one may have registered that a former life started
  if (!leadership_.record()) {
    begin_group();
    return;
  }
  look_for_lost_data();
  start_all(plan_.missing_members(group_facts(), now_ms()));
  retire_surplus();
  start_all(plan_.missing(now_ms()));
  retire_marked();
}

// The record is gone or cannot be read: the workers may know what it was, all that there are.
void Fleet::ask_all_for_the_record(const std::string& trouble) {
  start_all(plan_.everybody(now_ms()));
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
  const repl::ReplicaId id = plan_.first();
  const Slot& first = *plan_.find(id);
  if (!first.running()) {
    if (now_ms() >= first.next_start_ms) start_one(id, "the first worker of a new database");
    return;
  }
  const group::ReplicaLink* worker = workers_.find(id);
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
  if (!refused_.empty()) {
    const auto& [id, why] = *refused_.begin();
    set_trouble("worker " + std::to_string(id) + " is not started: " + why);
    return;
  }
  if (!plan_.config_refused()) return;
  set_trouble(config_.worker_config.empty()
                  ? "the workers refuse their configuration: the log tells why"
                  : "the workers refuse their configuration '" + config_.worker_config +
                        "': the log tells why");
}

void Fleet::look_for_lost_data() {
  if ((plan_.config_refused() || !refused_.empty()) && !leadership_.leader_open()) return;
  const auto told =
      loss_watch_.look(leadership_, loss_words(), now_ms(),
                       [this](const auto& members) { return loss_evidence(members); });
  if (told) set_trouble(*told);
}

void Fleet::kill_late() {
  for (const FleetPlan::Late& late : plan_.late(now_ms())) {
    if (late.hangs) {
      events_.tell("trouble", "a worker is not ready in time and is killed",
                   worker_fields(late.id, pid_of(late.id)));
    }
    signal(late.id, SIGKILL);
  }
}

void Fleet::retire_surplus() {
  for (const repl::ReplicaId id : plan_.fit(group_facts())) {
    events_.tell("retire", "more slaves than wanted", worker_fields(id, pid_of(id)));
  }
}

void Fleet::retire_marked() {
  for (const FleetPlan::Leaving& leaving : plan_.leaving(group_facts())) {
    switch (leaving.step) {
      case RetirementStep::kStay:
        break;
      case RetirementStep::kWait:
        leadership_.remove(
            leaving.id, [this, id = leaving.id](repl::Epoch epoch) { plan_.kept_out(id, epoch); });
        break;
      case RetirementStep::kStop:
        tell_to_stop(leaving.id);
        break;
      case RetirementStep::kErase:
        erase_if_safe(leaving.id);
        break;
    }
  }
}

// Of a retired worker: until then it is kept, and looked at again.
void Fleet::erase_if_safe(repl::ReplicaId id) {
  if (!may_be_removed(facts_of(id))) return;
  const auto removed = directories_.remove(id, leadership_.record());
  if (!removed) {
    log::warning("cannot remove a directory", {{"error", removed.error().message}});
  } else if (!*removed) {
    log::warning("of the directory of a retired worker what was set aside is left",
                 {{"path", directories_.path(id)}});
  }
  refused_.erase(id);
  plan_.remove(id);
}

void Fleet::set_slaves(uint32_t slaves, const std::string& reason) {
  if (slaves == plan_.slaves()) return;
  wire::Json fields;
  fields.set("from", static_cast<int64_t>(plan_.slaves()));
  fields.set("to", static_cast<int64_t>(slaves));
  plan_.set_slaves(slaves);
  events_.tell("scale", reason, std::move(fields));
  reconcile();
}

void Fleet::set_limits(uint32_t min_slaves, uint32_t max_slaves) {
  plan_.set_limits(min_slaves, max_slaves);
  set_slaves(plan_.within_limits(plan_.slaves()), "the settings changed");
}

// --- the API ---

Result<pid_t> Fleet::create_slave() {
  if (!started_ || !leadership_.record()) {
    return fail(ErrorKind::kUnavailable, "the database is not ready");
  }
  if (const Status room = plan_.room_for_one_more(); !room) return fail(room.error());
  const repl::ReplicaId id = plan_.add_new();
  set_slaves(plan_.slaves() + 1, "asked for by create/slave");
  const Slot& made = *plan_.find(id);
  if (!made.running()) return fail(ErrorKind::kUnavailable, "the slave could not be started");
  return made.pid;
}

void Fleet::crash_master(PidDone done) {
  const Slot* master = plan_.master_to_crash(group_facts());
  if (master == nullptr) return done(fail(ErrorKind::kUnavailable, "there is no master now"));
  crash(master->id, std::move(done));
}

void Fleet::crash_slave(PidDone done) {
  const Slot* slave = plan_.slave_to_crash(group_facts());
  if (slave == nullptr) return done(fail(ErrorKind::kConflict, "there is no slave"));
  if (plan_.is_last_good_copy(slave->id, group_facts(), good_copies())) {
    done(fail(ErrorKind::kConflict,
              "worker " + std::to_string(slave->id) + " (pid " + std::to_string(slave->pid) +
                  ") is the only one now that has everything and answers: ask again when there are "
                  "others"));
    return;
  }
  crash(slave->id, std::move(done));
}

void Fleet::crash(repl::ReplicaId id, PidDone done) {
  plan_.crashed(id);
  on_death_[id].push_back(std::move(done));
  signal(id, SIGKILL);
}

uint64_t Fleet::session_of(repl::ReplicaId id) const {
  const Slot* slot = plan_.find(id);
  return slot == nullptr ? 0 : slot->session;
}

pid_t Fleet::pid_of(repl::ReplicaId id) const {
  const Slot* slot = plan_.find(id);
  return slot == nullptr ? 0 : slot->pid;
}

bool Fleet::retiring(repl::ReplicaId id) const {
  const Slot* slot = plan_.find(id);
  return slot != nullptr && slot->retiring;
}

void Fleet::restart(repl::ReplicaId id) {
  if (pid_of(id) != 0) tell_to_stop(id);
}

repl::ReplicaId Fleet::start_helper() {
  const repl::ReplicaId id = plan_.add_new();
  plan_.make_helper(id);
  reconcile();
  return id;
}

void Fleet::end_helper(repl::ReplicaId id) {
  if (!plan_.retire_helper(id)) return;
  events_.tell("retire", "it helped out while another worker was restarted",
               worker_fields(id, pid_of(id)));
  reconcile();
}

Status Fleet::may_give_up(const std::vector<repl::Member>& members) const {
  return group::may_give_up(loss_evidence(members), loss_words(), leadership_.best_survivor());
}

void Fleet::set_aside(const std::vector<repl::Member>& members) {
  for (const repl::Member& member : members) {
    if (plan_.find(member.id) == nullptr) continue;
    directories_.give_up(member);
    const group::ReplicaLink* worker = workers_.find(member.id);
    const bool other_disk = worker != nullptr && worker->identity() != member;
    if (!other_disk) signal(member.id, SIGKILL);
  }
  reconcile();
}

std::vector<pid_t> Fleet::pids() const {
  std::vector<pid_t> pids;
  for (const auto& [id, slot] : plan_.slots()) {
    if (slot.running()) pids.push_back(slot.pid);
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::vector<Fleet::Starting> Fleet::starting() const {
  std::vector<Starting> starting;
  for (const auto& [id, slot] : plan_.slots()) {
    if (slot.running() && slot.session == 0) starting.push_back({id, slot.pid});
  }
  return starting;
}

void Fleet::stop_all(UniqueFunction<void()> done) {
  stopping_ = true;
  timer_.stop();
  bool any = false;
  for (const auto& [id, slot] : plan_.slots()) {
    if (!slot.running() && (!started_ || !adopt_holder(id))) continue;
    any = true;
    if (!slot.told_to_stop) tell_to_stop(id);
  }
  if (!any) {
    done();
    return;
  }
  all_stopped_ = std::move(done);
  kill_timer_.start(config_.stop_timeout_ms);
}

void Fleet::kill_all() {
  for (const auto& [id, process] : processes_) process->signal(SIGKILL);
}

}  // namespace tandem::orch
