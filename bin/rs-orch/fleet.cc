#include "fleet.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"

namespace tandem::orch {
namespace {

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
      kill_timer_(loop, [this] { kill_all(); }) {}

void Fleet::set_role(Role role) {
  const bool was_active = std::exchange(active_, role == Role::kActive);
  // Another one may have been active between.
  if (active_ && !was_active && started_) forget_plan();
  if (was_active && !active_) left_ = true;
  read_registry();
}

// The processes that are watched stay so, whoever has started them.
void Fleet::forget_plan() {
  started_ = false;
  plan_ = FleetPlan(limits_of(config_));
  for (const auto& [id, process] : processes_) {
    plan_.add(id);
    plan_.runs(id, process->pid(), now_ms());
  }
}

// Before any process is started: those that are there are to be adopted.
void Fleet::read_registry() {
  if (!active_ || started_ || std::exchange(reading_, true)) return;
  workers_.refresh([this](const Status& read) {
    reading_ = false;
    if (read && active_) begin();
  });
}

// From here on processes are started and stopped.
void Fleet::begin() {
  if (stopping_ || std::exchange(started_, true)) return;
  for (const repl::ReplicaId id : directories_.ids()) {
    plan_.add(id);
    data_without_record_ = data_without_record_ || directories_.holds_data(id);
  }
  adopt_registered();
  plan_.keep_adopted();
  reconcile();
}

void Fleet::look() {
  ended_.clear();
  read_registry();
  if (active_) reconcile();
}

GroupFacts Fleet::group_facts() const {
  const auto& record = leadership_.record();
  return {record ? &*record : nullptr, leadership_.leader_open()};
}

// --- what is to be ---

void Fleet::reconcile() {
  if (!active_ || !started_ || stopping_ || !may_act_()) return;
  move_given_up_aside();
  adopt_registered();
  kill_late();
  // The workers may know what the record was, all that there are.
  if (!record_trouble().empty()) return start_all(plan_.everybody(now_ms()));
  if (!leadership_.record_was_read()) return;
  if (!leadership_.record()) return start_first();
  start_all(plan_.missing_members(group_facts(), now_ms()));
  retire_surplus();
  start_all(plan_.missing(now_ms()));
  retire_marked();
}

// Why there is no record that can be used. Data never accepts a missing one: starting over would
// lose it. Where all workers of the newest set that one of them knows answer, the record is put
// back.
std::string Fleet::record_trouble() const {
  if (leadership_.record()) return {};
  if (!leadership_.record_trouble().empty()) return leadership_.record_trouble();
  if (!data_without_record_ || !leadership_.record_was_read()) return {};
  const daemon::CoordConfig& coord = config_.coord;
  const std::string place = coord.backend == "local" ? "below '" + coord.root + "'"
                                                     : "in Consul below '" + coord.prefix + "'";
  return "'" + config_.worker_directory + "' holds data of a database but its record is missing " +
         place +
         ": it is put back once the workers that were in sync have told of it; restore it, or "
         "move the data away to start anew";
}

// The first worker begins a new database alone; the others follow it.
void Fleet::start_first() {
  const repl::ReplicaId id = plan_.first();
  const Slot& first = *plan_.find(id);
  if (first.running() || now_ms() < first.next_start_ms) return;
  start_one(id, "the first worker of a new database");
}

std::optional<std::set<repl::ReplicaId>> Fleet::founders() {
  if (!started_ || stopping_) return std::nullopt;
  const repl::ReplicaId id = plan_.first();
  const group::ReplicaLink* worker = workers_.find(id);
  const bool answers = worker != nullptr && worker->connected() && session_of(id) != 0 &&
                       leadership_.state_of(id) != nullptr;
  return answers ? std::optional(std::set{id}) : std::nullopt;
}

std::string Fleet::trouble() const {
  if (!started_) return {};
  if (std::string record = record_trouble(); !record.empty()) return record;
  // Waiting does not help then, and no data is lost: what the worker said has to be read.
  if (leadership_.leader_open()) return {};
  if (!refused_.empty()) {
    const auto& [id, why] = *refused_.begin();
    return "worker " + std::to_string(id) + " is not started: " + why;
  }
  if (!plan_.config_refused()) return {};
  return "the workers refuse their configuration" +
         (config_.worker_config.empty() ? "" : " '" + config_.worker_config + "'") +
         ": the log tells why";
}

std::string Fleet::start_waits_for() const {
  for (const Starting& worker : starting()) {
    if (worker.waits_for.empty()) continue;
    return "worker " + std::to_string(worker.id) + " is starting: " + worker.waits_for;
  }
  return {};
}

std::string Fleet::who_fails() const {
  constexpr int kOften = 3;
  std::string all;
  for (const auto& [id, slot] : plan_.slots()) {
    // Of one that refuses its configuration more is told: trouble().
    if (slot.failures < kOften || plan_.config_refused()) continue;
    all += (all.empty() ? "worker " : "; worker ") + std::to_string(id) +
           " ends each time that it is started (" + slot.failure +
           "): 'tandem logs rs-orch' says why";
  }
  return all;
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
  // An earlier life of this program may have started one in it that has not registered yet.
  if (adopt_holder(id)) return;
  // Of one that died: without its lock, which goes with the directory, nothing tells of that later.
  if (const group::ReplicaLink* entry = workers_.find(id); entry != nullptr) {
    if (loop::same_process(identity_of(*entry))) return;
    workers_.forget(id, entry->member.session);
  }
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
  events_.tell("scale", reason, fields);
  reconcile();
}

void Fleet::set_limits(uint32_t min_slaves, uint32_t max_slaves) {
  plan_.set_limits(min_slaves, max_slaves);
  set_slaves(plan_.within_limits(plan_.slaves()), "the settings changed");
}

// --- the API ---

Result<pid_t> Fleet::create_slave() {
  if (!active_ || !started_ || !leadership_.record()) {
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

void Fleet::expect_loss(const std::set<repl::ReplicaId>& ids) {
  const auto& record = leadership_.record();
  if (!record) return;
  for (const repl::Member& member : record->in_sync) {
    const bool known = std::find(given_up_.begin(), given_up_.end(), member) != given_up_.end();
    if (ids.contains(member.id) && !known) given_up_.push_back(member);
  }
}

void Fleet::move_given_up_aside() {
  const auto& record = leadership_.record();
  if (given_up_.empty() || !record) return;
  std::vector<repl::Member> gone;
  for (const repl::Member& member : given_up_) {
    if (record->has_given_up(member)) gone.push_back(member);
  }
  if (gone.empty()) return;
  given_up_.clear();
  for (const repl::Member& member : gone) {
    if (plan_.find(member.id) == nullptr) continue;
    directories_.give_up(member);
    const group::ReplicaLink* worker = workers_.find(member.id);
    const bool other_disk = worker != nullptr && worker->identity() != member;
    if (!other_disk) signal(member.id, SIGKILL);
  }
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
    if (!slot.running() || slot.session != 0) continue;
    const auto process = processes_.find(id);
    starting.push_back(
        {id, slot.pid, process == processes_.end() ? "" : process->second->waits_for()});
  }
  return starting;
}

void Fleet::drain(UniqueFunction<void()> done) {
  stopping_ = true;
  if (!active_ && !left_) return done();
  bool any = false;
  for (const auto& [id, slot] : plan_.slots()) {
    if (!slot.running() && (!started_ || !adopt_holder(id))) continue;
    any = true;
    if (!slot.told_to_stop) tell_to_stop(id);
  }
  if (!any) return done();
  all_stopped_ = std::move(done);
  kill_timer_.start(config_.stop_timeout_ms);
}

void Fleet::kill_all() {
  if (!all_stopped_) return;
  for (const auto& [id, process] : processes_) process->signal(SIGKILL);
}

}  // namespace tandem::orch
