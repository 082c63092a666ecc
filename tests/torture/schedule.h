// Which faults there are, and in which order a seed brings them. Pure: the same seed and choices
// give the same faults, lengths and targets; when exactly each one strikes depends on how long the
// system takes to recover from the one before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/random.h"

namespace tandem::torture {

enum class FaultKind : uint8_t {
  kKillLeader,
  kKillFollower,
  kKillOrch,
  kKillLeaderAndOrch,
  kKillLeaderAndFollower,
  kKillFollowers,
  kKillWorkers,
  kKillServices,
  kStopLeader,
  kStopFollower,
  kStopOrch,
  kStopLeaderAndFollower,
  kStopFollowerKillLeader,
  kCutLeader,       // from everybody, both ways
  kCutFollower,     // from everybody, both ways
  kCutLeaderOut,    // what the leader sends to the other workers is lost
  kCutFollowerOut,  // what a follower sends to the leader is lost
  kCutWorkers,      // all workers from each other; rs-orch reaches them all
  kCutOrchFromLeader,
  kCutFollowerKillLeader,
  kFullDisk,
  kTornTail,
  kBitFlip,
  kFailedSyncLeader,
  kFailedSyncFollower,
};

struct FaultInfo {
  FaultKind kind;
  const char* name;
  bool needs_links;
  bool holds;    // lasts until it is healed
  bool damages;  // takes the copy of one member: nothing else may go wrong meanwhile
};

const std::vector<FaultInfo>& all_faults();
const FaultInfo& info(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kKillLeader;
  int64_t hold_ms = 0;
  int64_t pause_ms = 0;    // before it
  bool from_whole = true;  // waits until the system is whole; else it comes while it recovers
  uint64_t choice = 0;     // of a target, a file, a place
};

class Schedule {
 public:
  // `names`: with commas; empty: all that are possible. kUsage: there is no such fault.
  static Result<Schedule> make(uint64_t seed, std::string_view names, bool links,
                               int64_t longest_hold_ms);
  // Deals all kinds once in random order, then again.
  Fault next();

 private:
  Schedule(uint64_t seed, std::vector<FaultKind> kinds, int64_t longest_hold_ms);

  sim::Random random_;
  std::vector<FaultKind> kinds_;
  std::vector<FaultKind> deck_;
  int64_t longest_hold_ms_;
  bool damaged_ = false;  // the one before took a copy
};

}  // namespace tandem::torture
