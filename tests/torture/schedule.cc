#include "schedule.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tandem::torture {
namespace {

constexpr int64_t kShortestHoldMs = 200;
constexpr int64_t kUsualHoldMs = 2'500;
constexpr uint32_t kLongPermille = 150;
constexpr uint32_t kWhileRecoveringPermille = 250;

}  // namespace

Result<Schedule> Schedule::make(std::span<const FaultInfo> faults, uint64_t seed,
                                std::string_view names, bool links, int64_t longest_hold_ms) {
  std::vector<const FaultInfo*> chosen;
  while (!names.empty()) {
    const std::string name(names.substr(0, names.find(',')));
    names.remove_prefix(std::min(names.size(), name.size() + 1));
    const auto it = std::find_if(faults.begin(), faults.end(),
                                 [&](const FaultInfo& fault) { return fault.name == name; });
    if (it == faults.end()) return fail(ErrorKind::kUsage, "there is no fault " + name);
    if (it->needs_links && !links) return fail(ErrorKind::kUsage, name + " needs link faults");
    chosen.push_back(&*it);
  }
  if (chosen.empty()) {
    for (const FaultInfo& fault : faults) {
      if (links || !fault.needs_links) chosen.push_back(&fault);
    }
  }
  return Schedule(seed, std::move(chosen), longest_hold_ms);
}

Schedule::Schedule(uint64_t seed, std::vector<const FaultInfo*> faults, int64_t longest_hold_ms)
    : random_(seed), faults_(std::move(faults)), longest_hold_ms_(longest_hold_ms) {}

Fault Schedule::next() {
  if (deck_.empty()) {
    deck_ = faults_;
    for (size_t i = deck_.size(); i > 1; --i) std::swap(deck_[i - 1], deck_[random_.below(i)]);
  }
  Fault fault;
  fault.info = deck_.back();
  deck_.pop_back();
  const bool damages = fault.info->damages;
  const bool is_long = random_.chance(kLongPermille) && !damages;
  fault.hold_ms = random_.between(kShortestHoldMs, is_long ? longest_hold_ms_ : kUsualHoldMs);
  fault.hold_ms = std::max(fault.hold_ms, fault.info->shortest_hold_ms);
  fault.pause_ms = random_.between<int64_t>(300, 1500);
  fault.from_whole = !random_.chance(kWhileRecoveringPermille) || damages || damaged_;
  if (!fault.from_whole) fault.pause_ms /= 4;
  fault.choice = random_.next();
  damaged_ = damages;
  return fault;
}

}  // namespace tandem::torture
