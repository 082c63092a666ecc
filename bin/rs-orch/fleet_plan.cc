#include "fleet_plan.h"

#include <algorithm>
#include <csignal>
#include <tuple>
#include <utility>

#include "base/exit_status.h"

namespace tandem::orch {
namespace {

constexpr int64_t kSteadyMs = 5000;  // who ran for so long does not fail "again"
constexpr int64_t kLongestPauseMs = 5000;
constexpr int64_t kElectionFirstMs = 50;
constexpr int64_t kCannotStartMs = 1000;

int64_t pause_ms(int failures) {
  return failures <= 1 ? 0
                       : std::min<int64_t>(kLongestPauseMs, int64_t{50} << std::min(failures, 10));
}

bool is_due(const Slot& slot, int64_t now_ms) {
  return !slot.running() && now_ms >= slot.next_start_ms;
}

}  // namespace

const Slot* FleetPlan::find(repl::ReplicaId id) const {
  const auto it = slots_.find(id);
  return it == slots_.end() ? nullptr : &it->second;
}

const Slot& FleetPlan::add(repl::ReplicaId id) {
  Slot& slot = slots_[id];
  slot.id = id;
  last_id_ = std::max(last_id_, id);
  return slot;
}

// --- what happens to a process ---

void FleetPlan::runs(repl::ReplicaId id, pid_t pid, int64_t now_ms) {
  Slot& slot = at(id);
  slot.pid = pid;
  slot.session = 0;
  slot.told_to_stop = false;
  slot.overdue = false;
  slot.started_ms = now_ms;
}

bool FleetPlan::registered(repl::ReplicaId id, pid_t pid, uint64_t session) {
  Slot& slot = at(id);
  if (slot.pid != pid) return false;
  slot.session = session;
  config_refused_ = false;
  return true;
}

void FleetPlan::cannot_start(repl::ReplicaId id, int64_t now_ms) {
  Slot& slot = at(id);
  ++slot.failures;
  slot.next_start_ms = now_ms + std::max(kCannotStartMs, pause_ms(slot.failures));
}

void FleetPlan::told_to_stop(repl::ReplicaId id, int64_t now_ms) {
  Slot& slot = at(id);
  slot.told_to_stop = true;
  slot.stop_by_ms = now_ms + limits_.stop_timeout_ms;
}

FleetPlan::Ended FleetPlan::ended(repl::ReplicaId id, const std::optional<ProcessEnd>& end,
                                  const GroupFacts& group, int64_t now_ms) {
  Slot& dead = at(id);
  const Ended ended{std::exchange(dead.pid, 0), std::exchange(dead.session, 0),
                    std::exchange(dead.told_to_stop, false)};
  dead.crashed = false;
  // One that came up and was killed, or was told to stop, did not fail: its replacement is not to
  // wait.
  const bool killed = end && end->signal == SIGKILL;
  const bool failed = ended.session == 0 || (!killed && !ended.asked);
  const bool steady = now_ms - dead.started_ms > kSteadyMs;
  dead.failures = !failed ? 0 : steady ? 1 : dead.failures + 1;
  dead.failure = failed ? cause_of(end) : std::string();
  dead.next_start_ms = now_ms + pause_ms(dead.failures);
  if (id == group.leader() && group.record->in_sync.size() > 1) {
    // Its replacement must not take the processor from those who choose the next master.
    dead.next_start_ms = std::max(dead.next_start_ms, now_ms + kElectionFirstMs);
  }
  dead.exit_status.reset();
  if (end && end->signal == 0) dead.exit_status = end->status;
  config_refused_ = config_refused_ ||
                    dead.exit_status == static_cast<int64_t>(ExitStatus::kConfig) ||
                    dead.exit_status == static_cast<int64_t>(ExitStatus::kUsage);
  return ended;
}

// --- how many there are to be ---

void FleetPlan::keep_adopted() {
  const auto running = static_cast<uint32_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const auto& item) { return item.second.running(); }));
  if (running > slaves_ + 1) slaves_ = std::min(running - 1, limits_.max_slaves);
}

uint32_t FleetPlan::within_limits(uint32_t slaves) const {
  return std::clamp(slaves, limits_.min_slaves, limits_.max_slaves);
}

void FleetPlan::set_limits(uint32_t min_slaves, uint32_t max_slaves) {
  limits_.min_slaves = min_slaves;
  limits_.max_slaves = max_slaves;
}

Status FleetPlan::room_for_one_more() const {
  if (slaves_ < limits_.max_slaves) return {};
  return fail(ErrorKind::kConflict,
              "there are " + std::to_string(slaves_) + " slaves, the maximum");
}

// --- what is to be done now ---

std::vector<FleetPlan::Late> FleetPlan::late(int64_t now_ms) {
  std::vector<Late> late;
  for (auto& [id, slot] : slots_) {
    if (!slot.running() || slot.overdue) continue;
    const bool hangs = slot.session == 0 && limits_.start_timeout_ms != 0 &&
                       now_ms - slot.started_ms > limits_.start_timeout_ms;
    const bool stops_late = slot.told_to_stop && now_ms > slot.stop_by_ms;
    if (!hangs && !stops_late) continue;
    slot.overdue = true;
    late.push_back({id, hangs});
  }
  return late;
}

std::vector<FleetPlan::Start> FleetPlan::everybody(int64_t now_ms) const {
  std::vector<Start> starts;
  for (const auto& [id, slot] : slots_) {
    if (is_due(slot, now_ms)) starts.push_back({id, "the record is gone: a worker may know it"});
  }
  return starts;
}

repl::ReplicaId FleetPlan::first() { return slots_.empty() ? add_new() : slots_.begin()->first; }

