// Looks after replicas whose processes others start, as the system's supervisor does: looks whether
// replicas that it has lost are dead. A passive keeper (another process is the active one) does not.
// What has to be fast waits for no timer: a link that breaks is looked at at once.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "group/caretaker.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "loop/loop.h"

namespace tandem::group {

struct KeeperOptions {
  std::string group;
  std::set<repl::ReplicaId> replicas;  // that a new group begins with
  std::string accept_loss;             // the command for it, without group and ids
  std::string program;                 // of the replicas
};

class Keeper final : public Caretaker {
 public:
  Keeper(loop::Loop& loop, Replicas& replicas, Leadership& leadership, KeeperOptions options);

  void set_role(Role role) override;
  void look() override;
  void replica_up(const ReplicaLink&) override {}
  void link_lost() override;
  std::optional<std::set<repl::ReplicaId>> founders() override { return options_.replicas; }
  std::vector<LossEvidence> evidence(const std::vector<repl::Member>& members) const override;
  LossWords words() const override;
  std::string trouble() const override { return {}; }
  void drain(UniqueFunction<void()> done) override;

 private:
  void doubt_lost();

  loop::Loop& loop_;
  Replicas& replicas_;
  Leadership& leadership_;
  const KeeperOptions options_;
  loop::Timer doubter_;
  bool acts_ = false;
  std::set<repl::ReplicaId> expected_;  // configured, or seen at some time
  int64_t lost_ms_ = 0;                 // when a link broke last
};

}  // namespace tandem::group
