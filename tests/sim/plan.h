// What kind of run a seed makes: sizes, speeds and the mix of faults. Each seed draws its own mix
// (swarm testing: Groce and others, 2012), as a run with a little of everything seldom gets deep
// into anything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "repl/context.h"
#include "sim/random.h"

namespace tandem::sim {

constexpr int64_t kMs = 1'000'000;

// What befalls the group from time to time; how often each does is a weight of the plan.
enum class Fault {
  kCrash,
  kPause,       // time goes on, the process does not
  kCut,         // of links: one way, both ways, or a replica from all
  kWipe,        // a disk is replaced by an empty one
  kOtherDisk,   // likewise, and the next time the former one is back (a mount that fails)
  kRemoval,     // a controller asks a replica to leave the set
  kFullDisk,    // for a while
  kFailedSync,  // once; the next one would succeed, without what this one lost
  kBitFlip,     // in data that is known to be durable
  kStoreGone,   // for a while
  kStoreWiped,  // the record is missing for a while
  kElection,    // of the leader itself or of another one, for no reason
  kSplit,       // the leader's side loses sight of the rest, which elects; some of it dies
  kDiskBack,    // a disk becomes an earlier image of itself
  kStoreBack,   // the record goes back to an earlier version
  kEngineLost,  // what applies is gone for a while, and comes back with an earlier state
  kEnd,         // a process ends in good order
  kCount,
};
inline constexpr size_t kFaults = static_cast<size_t>(Fault::kCount);
inline constexpr std::array<std::string_view, kFaults> kFaultNames = {
    "crashes",    "pauses",       "cuts",       "wipes",        "other-disks", "removals",
    "full-disks", "failed-syncs", "bit-flips",  "store-gone",   "store-wiped", "elections",
    "splits",     "disks-back",   "store-back", "engines-lost", "ends"};

struct Plan {
  uint32_t replicas = 3;
  uint32_t clients = 3;
  uint32_t min_in_sync = 1;
  repl::ReplicaOptions replica;  // sizes and times; who it is comes with each start
  int64_t faults_until_ns = 0;   // then everything heals
  int64_t clock_ppm = 0;         // clocks run up to so much fast or slow
  uint32_t reads = 0;            // permille of what clients ask for
  int64_t think_ns = 0;          // of a client between two requests, at most

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
  uint32_t slow_engine = 0;   // of batches
  int64_t engine_ns = 0;      // of a slow one, at most
  bool engine_keeps = false;  // what it wrote, over the life of a process

  uint32_t lost_reply = 0;  // of the record store
  uint32_t late_swap = 0;
  uint32_t refused_swap = 0;
  uint32_t failed_read = 0;
  uint32_t stale_watch = 0;  // an old version of the record is told

  uint32_t sensible_controllers = 0;  // of the two: the real one
  int64_t controller_ns = 0;          // between two looks of one without sense, at most

  std::array<uint32_t, kFaults> weights{};
  int64_t fault_every_ns = 0;
  uint32_t bursts = 0;  // permille of faults that another one follows at once
};

Plan draw_plan(Random& random);
// Makes it one in which disks and the record go back. Only real controllers know what to do then.
void bring_back_the_past(Random random, Plan& plan);
// Makes it one with short ways, long leases and leaders that come and go.
void hunt_for_stale_reads(Random& random, Plan& plan);

}  // namespace tandem::sim
