// The replicas of the orders or of the catalog as a group, with the fronts as its controllers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "group.h"
#include "group_files.h"
#include "processes.h"
#include "store/cluster.h"

namespace tandem::torture::store {

class ReplicaGroup final : public Group {
 public:
  enum class Which { kOrders, kCatalog };
  ReplicaGroup(Which which, Cluster& cluster, Processes& processes)
      : is_orders_(which == Which::kOrders),
        cluster_(cluster),
        processes_(processes),
        name_(is_orders_ ? "orders" : "catalog"),
        coordination_(std::make_unique<LocalCoordination>(cluster.coordination(name_))) {}

  const std::string& name() const override { return name_; }
  uint32_t min_in_sync() const override { return size() == 1 ? 1 : 2; }
  Coordination& coordination() const override { return *coordination_; }
  std::vector<std::string> directories() const override;
  std::vector<std::string> sockets() const override;
  Status halt(Who who) override;
  void start_controllers() override;
  void start_replica(int id) override { replica(id).stays_down = false; }

 private:
  int size() const { return is_orders_ ? kOrderReplicas : cluster_.shape().catalogs; }
  Program& replica(int id) const { return is_orders_ ? cluster_.order(id) : cluster_.catalog(id); }

  const bool is_orders_;
  Cluster& cluster_;
  Processes& processes_;
  const std::string name_;
  const std::unique_ptr<LocalCoordination> coordination_;
};

}  // namespace tandem::torture::store
