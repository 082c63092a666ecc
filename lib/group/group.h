// A group of replicas as seen by a process outside of it: who leads it, and the way of requests to
// it. Active in one process at a time, which then also chooses leaders; passive in all others,
// which follow the record and change nothing. Who is active its owner knows, by a lock of the
// coordination service.
//
// The active one creates the record of a new group, hands leadership to the preferred replica where
// that is wanted, and tells when data is lost. The processes of the replicas are its caretaker's
// (caretaker.h).
//
// The active one may be stopped or cut off and hold its lock all the same. So a passive one that
// sees no leader for stand_in_after_ms acts until there is one (stand_in.h): controllers do each
// other no harm, as every change is a compare-and-swap.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/function.h"
#include "coord/coord.h"
#include "daemon/part.h"
#include "group/caretaker.h"
#include "group/gateway.h"
#include "group/group_targets.h"
#include "group/hand_over.h"
#include "group/leadership.h"
#include "group/loss_watch.h"
#include "group/reach.h"
#include "group/replicas.h"
#include "group/stand_in.h"
#include "group/view.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "wire/json.h"

namespace tandem::group {

struct GroupOptions {
  std::string group;
  uint32_t min_in_sync = 1;  // of a new group
  repl::Controller::Prefer prefer = prefer_lowest_pid;
  repl::Nouns nouns;
  bool hand_over = false;      // to the preferred replica, while another one leads well
  uint32_t timeout_ms = 5000;  // of a request
  uint64_t max_in_flight = 10000;
  wire::Consistency consistency = wire::Consistency::kLinearizable;  // of a read that names none
  uint64_t look_every_ms = 20;                                       // Caretaker::look()
  uint64_t settle_ms = 60'000;                                       // LeadershipOptions
  bool tells_deaths = false;                                         // LeadershipOptions
  uint32_t stand_in_after_ms = 0;                                    // 0: a passive one never acts

  // --- where a Keeper looks after it ---
  std::set<repl::ReplicaId> replicas;  // that a new group begins with; of no use to a passive one
  std::string accept_loss;             // the command for it, without group and ids; told in errors
  std::string program = "replica";     // of the replicas, told in errors
};

class Group final : public daemon::Part {
 public:
  // `coord` outlives this. It begins passive. A Keeper looks after its replicas.
  Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options);
  // Another caretaker does.
  Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options,
        const MakeCaretaker& make_caretaker);

  // May be called before start().
  void set_active(bool active);
  bool active() const { return active_; }
  // Asked before the active one does anything, for the moment: where it says no this one is passive
  // until set_active() says otherwise.
  void acts_while(std::function<bool()> may_act) { may_act_ = std::move(may_act); }
  // Whether it acts though it is passive.
  bool stands_in() const { return stands_in_; }
  // Called each time when readiness may have changed: the leader, its being there, the set.
  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }
  // What Leadership tells, and "stand_in", "trouble", "wait" (nothing is wrong, and there is no
  // leader yet), "trouble_over" (the reason is what was told). Without this it is logged.
  void on_event(Leadership::Tell callback) { tell_ = std::move(callback); }

  // What an operator wants where all in-sync replicas are lost: Leadership::accept_loss, within the
  // time of a request. Without `force` only what is proven to be lost is given up (group/loss.h).
  void accept_loss(const std::set<repl::ReplicaId>& given_up, bool force, Leadership::Done done);

  // Whether a replica reaches what a leader's requests need, as it said now: where leadership may
  // be handed over it goes, in time, from one that does not to one that does.
  void replica_told(repl::ReplicaId id, bool reaches);

  const std::string& group() const { return options_.group; }
  // How many replicas a new group begins with, where a Keeper looks after them.
  size_t founders() const { return options_.replicas.size(); }
  Gateway& gateway() { return gateway_; }
  const Gateway& gateway() const { return gateway_; }
  Leadership& leadership() { return leadership_; }
  const Leadership& leadership() const { return leadership_; }
  Replicas& replicas() { return replicas_; }
  // Why there is no group, or a part of it is missing; "" where nothing is known to be wrong.
  const std::string& trouble() const { return trouble_; }
  // Ready: there is a leader that takes writes; else why not.
  Status readiness() const;
  // What is wrong though it is ready: disks of its members that are full; "": nothing is known.
  std::string warning() const;
  // How long no leader answered, seen by look(), in ms since start().
  int64_t leaderless_ms() const { return leaderless_ns_ / 1'000'000; }

  std::string_view name() const override { return "group"; }
  void start(UniqueFunction<void(Status)> done) override;
  // Ends the replicas' processes where its caretaker does.
  void drain(UniqueFunction<void()> done) override;

 private:
  void look();
  void changed();
  void act();
  void look_at_lock();
  void look_whether_led();
  void look_for_leader();
  void look_for_trouble();
  void look_for_lost_data();
  void create_group();
  void look_for_better_leader();
  std::vector<View> views() const;
  void set_trouble(const Status& status);
  void tell(std::string_view kind, const std::string& reason, const wire::Json& fields) const;
  bool acts() const { return active_ || stands_in_; }

  loop::Loop& loop_;
  coord::Coord& coord_;
  const GroupOptions options_;
  Replicas replicas_;
  Leadership leadership_;
  loop::LoopTimers timers_;
  GroupTargets targets_;
  Gateway gateway_;
  std::unique_ptr<Caretaker> caretaker_;
  HandOver hand_over_;
  Reach reach_;
  LossWatch loss_watch_;
  StandIn stand_in_;
  loop::Timer looker_;
  std::function<bool()> may_act_ = [] { return true; };
  bool active_ = false;
  bool stands_in_ = false;
  bool draining_ = false;
  int64_t next_create_ms_ = 0;
  int64_t looked_ns_ = 0;  // boot clock, when look() was called last
  int64_t leaderless_ns_ = 0;
  std::string trouble_;
  bool caretakers_trouble_ = false;  // trouble_ is what the caretaker told
  std::function<void()> on_change_;
  Leadership::Tell tell_;
};

}  // namespace tandem::group
