// A group of replicas as a whole, for faults that strike all of its processes at one moment or that
// need none of them to run. One thread.
//
// Its controllers are the processes that choose its leader.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "coordination.h"

namespace tandem::torture {

class Group {
 public:
  virtual ~Group() = default;

  virtual const std::string& name() const = 0;
  virtual uint32_t min_in_sync() const = 0;
  // Its record and its members; outlives the group.
  virtual Coordination& coordination() const = 0;
  // Of the replicas, by their ids from 1 on.
  virtual std::vector<std::string> directories() const = 0;

  // What others find it by, besides its registry.
  virtual std::vector<std::string> sockets() const = 0;

  enum class Who { kControllers, kReplicas, kAll };
  // SIGKILL to all of them at one moment: none sees another one go. None of them is started again
  // before the calls below. Where this fails some may be down.
  virtual Status halt(Who who) = 0;
  virtual void start_controllers() = 0;
  virtual void start_replica(int id) = 0;
  void start_all() {
    start_controllers();
    for (int id = 1; id <= static_cast<int>(directories().size()); ++id) start_replica(id);
  }
};

}  // namespace tandem::torture
