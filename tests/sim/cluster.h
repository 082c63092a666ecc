// One run: a group of replicas with its controllers and clients, the faults that hit it, and the
// end where everything heals and must come together again.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/clients.h"
#include "sim/controllers.h"
#include "sim/node.h"
#include "sim/world.h"

namespace tandem::sim {

class Cluster {
 public:
  struct Outcome {
    uint64_t hash = 0;
    uint64_t events = 0;
    uint64_t committed = 0;
    uint64_t answered = 0;
    uint64_t epochs = 0;
  };

  Cluster(uint64_t seed, bool verbose);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  // A broken invariant ends the process.
  Outcome run();

 private:
  void create_group();
  void deliver(const repl::Message& message);
  void fault();
  void crash(Node& node);
  void restart(Node& node);
  void cut_links();
  void wipe(Node& node);
  void heal();
  bool has_converged() const;
  void check_end() const;

  World world_;
  std::vector<std::unique_ptr<Node>> nodes_;
  Controllers controllers_{world_, nodes_};
  Clients clients_{world_, nodes_};
};

}  // namespace tandem::sim
