// In which order a seed brings the faults of a table. Pure: the same table, seed and choices give
// the same faults, lengths and targets; when exactly each one strikes depends on how long the
// system takes to recover from the one before.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/random.h"

namespace tandem::torture {

struct FaultInfo {
  int kind;  // for those who carry it out
  const char* name;
  bool needs_links;
  bool holds;    // lasts until it is healed
  bool damages;  // takes the copy of one member: nothing else may go wrong meanwhile
  int64_t shortest_hold_ms = 0;  // 0: as for all
  // Writes are acknowledged while it lasts, in its second half at the latest.
  bool is_survived = false;
};

struct Fault {
  const FaultInfo* info = nullptr;
  int64_t hold_ms = 0;
  int64_t pause_ms = 0;    // before it
  bool from_whole = true;  // waits until the system is whole; else it comes while it recovers
  uint64_t choice = 0;     // of a target, a file, a place
};

class Schedule {
 public:
  // `faults` outlives it. `names`: with commas; empty: all that are possible. kUsage: there is no
  // such fault.
  static Result<Schedule> make(std::span<const FaultInfo> faults, uint64_t seed,
                               std::string_view names, bool links, int64_t longest_hold_ms);
  // Deals all of them once in random order, then again.
  Fault next();

 private:
  Schedule(uint64_t seed, std::vector<const FaultInfo*> faults, int64_t longest_hold_ms);

  sim::Random random_;
  std::vector<const FaultInfo*> faults_;
  std::vector<const FaultInfo*> deck_;
  int64_t longest_hold_ms_;
  bool damaged_ = false;  // the one before took a copy
};

}  // namespace tandem::torture
