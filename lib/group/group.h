// A group of replicas as seen by a process outside of it: who leads it, and the way of requests to
// it. Active in one process at a time, which then also chooses leaders; passive in all others,
// which follow the record and change nothing. Who is active its owner knows, by a lock of the
// coordination service.
//
// The active one may be stopped or cut off and hold its lock all the same. So a passive one that
// sees no leader for stand_in_after_ms acts until there is one (stand_in.h): controllers do
// each other no harm, as every change is a compare-and-swap.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include "base/function.h"
#include "coord/coord.h"
#include "daemon/part.h"
#include "group/gateway.h"
#include "group/keeper.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "group/stand_in.h"
#include "group/view.h"
#include "loop/loop.h"

namespace tandem::group {

struct GroupOptions {
  std::string group;
  std::set<repl::ReplicaId> replicas;  // that a new group begins with; of no use to a passive one
  uint32_t min_in_sync = 1;            // of a new group
  repl::Controller::Prefer prefer = prefer_lowest_pid;
  bool hand_over = false;      // to the preferred replica, while another one leads well
  uint32_t timeout_ms = 5000;  // of a request
  uint64_t max_in_flight = 10000;
  uint64_t settle_ms = 60'000;      // LeadershipOptions
  uint32_t stand_in_after_ms = 0;   // 0: a passive one never acts
  std::string accept_loss;          // the command for it, without group and ids; told in errors
  std::string program = "replica";  // of the replicas, told in errors
};

class Group final : public daemon::Part {
 public:
  // `coord` outlives this. It begins passive.
  Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options);

  // May be called before start().
  void set_active(bool active);
  // Whether it acts though it is passive.
  bool stands_in() const { return stands_in_; }
  // Called each time when readiness may have changed: the leader, its being there, the set.
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }

  // What an operator wants where all in-sync replicas are lost: Leadership::accept_loss, within the
  // time of a request. Without `force` only what is proven to be lost is given up (group/loss.h).
  void accept_loss(const std::set<repl::ReplicaId>& given_up, bool force, Leadership::Done done);

  // Whether a replica reaches what a leader's requests need, as it said now: where leadership may
  // be handed over it goes, in time, from one that does not to one that does.
  void replica_told(repl::ReplicaId id, bool reaches) { keeper_.replica_told(id, reaches); }

  const std::string& group() const { return group_; }
  Gateway& gateway() { return gateway_; }
  Leadership& leadership() { return leadership_; }
  Replicas& replicas() { return replicas_; }
  // Ready: there is a leader that takes writes; else why not.
  Status readiness() const;

  std::string_view name() const override { return "group"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  void changed();
  void act();
  void look_for_leader();

  const std::string group_;
  const uint32_t timeout_ms_;
  Replicas replicas_;
  Leadership leadership_;
  Gateway gateway_;
  Keeper keeper_;
  loop::Timer looker_;
  bool active_ = false;
  StandIn stand_in_;
  bool stands_in_ = false;
  std::function<void()> on_change_;
};

}  // namespace tandem::group
