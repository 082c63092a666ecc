// One group of replicas with its record, its network and its controllers, and the faults that hit
// it, until it heals and must come together again.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string_view>
#include <vector>

#include "sim/controllers.h"
#include "sim/network.h"
#include "sim/node.h"
#include "sim/record_store.h"
#include "sim/world.h"

namespace tandem::sim {

class Group {
 public:
  // The trace calls it by `name`.
  Group(Universe& universe, const Plan& plan, std::string_view name,
        const repl::Controller::Prefer& prefer, const MakeProgram& make);

  void start();
  // One fault, as the weights of the plan say, hits one of the replicas.
  void strike();
  // When the next one does, from now.
  int64_t next_strike_ns();
  // The leader's side loses sight of the rest, which elects, where a controller may do that without
  // a reason.
  void split();
  // The controllers want some replica to lead.
  void hand_over();
  void heal();
  // The next from this node on that leads; mostly the one that leads the latest epoch. `first`
  // itself where none does.
  size_t leading_from(size_t first);
  // Everybody is up, and has applied what the leader has.
  bool has_converged() const;
  // REQUIRES: has_converged()
  void check_states() const;

  World& world() { return world_; }
  const World& world() const { return world_; }
  Network& network() { return network_; }
  const Nodes& nodes() const { return nodes_; }
  const repl::Record& record() const { return store_.record(); }

 private:
  void deliver(const repl::Message& message);
  bool strike(Fault fault, Node& node);
  void cut_links();
  void cut_off(uint64_t side, repl::ReplicaId first);
  bool lose_data(Fault fault, Node& node);
  bool take_disk_back(Node& node);
  bool take_record_back();
  bool stop_everything();
  void calm_down(int64_t within_ms);
  bool is_calm();

  World world_;
  Network network_{world_, [this](const repl::Message& message) { deliver(message); }};
  RecordStore store_{world_};
  const repl::Controller::Prefer prefer_;
  Nodes nodes_;
  std::vector<std::unique_ptr<ControllerProcess>> controllers_;
  SenselessController* senseless_ = nullptr;
  std::set<repl::Member> images_;  // that are in the set, and lacked something
  bool calm_ = false;              // a disk went back: nothing else befalls the group meanwhile
};

}  // namespace tandem::sim
