// What simulated processes see of one another: those of one host learn of a death, late or not at
// all, and those of another host learn nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "consul/processes.h"
#include "sim/coord/coord_plan.h"
#include "sim/process.h"
#include "sim/universe.h"

namespace tandem::sim {

// All lives of all processes.
class Lives {
 public:
  struct Life {
    const Process* process = nullptr;
    uint64_t session = 0;
    uint32_t host = 0;
    uint32_t pid = 0;
    bool living() const { return process->up() && process->session() == session; }
  };

  Lives(Universe& universe, const CoordPlan& plan) : universe_(universe), plan_(plan) {}

  // A number for good. The pid is one that nobody who lives on this host has.
  uint64_t begin(const Process& process, uint32_t host);
  const Life* find(uint64_t number) const;
  const Life* of_session(uint64_t session) const;
  // A life has ended: who watches it may be told.
  void ended();

 private:
  friend class Sight;
  friend class SightWatch;

  bool pid_lives(uint32_t host, uint32_t pid) const;

  Universe& universe_;
  const CoordPlan& plan_;
  std::vector<Life> lives_;                        // number n at [n - 1]
  std::map<uint64_t, class SightWatch*> watches_;  // in the order of their making
  uint64_t last_watch_ = 0;
};

class Sight final : public consul::Processes {
 public:
  // All outlive this; begins a life.
  Sight(Lives& lives, Process& process, uint32_t host);

  wire::Json self() const override;
  bool proven_dead(const wire::Json& process) const override;
  std::unique_ptr<Watch> watch(const wire::Json& process, UniqueFunction<void()> on_end) override;
  void may_replace(const coord::Member& earlier, const coord::Member& later,
                   UniqueFunction<void(Status)> done) override;
  void member_proven_dead(coord::Member member, UniqueFunction<void(Result<bool>)> done) override;
  std::string host_name() const override;

 private:
  const Lives::Life* seen(const wire::Json& process) const;

  Lives& lives_;
  Process& process_;
  const uint32_t host_;
  const uint64_t number_;
};

}  // namespace tandem::sim
