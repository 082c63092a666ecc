#include "directory_fate.h"

#include <algorithm>

#include "base/exit_status.h"

namespace tandem::orch {

bool is_distrusted(const DirectoryFacts& facts) {
  return (facts.marked && !facts.old) || facts.exit_status == static_cast<int64_t>(ExitStatus::kIo);
}

StartFate fate_at_start(const DirectoryFacts& facts) {
  if (facts.given_up) return StartFate::kMoveAway;
  // Its leader said so: waiting for one that takes writes could be waiting for itself.
  if (facts.old && facts.has_data) return StartFate::kStartNew;
  if (!is_distrusted(facts) || !facts.has_data) return StartFate::kStart;
  if (!facts.record_known) return StartFate::kWait;
  // Who is seen to have the data, not who should have it.
  const bool held = facts.leader_open && !facts.leads && facts.good_copies > 0;
  if (!facts.in_set && held) return StartFate::kStartNew;
  // The set goes on without it, in time, by itself.
  if (facts.in_set && facts.set_may_shrink && facts.others_may_lead) return StartFate::kWait;
  // It cannot get smaller: the same worker has to come back as another member.
  if (held) return StartFate::kStartNew;
  return facts.others_may_lead ? StartFate::kWait : StartFate::kTrust;
}

bool may_be_removed(const DirectoryFacts& facts) {
  if (!facts.has_data) return true;
  if (!facts.record_known || facts.in_set || !facts.leader_open) return false;
  return facts.good_copies >= std::max<size_t>(1, facts.min_in_sync);
}

}  // namespace tandem::orch
