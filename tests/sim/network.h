// The simulated network: messages travel as bytes and may be lost, doubled, late, out of order, or
// stopped by a cut in one direction.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/function.h"
#include "repl/message.h"
#include "sim/world.h"

namespace tandem::sim {

class Network {
 public:
  using Deliver = UniqueFunction<void(const repl::Message&)>;

  Network(World& world, Deliver deliver) : world_(world), deliver_(std::move(deliver)) {}

  void send(const repl::Message& message);
  void cut(repl::ReplicaId from, repl::ReplicaId to) { cuts_.emplace(from, to); }
  void mend_cuts() { cuts_.clear(); }
  // The record store is where the controllers are.
  bool reaches_store(repl::ReplicaId id) const {
    return !cuts_.contains({id, repl::kController}) && !cuts_.contains({repl::kController, id});
  }
  int64_t delay() { return world_.universe.delay_ns(world_.plan); }

 private:
  void arrive(const std::string& bytes);

  World& world_;
  Deliver deliver_;
  std::set<std::pair<repl::ReplicaId, repl::ReplicaId>> cuts_;
};

}  // namespace tandem::sim
