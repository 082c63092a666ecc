// Figures of one run, or sums of many.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "sim/coord/coord_plan.h"
#include "sim/plan.h"
#include "sim/store/steps.h"
#include "sim/store/store_plan.h"

namespace tandem::sim {

struct Outcome {
  uint64_t hash = 0;
  uint64_t seeds = 0;
  uint64_t events = 0;
  uint64_t committed = 0;
  uint64_t answered = 0;
  uint64_t reads = 0;
  uint64_t undecided = 0;  // histories of a key that were too hard to check
  uint64_t epochs = 0;
  std::array<uint64_t, kFaults> faults{};
  // Of the store alone.
  uint64_t orders = 0;
  uint64_t hits = 0;
  uint64_t evicted = 0;
  uint64_t invalidated = 0;
  uint64_t refused = 0;  // answers of fills that were not stored
  std::array<uint64_t, kStoreFaults> store_faults{};
  std::array<uint64_t, kSteps> steps{};  // at which something happened
  // Of coordination alone.
  std::array<uint64_t, kCoordFaults> coord_faults{};

  void add(const Outcome& other) {
    hash ^= other.hash;
    seeds += other.seeds;
    events += other.events;
    committed += other.committed;
    answered += other.answered;
    reads += other.reads;
    undecided += other.undecided;
    epochs += other.epochs;
    orders += other.orders;
    hits += other.hits;
    evicted += other.evicted;
    invalidated += other.invalidated;
    refused += other.refused;
    for (size_t i = 0; i < kFaults; ++i) faults[i] += other.faults[i];
    for (size_t i = 0; i < kStoreFaults; ++i) store_faults[i] += other.store_faults[i];
    for (size_t i = 0; i < kSteps; ++i) steps[i] += other.steps[i];
    for (size_t i = 0; i < kCoordFaults; ++i) coord_faults[i] += other.coord_faults[i];
  }
};

}  // namespace tandem::sim
