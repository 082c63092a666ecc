// The faults that can strike the store: a table of what is done to whom. One thread.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "network.h"
#include "processes.h"
#include "schedule.h"
#include "store/cluster.h"

namespace tandem::torture::store {

std::span<const FaultInfo> all_faults();

class Faults {
 public:
  Faults(Cluster& cluster, Processes& processes, Network& network)
      : cluster_(cluster), processes_(processes), network_(network) {}

  // As Subject::inject and Subject::heal.
  Result<std::string> inject(const Fault& fault);
  Status heal();

  enum class Verb {
    kKill,
    kStop,
    kCut,      // from all other processes of the store, both ways
    kCutFrom,  // what it sends to the other one is lost, and the reverse
    kCutOut,   // what it sends to the other one is lost
  };
  enum class Role {
    kLeader,  // of the orders
    kFollower,
    kOtherFollower,
    kCatalog,       // its leader
    kOtherCatalog,  // a replica of it that does not lead
    kThirdCatalog,
    kController,  // the front that is
    kOtherFront,
    kNobody,
  };
  struct Strike {
    Verb verb = Verb::kKill;
    Role whom = Role::kNobody;
    Role other = Role::kNobody;
  };

 private:
  // A process in one of the roles.
  struct Target {
    Program* program = nullptr;  // nullptr: there is none now
    int node = 0;
  };
  struct Targets {
    Target of[static_cast<int>(Role::kNobody)];
    Target& operator[](Role role) { return of[static_cast<int>(role)]; }
  };

  Targets choose(const Fault& fault);
  Status strike(const Strike& strike, Targets& targets, const Fault& fault);
  Status kill(Target& target, const Fault& fault);

  Cluster& cluster_;
  Processes& processes_;
  Network& network_;
  std::vector<pid_t> stopped_;
};

}  // namespace tandem::torture::store
