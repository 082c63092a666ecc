// How a worker goes for good, as long as the others are well without it. Pure.
//
// It is taken out of the in-sync set, or kept out of it, before its process is told to stop: by the
// time that takes, the leader would take it in where another one has left. So the leader is asked
// again and again until the process has ended.
#pragma once

#include <cstddef>

namespace tandem::orch {

struct RetirementFacts {
  bool leads = false;
  bool in_set = false;
  bool running = false;
  bool told_to_stop = false;
  bool leader_knows = false;  // the present leader has heard that this one is to stay out
};

enum class RetirementStep {
  kStay,   // it was chosen as master meanwhile: another one goes
  kWait,   // for the leader, or for the process to end
  kStop,   // the process
  kErase,  // the directory
};
RetirementStep next_step(const RetirementFacts& facts);

// Whether a member of the set that is not running is to be started, rather than left to be taken
// out of the set.
bool is_needed_back(bool retiring, bool leader_open, size_t in_sync, size_t min_in_sync);

}  // namespace tandem::orch
