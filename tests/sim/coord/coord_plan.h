// What kind of run of coordination a seed makes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/plan.h"
#include "sim/random.h"

namespace tandem::sim {

// What befalls processes, agents and Consul's servers from time to time.
enum class CoordFault {
  kCrash,
  kEnd,          // a process ends in good order
  kPause,        // time goes on, the process does not
  kRelease,      // a process lets go of its locks, and waits for them again later
  kAgentGone,    // connections are refused
  kAgentSilent,  // ... are cut: nothing comes through
  kAgentAlone,   // an agent finds no server
  kLeaderLost,   // no server leads
  kDenied,       // tokens are refused
  kSessionLost,  // an operator ends a session
  kReaped,       // what was removed is forgotten
  kRestored,     // a snapshot of an earlier time is put back
  kWiped,
  kCount,
};
inline constexpr size_t kCoordFaults = static_cast<size_t>(CoordFault::kCount);
inline constexpr std::array<std::string_view, kCoordFaults> kCoordFaultNames = {
    "crashes", "ends",    "pauses",   "releases", "agents-gone", "agents-silent", "agents-alone",
    "leaders", "denials", "sessions", "reaped",   "restores",    "wipes"};

struct CoordPlan {
  Plan ways;  // the chances of a network, and the rates of clocks; the rest has no meaning
  uint32_t lost_reply = 0;  // permille of requests that are carried out
  int64_t faults_until_ns = 0;

  uint32_t processes = 2;
  uint32_t hosts = 1;  // processes of one host see whether another one lives
  uint32_t agents = 1;
  uint32_t locks = 1;
  uint32_t pids = 1;              // so many that are used again and again
  int64_t swap_every_ns = 0;      // of a process, at most
  uint32_t old_expectations = 0;  // permille of swaps that expect what was before
  uint32_t without_text = 0;      // permille of swaps that expect a version alone
  uint32_t stale = 0;             // permille of reads without consistency
  uint32_t proofs = 0;            // permille of looks at a dead process that see it
  int64_t proof_ns = 0;           // until a death is told, at most
  bool reasserts = true;          // a restored leader begins the timers of sessions anew

  std::array<uint32_t, kCoordFaults> weights{};
  int64_t fault_every_ns = 0;
  uint32_t bursts = 0;  // permille of faults that another one follows at once
};

CoordPlan draw_coord_plan(Random& random);

}  // namespace tandem::sim
