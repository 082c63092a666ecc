// What kind of run a seed makes: sizes, speeds and the mix of faults. Each seed draws its own mix
// (swarm testing: Groce and others, 2012), as a run with a little of everything seldom gets deep
// into anything.
#pragma once

#include <cstddef>
#include <cstdint>

#include "repl/context.h"
#include "sim/random.h"

namespace tandem::sim {

struct Plan {
  uint32_t replicas = 3;
  uint32_t clients = 3;
  uint32_t min_in_sync = 1;
  repl::ReplicaOptions replica;  // sizes and times; who it is comes with each start
  int64_t faults_until_ns = 0;   // then everything heals

  // The chances are permille, while faults last.
  uint32_t lose = 0;
  uint32_t twice = 0;
  uint32_t late = 0;
  int64_t late_ns = 0;
  uint32_t shortened = 0;  // of appends: a leader may send any part of what it has
  int64_t delay_ns = 0;    // of an ordinary message, at most

  int64_t sync_ns = 0;  // of an ordinary fsync, at most
  uint32_t slow_sync = 0;
  uint32_t snapshot_every = 0;  // entries; 0: never
  uint32_t failed_chunk = 0;

  uint32_t lost_reply = 0;  // of the record store
  uint32_t late_swap = 0;
  uint32_t refused_swap = 0;
  uint32_t failed_read = 0;

  uint32_t needless_election = 0;
  int64_t controller_ns = 0;  // between two looks at the group, at most

  // How often each fault comes, relative to the others.
  uint32_t crashes = 0;
  uint32_t pauses = 0;
  uint32_t cuts = 0;
  uint32_t wipes = 0;
  uint32_t removals = 0;
  int64_t fault_every_ns = 0;
};

Plan draw_plan(Random& random);

}  // namespace tandem::sim
