// Are the registers and counters of a history linearizable? The search of Wing and Gong (1993) as
// Lowe (2017) made it fast: depth first over the orders that real time allows, never twice through
// the same set of operations with the same value. Keys are checked one by one, which is exact:
// linearizability is local.
//
// The question is NP-complete, so the search has a budget. Where that runs out the verdict is
// kUnknown and never kOk.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "history/history.h"

namespace tandem::history {

struct LinearOptions {
  int64_t initial = kAbsent;            // what every register holds at first
  uint64_t steps_per_key = 2'000'000;   // operations tried; a step keeps about 100 bytes
  std::function<bool()> out_of_time{};  // asked every few thousand steps; empty: never
};

struct Linearity {
  size_t keys = 0;  // that were looked at
  size_t operations = 0;
  uint64_t steps = 0;
  std::vector<std::string> unknown;   // keys whose budget ran out
  std::vector<Violation> violations;  // at most one a key

  // A violation outweighs an unknown key.
  Verdict verdict() const;
};

// Looks at kRead (of level kLinearizable), kWrite, kCompareSet and kIncrement; the other kinds are
// passed over. The same history and budget of steps give the same result.
Linearity check_linearizable(std::span<const Operation> history, const LinearOptions& options = {});

}  // namespace tandem::history
