// One run of coordination alone: processes with the shipped back end of Consul, agents, the faults
// that hit them, and the end where everything heals and must come together again.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/coord/agents.h"
#include "sim/coord/coord_checks.h"
#include "sim/coord/coord_plan.h"
#include "sim/coord/coord_process.h"
#include "sim/coord/sight.h"
#include "sim/outcome.h"
#include "sim/universe.h"

namespace tandem::sim {

class Coordination {
 public:
  Coordination(uint64_t seed, bool verbose);
  // What is scheduled refers to the parts, which go first.
  ~Coordination() { universe_.schedule.clear(); }
  Coordination(const Coordination&) = delete;
  Coordination& operator=(const Coordination&) = delete;

  // A broken invariant ends the process.
  Outcome run();

 private:
  void key_changes(const std::string& name, const ConsulModel::Entry* before,
                   const ConsulModel::Entry* after);
  void run_one();
  void check_claims();
  void next_fault();
  bool strike(CoordFault fault);
  bool strike_process(CoordFault fault, CoordProcess& process);
  void agent_fails(AgentState how);
  void goes_back(bool wiped);
  void take_snapshots();
  const ConsulModel::Entry* key(const std::string& name) const;
  void elect_leader();
  void heal();
  // Empty: nothing, it has come together.
  std::string_view what_is_missing() const;
  bool lock_is_held_once(size_t lock) const;
  void come_together();
  void stay_quiet();

  Universe universe_;
  const CoordPlan plan_;
  Agents agents_;
  Lives lives_;
  CoordChecks checks_;
  std::vector<std::unique_ptr<CoordProcess>> processes_;
  std::vector<ConsulModel::State> snapshots_;
  bool stuck_sessions_ = false;  // that came back, and whose time does not run
  std::map<std::pair<uint32_t, size_t>, int64_t> unfounded_ns_;  // claims: since when
  std::array<uint64_t, kCoordFaults> faults_{};                  // that came
};

}  // namespace tandem::sim
