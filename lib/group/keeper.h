// What a controller without processes of its own does for its group: keeps the registry read, looks
// whether replicas that it has lost are dead, creates the record of a new group, hands leadership
// to the preferred replica. The processes are started by the system's supervisor.
//
// A passive keeper (another process is the active one) reads the registry, and nothing else. What
// has to be fast waits for no timer: a link that breaks is looked at at once.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/function.h"
#include "group/hand_over.h"
#include "group/leadership.h"
#include "group/loss_watch.h"
#include "group/reach.h"
#include "group/replicas.h"
#include "loop/loop.h"

namespace tandem::group {

struct KeeperOptions {
  std::string group;
  std::set<repl::ReplicaId> replicas;  // that a new group begins with
  uint32_t min_in_sync = 1;            // of a new group
  repl::Controller::Prefer prefer;
  bool hand_over = false;
  uint64_t timeout_ms = 5000;  // of a hand-over
  std::string accept_loss;     // the command for it, without group and ids
  std::string program;         // of the replicas
};

class Keeper {
 public:
  Keeper(loop::Loop& loop, Replicas& replicas, Leadership& leadership, KeeperOptions options);

  // Reads the registry once. Errors: those of coord::Coord::members.
  void start(UniqueFunction<void(Status)> done);
  void stop();
  void set_active(bool active);
  // The link to this replica broke.
  void link_lost();
  // Whether a replica reaches what a leader's requests need, as it said now (reach.h).
  void replica_told(repl::ReplicaId id, bool reaches);
  // Whether these in-sync replicas, which do not answer, are proven to be lost; else why not.
  Status may_give_up(const std::vector<repl::Member>& members) const;
  // Why there is no group, "" where nothing is known to be wrong.
  const std::string& trouble() const { return trouble_; }

 private:
  void tick();
  void refresh_if_due();
  bool misses_somebody() const;
  void doubt_lost();
  void create_group();
  void look_for_lost_data();
  std::vector<LossEvidence> evidence(const std::vector<repl::Member>& members) const;
  LossWords words() const;
  void look_for_better_leader();
  std::vector<View> views() const;
  void set_trouble(const Status& status);

  loop::Loop& loop_;
  Replicas& replicas_;
  Leadership& leadership_;
  const KeeperOptions options_;
  HandOver hand_over_;
  Reach reach_;
  loop::Timer ticker_;
  loop::Timer doubter_;
  bool active_ = false;
  std::set<repl::ReplicaId> expected_;  // configured, or seen at some time
  int64_t missing_since_ms_ = 0;        // 0: everybody is there
  int64_t refreshed_ms_ = 0;
  int64_t lost_ms_ = 0;  // when a link broke last
  LossWatch loss_watch_;
  int64_t next_create_ms_ = 0;
  std::string trouble_;
};

}  // namespace tandem::group
