// The two controllers of a group, at work at once. One may be the real one (repl::Controller), or
// one without sense, that elects whichever in-sync replica answers, often for no reason, and tells
// things late, twice or not at all. Whatever they do must be safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "repl/controller.h"
#include "sim/network.h"
#include "sim/node.h"
#include "sim/record_store.h"
#include "sim/world.h"

namespace tandem::sim {

using Nodes = std::vector<std::unique_ptr<Node>>;

class ControllerProcess {
 public:
  virtual ~ControllerProcess() = default;
  virtual void receive(const repl::Message& answer) = 0;
  // It should make this replica the leader, if it can.
  virtual void hand_over(repl::ReplicaId) {}
};

// `number`: above 0, another one for each.
std::unique_ptr<ControllerProcess> sensible_controller(uint64_t number, World& world,
                                                       Network& network, RecordStore& store,
                                                       const Nodes& nodes,
                                                       const repl::Controller::Prefer& prefer);

// Also a source of faults: its elections need no reason.
class SenselessController final : public ControllerProcess {
 public:
  SenselessController(World& world, Network& network, RecordStore& store, const Nodes& nodes);

  void receive(const repl::Message& answer) override;
  // Elects somebody at the next look.
  void want_election() { wants_election_ = true; }
  void ask_to_leave(repl::ReplicaId subject);

 private:
  void look();
  void decide();
  void elect();
  void announce(const repl::Record& record);
  void tell_deaths(const repl::Record& record);
  void send(repl::Message message, repl::ReplicaId to, const repl::Record& record);

  World& world_;
  Network& network_;
  RecordStore& store_;
  const Nodes& nodes_;
  std::optional<repl::Record> record_;
  uint64_t question_ = 0;
  std::map<repl::ReplicaId, repl::Message> answers_;
  repl::Epoch watched_epoch_ = 0;
  int64_t watched_since_ns_ = 0;
  bool wants_election_ = false;
  std::vector<repl::Message> sent_;
};

}  // namespace tandem::sim
