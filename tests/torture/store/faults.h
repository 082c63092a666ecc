// The faults that can strike the store: a table of what is done to whom. One thread.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "descriptors.h"
#include "network.h"
#include "past.h"
#include "processes.h"
#include "schedule.h"
#include "store/cluster.h"
#include "store/replica_group.h"
#include "subject.h"

namespace tandem::torture::store {

std::span<const FaultInfo> all_faults();

class Faults {
 public:
  // `heavy` is set while a disk is full, so that clients write enough to notice. `tear_all`: a torn
  // tail takes the copies of all replicas of the group, which nobody can survive.
  Faults(Cluster& cluster, Processes& processes, Network& network, std::atomic<bool>& heavy,
         bool tear_all)
      : cluster_(cluster),
        processes_(processes),
        network_(network),
        heavy_(heavy),
        tear_all_(tear_all),
        orders_(ReplicaGroup::Which::kOrders, cluster, processes),
        catalog_(ReplicaGroup::Which::kCatalog, cluster, processes),
        past_(processes.directory() + "/past") {}

  // As Subject::inject and Subject::heal.
  Result<std::string> inject(const Fault& fault);
  Status heal();
  // What became of the replicas whose disks were damaged. REQUIRES: the store is whole.
  void judge(Judgement& judgement);

  enum class Verb {
    kKill,
    kStop,
    kCut,      // from all other processes of the store, both ways
    kCutFrom,  // what it sends to the other one is lost, and the reverse
    kCutOut,   // what it sends to the other one is lost
    kFill,     // no space on its disk, where that is small
    kTear,     // killed, and the end of its log is gone
    kFlip,     // killed, and a bit of its files is another one
    kFailSync,
    kOldDirectory,  // of the group of this one: down, and one directory is an earlier copy
    kOldRecord,     // of the group of this one: its record is an earlier one, or gone
    kStepClock,
    kStepClocks,  // of all
    kStopLogs,    // of all: nobody reads them
    kTakeDescriptors,
    kLoseFiles,  // of the group of this one: what replicas are found by
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
    int id = 0;
    std::string storage_id{};  // of a replica
  };
  struct Targets {
    Target of[static_cast<int>(Role::kNobody)];
    Target& operator[](Role role) { return of[static_cast<int>(role)]; }
  };

  Targets choose(const Fault& fault);
  // Gives what there is to tell, if anything.
  Result<std::string> strike(const Strike& strike, Targets& targets, const Fault& fault);
  Status kill(Target& target, const Fault& fault);
  Status stop(const Target& target);
  Result<std::string> take_descriptors(const Target& target, const Fault& fault);
  Status fill(const Target& target);
  Group& group_of(const Target& target) {
    return target.node <= kOrderReplicas ? orders_ : catalog_;
  }
  Result<std::string> tear_all(Group& group, const Fault& fault);
  Result<std::string> bring_back_the_past(const Strike& strike, Group& group, const Fault& fault);
  Result<std::string> step_clocks(const Fault& fault);
  Result<std::string> damage(const Strike& strike, Targets& targets, const Fault& fault);
  std::string storage_id(const Program& program);
  void look_at_damaged();

  Cluster& cluster_;
  Processes& processes_;
  Network& network_;
  std::atomic<bool>& heavy_;
  const bool tear_all_;
  ReplicaGroup orders_;
  ReplicaGroup catalog_;
  Past past_;
  Descriptors descriptors_;
  std::vector<pid_t> stopped_;
  std::vector<std::string> filled_;  // directories
  // Damaged since the store was whole last.
  std::vector<Target> damaged_;
  int damaged_count_ = 0;
  int joined_anew_ = 0;
};

}  // namespace tandem::torture::store
