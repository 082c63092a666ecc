// The replicas that this process can reach: those in the group's registry, each with an rpc link of
// its own. Says nothing about who runs their processes, or about roles (leadership.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/self.h"
#include "coord/coord.h"
#include "loop/loop.h"
#include "repl/types.h"
#include "rpc/client.h"

namespace tandem::group {

struct ReplicaLink {
  coord::Member member;
  std::unique_ptr<rpc::Client> link;
  uint64_t reads_served = 0;
  int64_t since_ms = 0;   // wall clock, when it was first seen
  bool in_doubt = false;  // it is being looked at whether its process is dead

  repl::Member identity() const { return {member.id, member.storage_id}; }
  bool connected() const { return link != nullptr && link->connected(); }
};

class Replicas {
 public:
  // Told of each new session of a replica: it has registered, its link is being dialled.
  using OnNew = std::function<void(ReplicaLink&)>;
  // Told when a session of a replica is over: no call that is under way to it gets its outcome.
  using OnGone = std::function<void(repl::ReplicaId)>;

  Replicas(loop::Loop& loop, coord::Coord& coord, std::string group);
  ~Replicas();

  void on_new(OnNew callback) { on_new_ = std::move(callback); }
  void on_gone(OnGone callback) { on_gone_ = std::move(callback); }
  void on_connected(std::function<void()> callback) { on_connected_ = std::move(callback); }
  // Told when a link breaks: a hint that the process at its other end is dead.
  void on_lost(std::function<void()> callback) { on_lost_ = std::move(callback); }
  // Whether one that has left the registry and cannot be reached is kept until forget(), for an
  // owner who wants to know of its death.
  void keep_lost(bool keep) { keep_lost_ = keep; }

  // Follows the registry from now on.
  void follow();
  // Logs what went wrong, once for as long as it lasts, whatever words it is told in.
  void registry_was_read(const Status& read);
  // Reads the registry now.
  void refresh(UniqueFunction<void(Status)> done);
  ReplicaLink* find(repl::ReplicaId id);
  const ReplicaLink* find(repl::ReplicaId id) const;
  std::map<repl::ReplicaId, ReplicaLink>& all() { return replicas_; }
  const std::map<repl::ReplicaId, ReplicaLink>& all() const { return replicas_; }
  // Calls `dead` where this session's process is proven dead: its lock is free. That a process is
  // not seen proves nothing. One look at a time.
  void doubt(repl::ReplicaId id, UniqueFunction<void()> dead);
  // Its process is dead: the link goes, and a little later the registry entry. Leadership does this
  // before it tells of the death.
  void forget(repl::ReplicaId id, uint64_t session);
  // The last entry that was seen of this id, in the registry or as coordination keeps it; nullptr:
  // none.
  const coord::Member* last_known(repl::ReplicaId id) const;
  // Whether it was in the registry when that was read last.
  bool registered(repl::ReplicaId id) const { return registered_.contains(id); }
  void close() { replicas_.clear(); }

 private:
  void ask_last();
  void drop_lost();
  void take_all(const std::vector<coord::Member>& members);
  void unregister_dead();
  void take_in(const coord::Member& member);

  loop::Loop& loop_;
  coord::Coord& coord_;
  const std::string group_;
  std::map<repl::ReplicaId, ReplicaLink> replicas_;
  std::map<repl::ReplicaId, uint64_t> dead_sessions_;  // the registry may still show them
  std::map<repl::ReplicaId, coord::Member> last_known_;
  std::set<repl::ReplicaId> registered_;
  bool readable_ = true;  // the registry, when it was asked last
  std::unique_ptr<coord::Watch> watch_;
  loop::Timer bury_;
  loop::Timer dropper_;  // in a turn of its own: a link tells that it broke
  OnNew on_new_;
  OnGone on_gone_;
  std::function<void()> on_connected_;
  std::function<void()> on_lost_;
  bool keep_lost_ = false;
  Self<Replicas> self_;  // last: goes first
};

}  // namespace tandem::group
