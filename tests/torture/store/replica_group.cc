#include "store/replica_group.h"

namespace tandem::torture::store {

std::vector<std::string> ReplicaGroup::directories() const {
  std::vector<std::string> directories;
  for (int id = 1; id <= size(); ++id)
    directories.push_back(is_orders_ ? cluster_.order_directory(id)
                                     : cluster_.catalog_directory(id));
  return directories;
}

std::vector<std::string> ReplicaGroup::sockets() const {
  std::vector<std::string> sockets;
  for (int id = 1; id <= size(); ++id) {
    const std::string socket = cluster_.socket(replica(id));
    if (!socket.empty()) sockets.push_back(socket);
  }
  return sockets;
}

Status ReplicaGroup::halt(Who who) {
  std::vector<pid_t> pids;
  const auto take = [&](Program& program) {
    program.stays_down = true;
    pids.push_back(program.pid);
  };
  for (int number = 1; number <= kFronts && who != Who::kReplicas; ++number)
    take(cluster_.front(number));
  for (int id = 1; id <= size() && who != Who::kControllers; ++id) take(replica(id));
  return processes_.kill_at_once(pids);
}

void ReplicaGroup::start_controllers() {
  for (int number = 1; number <= kFronts; ++number) cluster_.front(number).stays_down = false;
}

}  // namespace tandem::torture::store
