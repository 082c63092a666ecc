#include "restart_plan.h"

#include <tuple>
#include <utility>

namespace tandem::orch {

using Kind = RestartStep::Kind;

std::vector<RestartStep> RestartPlan::next(const RestartFacts& facts) {
  Steps steps;
  if (facts.now_ms >= deadline_ms_) {
    steps.push_back(
        {Kind::kFail, "worker " + std::to_string(id_) + " is not restarted in time: " + state_});
  } else if (!told_to_stop_ && facts.session == session_) {
    make_free_to_go(facts, steps);
  } else if (came_back(facts, steps)) {
    steps.push_back({Kind::kDone, {}});
  }
  return steps;
}

// Until the record says that nobody waits for this worker, and it leads no more.
void RestartPlan::make_free_to_go(const RestartFacts& facts, Steps& steps) {
  if (facts.record == nullptr || !facts.leader_open) {
    return wait_for("there is no master that takes writes", steps);
  }
  const repl::Record& record = *facts.record;
  if (record.leader == id_) return hand_over(facts, steps);
  if (record.find(id_) != nullptr) {
    if (record.in_sync.size() <= record.min_in_sync) {
      call_helper("the in-sync set may not get smaller", steps);
    }
    steps.push_back({Kind::kTakeOut, {}});  // until the record says so
    return wait_for("it has not left the in-sync set yet", steps);
  }
  told_to_stop_ = true;
  steps.push_back({Kind::kStop, {}});
  wait_for("its process has not been replaced yet", steps);
}

void RestartPlan::hand_over(const RestartFacts& facts, Steps& steps) {
  if (handing_over_) return;
  const RestartFacts::Other* best = nullptr;
  const auto rank = [](const RestartFacts::Other& other) {
    return std::make_tuple(other.retiring, !other.has_space, other.pid);
  };
  for (const RestartFacts::Other& other : facts.others) {
    if (other.id == id_) continue;
    if (best == nullptr || rank(other) < rank(*best)) best = &other;
  }
  if (best == nullptr) {
    call_helper("no slave is in sync that could be master meanwhile", steps);
    return wait_for("no slave is in sync that could be master meanwhile", steps);
  }
  handing_over_ = true;
  wait_for("leadership has not been handed over yet", steps);
  steps.push_back({Kind::kHandOver, {}, best->id});
}

void RestartPlan::handed_over(const Status& moved) {
  handing_over_ = false;
  if (!moved) state_ = moved.error().message;
}

void RestartPlan::call_helper(const std::string& why, Steps& steps) {
  if (std::exchange(asked_for_help_, true)) return;
  steps.push_back({Kind::kHelp, why});
}

// The new process is in the set again; or has caught up, where it was not a member before or others
// have filled the set.
bool RestartPlan::came_back(const RestartFacts& facts, Steps& steps) {
  if (facts.session == 0 || facts.session == session_) return false;
  if (!catch_up_to_) {
    if (!facts.leader_last_index || !facts.leader_open) return false;
    catch_up_to_ = facts.leader_last_index;
    wait_for("it has not caught up yet", steps);
    // In a full set it can only take the helper's place.
    steps.push_back({Kind::kDismiss, {}});
  }
  if (facts.record == nullptr) return false;
  if (facts.in_sync) return true;
  const bool full = facts.record->in_sync.size() >= facts.max_in_sync;
  if (was_member_ && !full) return false;
  if (helper_ != 0 && facts.record->find(helper_) != nullptr) return false;
  return facts.last_index && *facts.last_index >= *catch_up_to_;
}

void RestartPlan::wait_for(const std::string& what, Steps& steps) {
  if (what == state_) return;
  state_ = what;
  steps.push_back({Kind::kTell, what});
}

}  // namespace tandem::orch
