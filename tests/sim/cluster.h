// One run: a group of replicas with its controllers and clients, the faults that hit it, and the
// end where everything heals and must come together again.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/clients.h"
#include "sim/controllers.h"
#include "sim/node.h"
#include "sim/world.h"

namespace tandem::sim {

// Figures of one run, or sums of many.
struct Outcome {
  uint64_t hash = 0;
  uint64_t seeds = 0;
  uint64_t events = 0;
  uint64_t committed = 0;
  uint64_t answered = 0;
  uint64_t reads = 0;
  uint64_t undecided = 0;  // histories of a key that were too hard to check
  uint64_t epochs = 0;
  std::array<uint64_t, kFaults> faults{};

  void add(const Outcome& other);
};

class Cluster {
 public:
  Cluster(uint64_t seed, bool verbose);
  // What is scheduled refers to the parts, which go first.
  ~Cluster() { world_.schedule.clear(); }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // A broken invariant ends the process.
  Outcome run();

 private:
  void deliver(const repl::Message& message);
  void next_fault();
  bool strike(Fault fault, Node& node);
  void cut_links();
  void split();
  void cut_off(uint64_t side, repl::ReplicaId first);
  bool lose_data(Fault fault, Node& node);
  void heal();
  bool has_converged() const;

  World world_;
  Network network_{world_, [this](const repl::Message& message) { deliver(message); }};
  RecordStore store_{world_};
  Nodes nodes_;
  Clients clients_{world_, network_, nodes_};
  std::vector<std::unique_ptr<ControllerProcess>> controllers_;
  SenselessController* senseless_ = nullptr;
};

}  // namespace tandem::sim
