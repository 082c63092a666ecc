#include "database/worker_group.h"

#include <signal.h>

namespace tandem::torture::database {

std::vector<std::string> WorkerGroup::directories() const {
  std::vector<std::string> directories;
  for (int id = 1; id <= Cluster::kWorkers; ++id)
    directories.push_back(cluster_.worker_directory(id));
  return directories;
}

Status WorkerGroup::halt(Who who) {
  std::vector<pid_t> pids;
  if (who != Who::kControllers) {
    const std::vector<Replica> replicas = cluster_.replicas();
    if (replicas.size() != Cluster::kWorkers)
      return fail(ErrorKind::kUnavailable, "not all workers are there");
    for (const Replica& replica : replicas) {
      cluster_.hold(replica.id);
      pids.push_back(replica.pid);
    }
  }
  if (who != Who::kReplicas) {
    cluster_.expect_orch_down(true);
    pids.push_back(cluster_.orch_pid());
  }
  return processes_.kill_at_once(pids);
}

}  // namespace tandem::torture::database
