// Carries faults out against a cluster, and heals them.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <string>
#include <vector>

#include "base/result.h"
#include "database/cluster.h"
#include "database/consul_faults.h"
#include "database/postgres_faults.h"
#include "database/worker_group.h"
#include "descriptors.h"
#include "network.h"
#include "past.h"
#include "processes.h"
#include "schedule.h"
#include "subject.h"

namespace tandem::torture::database {

enum class FaultKind : int {
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
  kOldDirectory,
  kOldRecord,
  kClockLeader,
  kClockFollower,
  kClockOrch,
  kClockAll,
  kLostFiles,
  kLostFilesKillLeader,
  kStoppedLogs,
  kStoppedLogsKillLeader,
  kFewDescriptorsLeader,
  kFewDescriptorsFollower,
  kFewDescriptorsKillLeader,  // of a follower
  // Of the PostgreSQL of a worker. A session is one of the worker's.
  kEndSessionLeader,
  kEndSessionFollower,
  kKillBackendLeader,
  kKillBackendFollower,
  kKillPostgresLeader,
  kKillPostgresFollower,
  kKillPostgresAll,
  kKillPostgresAndLeader,   // the leader and its own one
  kKillPostgresKillLeader,  // the leader and that of a follower
  kStopSessionLeader,
  kStopSessionFollower,
  kStopPostgresLeader,
  kStopPostgresFollower,
  kStopPostgresAll,
  kStopPostgresKillLeader,  // the leader is killed, that of a follower is stopped
  kLockLeader,
  kLockFollower,
  // Of the Consul that all of them coordinate by; its leader, and that of the workers.
  kConsulKillLeader,
  kConsulKillAll,
  kConsulStopLeader,
  kConsulStopAll,
  kConsulCutLeader,
  kConsulWipe,
  kConsulRestore,
  kConsulKillLeaderKillLeader,
  kConsulStopAllKillLeader,
};

// Those of PostgreSQL and of Consul only where these are used.
std::vector<FaultInfo> all_faults(const Settings& settings);

class Faults {
 public:
  // `heavy` is set while a disk is full, so that clients write enough to notice.
  Faults(Cluster& cluster, Processes& processes, Network& network, std::atomic<bool>& heavy)
      : cluster_(cluster),
        processes_(processes),
        network_(network),
        heavy_(heavy),
        group_(cluster, processes),
        postgres_(cluster.postgres()),
        consul_(cluster.consul()),
        past_(processes.directory() + "/past") {}

  // Gives whom it struck. kUnavailable: there is nobody now whom this fault could strike; nothing
  // was done.
  Result<std::string> inject(const Fault& fault);
  // Ends what inject began. Processes that were killed are started again by those who watch them.
  Status heal();
  // What became of what was damaged. REQUIRES: the database is whole.
  void judge(Judgement& judgement) { past_.judge(judgement); }

 private:
  struct Target {
    Replica leader;
    std::vector<Replica> followers;  // the chosen one first
  };
  Result<std::string> strike(const Fault& fault);
  Result<Target> choose(const Fault& fault);
  Result<std::string> kill_some(const Fault& fault, const Target& target);
  Result<std::string> stop_some(const Fault& fault, const Target& target);
  Result<std::string> cut_some(const Fault& fault, const Target& target);
  Result<std::string> damage(const Fault& fault, const Target& target);
  Result<std::string> fill(const Target& target);
  Result<std::string> bring_back_the_past(const Fault& fault);
  Result<std::string> step_clocks(const Fault& fault, const Target& target);
  Result<std::string> stop_logs(const Fault& fault, const Target& target);
  Result<std::string> take_descriptors(const Fault& fault, const Target& target);
  Result<std::string> lose_files(const Fault& fault, const Target& target);
  Result<std::string> strike_postgres(const Fault& fault, const Target& target);
  Result<std::string> strike_consul(const Fault& fault, const Target& target);
  Status isolate(const Replica& replica);
  Status kill(const Replica& replica) { return processes_.signal(replica.pid, SIGKILL); }
  Status kill_orch();
  Status stop(pid_t pid);

  Cluster& cluster_;
  Processes& processes_;
  Network& network_;
  std::atomic<bool>& heavy_;
  WorkerGroup group_;
  PostgresFaults postgres_;
  ConsulFaults consul_;
  Past past_;
  Descriptors descriptors_;
  std::vector<pid_t> stopped_;
  bool filled_ = false;
};

}  // namespace tandem::torture::database