std::vector<FleetPlan::Start> FleetPlan::missing_members(const GroupFacts& group, int64_t now_ms) {
  std::vector<Start> starts;
  const repl::Record& record = *group.record;
  for (const repl::Member& member : record.in_sync) {
    const Slot& kept = add(member.id);
    if (!is_due(kept, now_ms) || !is_needed_back(kept.retiring, group.leader_open,
                                                 record.in_sync.size(), record.min_in_sync)) {
      continue;
    }
    starts.push_back({member.id, "an in-sync worker is not running"});
  }
  return starts;
}

std::vector<repl::ReplicaId> FleetPlan::fit(const GroupFacts& group) {
  const size_t wanted = size_t{1} + slaves_;
  size_t staying = 0;
  for (const auto& [id, slot] : slots_) staying += slot.retiring || slot.helper ? 0 : 1;
  for (; staying < wanted; ++staying) add_new();
  std::vector<repl::ReplicaId> leave;
  for (; staying > wanted; --staying) {
    Slot* leaves = surplus(group);
    if (leaves == nullptr) break;
    leaves->retiring = true;
    leave.push_back(leaves->id);
  }
  return leave;
}

// The one that goes first: not running, outside the set, then the highest pid; never the master.
Slot* FleetPlan::surplus(const GroupFacts& group) {
  Slot* best = nullptr;
  const auto rank = [&group](const Slot& slot) {
    const bool member = group.record->find(slot.id) != nullptr;
    return std::make_tuple(!slot.running(), !member, slot.pid);
  };
  for (auto& [id, slot] : slots_) {
    if (slot.retiring || slot.held || slot.helper || id == group.leader()) continue;
    if (best == nullptr || rank(slot) > rank(*best)) best = &slot;
  }
  return best;
}

std::vector<FleetPlan::Start> FleetPlan::missing(int64_t now_ms) const {
  std::vector<Start> starts;
  for (const auto& [id, slot] : slots_) {
    if (slot.retiring || !is_due(slot, now_ms)) continue;
    starts.push_back({id, slot.held ? "it is being restarted" : "fewer workers than wanted"});
  }
  return starts;
}

std::vector<FleetPlan::Leaving> FleetPlan::leaving(const GroupFacts& group) {
  std::vector<Leaving> leaving;
  for (auto& [id, slot] : slots_) {
    if (!slot.retiring) continue;
    const RetirementStep step =
        next_step({.leads = id == group.leader(),
                   .in_set = group.record->find(id) != nullptr,
                   .running = slot.running(),
                   .told_to_stop = slot.told_to_stop,
                   .leader_knows = slot.kept_out_of == group.record->epoch});
    if (step == RetirementStep::kStay) {
      slot.retiring = false;
      slot.helper = false;
    } else {
      leaving.push_back({id, step});
    }
  }
  return leaving;
}

void FleetPlan::kept_out(repl::ReplicaId id, repl::Epoch epoch) {
  const auto it = slots_.find(id);
  if (it != slots_.end()) it->second.kept_out_of = epoch;
}

// --- what an operator wants ---

bool FleetPlan::retire_helper(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it == slots_.end() || !it->second.helper || it->second.retiring) return false;
  it->second.retiring = true;
  return true;
}

bool FleetPlan::hold(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it == slots_.end() || it->second.retiring) return false;
  it->second.held = true;
  return true;
}

void FleetPlan::let_go(repl::ReplicaId id) {
  const auto it = slots_.find(id);
  if (it != slots_.end()) it->second.held = false;
}

const Slot* FleetPlan::master_to_crash(const GroupFacts& group) const {
  const Slot* master = find(group.leader());
  return master == nullptr || !master->running() || master->crashed ? nullptr : master;
}

const Slot* FleetPlan::slave_to_crash(const GroupFacts& group) const {
  const Slot* highest = nullptr;
  for (const auto& [id, slot] : slots_) {
    if (id == group.leader() || !slot.running() || slot.crashed) continue;
    if (highest == nullptr || slot.pid > highest->pid) highest = &slot;
  }
  return highest;
}

bool FleetPlan::is_last_good_copy(repl::ReplicaId id, const GroupFacts& group,
                                  const std::set<repl::ReplicaId>& good_copies) const {
  if (group.record == nullptr || group.record->find(id) == nullptr) return false;
  return std::none_of(good_copies.begin(), good_copies.end(), [&](repl::ReplicaId good) {
    const Slot* other = find(good);
    const bool lives =
        other != nullptr && other->session != 0 && !other->crashed && !other->told_to_stop;
    return good != id && lives;
  });
}

DirectoryFacts FleetPlan::facts_of(repl::ReplicaId id, DirectoryFacts of_directory,
                                   const GroupFacts& group,
                                   const std::set<repl::ReplicaId>& good_copies,
                                   const std::set<repl::ReplicaId>& failed) const {
  DirectoryFacts facts = of_directory;
  facts.exit_status = slots_.at(id).exit_status;
  facts.leader_open = group.leader_open;
  facts.good_copies = good_copies.size() - good_copies.count(id);
  if (group.record == nullptr) return facts;
  const repl::Record& record = *group.record;
  facts.record_known = true;
  facts.in_set = record.find(id) != nullptr;
  facts.leads = record.leader == id;
  facts.set_may_shrink = record.in_sync.size() > record.min_in_sync;
  facts.min_in_sync = record.min_in_sync;
  facts.others_may_lead = std::any_of(
      record.in_sync.begin(), record.in_sync.end(),
      [&](const repl::Member& member) { return member.id != id && !failed.contains(member.id); });
  return facts;
}

}  // namespace tandem::orch
