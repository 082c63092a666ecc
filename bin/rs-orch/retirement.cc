#include "retirement.h"

namespace tandem::orch {

RetirementStep next_step(const RetirementFacts& facts) {
  if (facts.leads) return RetirementStep::kStay;
  if (facts.in_set) return RetirementStep::kWait;
  if (!facts.running) return RetirementStep::kErase;
  return facts.leader_knows && !facts.told_to_stop ? RetirementStep::kStop : RetirementStep::kWait;
}

bool is_needed_back(bool retiring, bool leader_open, size_t in_sync, size_t min_in_sync) {
  return !retiring || !leader_open || in_sync <= min_in_sync;
}

}  // namespace tandem::orch
