// The simulated network: messages travel as bytes and may be lost, doubled, late, out of order, or
// stopped by a cut in one direction.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <utility>

#include "base/function.h"
#include "repl/message.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/schedule.h"
#include "sim/trace.h"

namespace tandem::sim {

class Network {
 public:
  using Deliver = UniqueFunction<void(const repl::Message&)>;

  Network(Schedule& schedule, Random& random, Trace& trace, const Plan& plan)
      : schedule_(schedule), random_(random), trace_(trace), plan_(plan) {}

  void deliver_to(Deliver deliver) { deliver_ = std::move(deliver); }
  void send(const repl::Message& message);
  void cut(repl::ReplicaId from, repl::ReplicaId to) { cuts_.emplace(from, to); }
  void mend_cuts() { cuts_.clear(); }
  // No more faults.
  void heal() {
    cuts_.clear();
    healed_ = true;
  }
  // How long something takes on its way now.
  int64_t delay();

 private:
  void put_on_its_way(const repl::Message& message);
  void arrive(const std::string& bytes);

  Schedule& schedule_;
  Random& random_;
  Trace& trace_;
  const Plan& plan_;
  Deliver deliver_;
  std::set<std::pair<repl::ReplicaId, repl::ReplicaId>> cuts_;
  bool healed_ = false;
};

}  // namespace tandem::sim
