// The workers of the database as a group, with rs-orch as its controller.
#pragma once

#include <string>
#include <vector>

#include "database/cluster.h"
#include "group.h"
#include "processes.h"

namespace tandem::torture::database {

class WorkerGroup final : public Group {
 public:
  WorkerGroup(Cluster& cluster, Processes& processes) : cluster_(cluster), processes_(processes) {}

  const std::string& name() const override { return cluster_.group(); }
  uint32_t min_in_sync() const override { return cluster_.min_in_sync(); }
  Coordination& coordination() const override { return cluster_.coordination(); }
  std::vector<std::string> directories() const override;
  std::vector<std::string> sockets() const override { return cluster_.sockets(); }
  Status halt(Who who) override;
  void start_controllers() override { cluster_.expect_orch_down(false); }
  void start_replica(int id) override { cluster_.release(id); }

 private:
  Cluster& cluster_;
  Processes& processes_;
};

}  // namespace tandem::torture::database
