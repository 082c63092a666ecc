// One run of the protocol alone: a group of replicas with its clients, the faults that hit it, and
// the end where everything heals.
#pragma once

#include <cstdint>

#include "sim/clients.h"
#include "sim/group.h"
#include "sim/outcome.h"
#include "sim/universe.h"

namespace tandem::sim {

class Cluster {
 public:
  Cluster(uint64_t seed, bool verbose);
  // What is scheduled refers to the parts, which go first.
  ~Cluster() { universe_.schedule.clear(); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // A broken invariant ends the process.
  Outcome run();

 private:
  void next_fault();

  Universe universe_;
  Group group_;
  Clients clients_;
};

}  // namespace tandem::sim
