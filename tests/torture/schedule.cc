#include "schedule.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace tandem::torture {
namespace {

constexpr int64_t kShortestHoldMs = 200;
constexpr int64_t kUsualHoldMs = 2'500;
constexpr int64_t kFullDiskMs = 4'000;  // until a log has come to its next segment
constexpr uint32_t kLongPermille = 150;
constexpr uint32_t kWhileRecoveringPermille = 250;

}  // namespace

const std::vector<FaultInfo>& all_faults() {
  static const std::vector<FaultInfo> kFaults = {
      {FaultKind::kKillLeader, "kill-leader", false, false, false},
      {FaultKind::kKillFollower, "kill-follower", false, false, false},
      {FaultKind::kKillOrch, "kill-orch", false, true, false},
      {FaultKind::kKillLeaderAndOrch, "kill-leader+orch", false, true, false},
      {FaultKind::kKillLeaderAndFollower, "kill-leader+follower", false, false, false},
      {FaultKind::kKillFollowers, "kill-followers", false, false, false},
      {FaultKind::kKillWorkers, "kill-workers", false, false, false},
      {FaultKind::kKillServices, "kill-services", false, false, false},
      {FaultKind::kStopLeader, "stop-leader", false, true, false},
      {FaultKind::kStopFollower, "stop-follower", false, true, false},
      {FaultKind::kStopOrch, "stop-orch", false, true, false},
      {FaultKind::kStopLeaderAndFollower, "stop-leader+follower", false, true, false},
      {FaultKind::kStopFollowerKillLeader, "stop-follower+kill-leader", false, true, false},
      {FaultKind::kCutLeader, "cut-leader", true, true, false},
      {FaultKind::kCutFollower, "cut-follower", true, true, false},
      {FaultKind::kCutLeaderOut, "cut-leader-out", true, true, false},
      {FaultKind::kCutFollowerOut, "cut-follower-out", true, true, false},
      {FaultKind::kCutWorkers, "cut-workers", true, true, false},
      {FaultKind::kCutOrchFromLeader, "cut-orch-leader", true, true, false},
      {FaultKind::kCutFollowerKillLeader, "cut-follower+kill-leader", true, true, false},
      {FaultKind::kFullDisk, "full-disk", true, true, false},
      {FaultKind::kTornTail, "torn-tail", false, true, true},
      {FaultKind::kBitFlip, "bit-flip", false, true, true},
      {FaultKind::kFailedSyncLeader, "failed-sync-leader", false, true, true},
      {FaultKind::kFailedSyncFollower, "failed-sync-follower", false, true, true},
  };
  return kFaults;
}

const FaultInfo& info(FaultKind kind) {
  for (const FaultInfo& fault : all_faults()) {
    if (fault.kind == kind) return fault;
  }
  CHECK(false);
  return all_faults().front();
}

Result<Schedule> Schedule::make(uint64_t seed, std::string_view names, bool links,
                                int64_t longest_hold_ms) {
  std::vector<FaultKind> kinds;
  while (!names.empty()) {
    const std::string name(names.substr(0, names.find(',')));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const auto it = std::find_if(all_faults().begin(), all_faults().end(),
                                 [&](const FaultInfo& fault) { return fault.name == name; });
    if (it == all_faults().end()) return fail(ErrorKind::kUsage, "there is no fault " + name);
    if (it->needs_links && !links) return fail(ErrorKind::kUsage, name + " needs link faults");
    kinds.push_back(it->kind);
  }
  if (kinds.empty()) {
    for (const FaultInfo& fault : all_faults()) {
      if (links || !fault.needs_links) kinds.push_back(fault.kind);
    }
  }
  return Schedule(seed, std::move(kinds), longest_hold_ms);
}

Schedule::Schedule(uint64_t seed, std::vector<FaultKind> kinds, int64_t longest_hold_ms)
    : random_(seed), kinds_(std::move(kinds)), longest_hold_ms_(longest_hold_ms) {}

Fault Schedule::next() {
  if (deck_.empty()) {
    deck_ = kinds_;
    for (size_t i = deck_.size(); i > 1; --i) std::swap(deck_[i - 1], deck_[random_.below(i)]);
  }
  Fault fault;
  fault.kind = deck_.back();
  deck_.pop_back();
  const bool damages = info(fault.kind).damages;
  const bool is_long = random_.chance(kLongPermille) && !damages;
  fault.hold_ms = random_.between(kShortestHoldMs, is_long ? longest_hold_ms_ : kUsualHoldMs);
  if (fault.kind == FaultKind::kFullDisk) fault.hold_ms = std::max(fault.hold_ms, kFullDiskMs);
  fault.pause_ms = random_.between<int64_t>(300, 1500);
  fault.from_whole = !random_.chance(kWhileRecoveringPermille) || damages || damaged_;
  if (!fault.from_whole) fault.pause_ms /= 4;
  fault.choice = random_.next();
  damaged_ = damages;
  return fault;
}

}  // namespace tandem::torture
