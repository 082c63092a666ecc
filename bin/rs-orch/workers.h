// The workers that this process can reach: those in the group's registry, each with an rpc link of
// its own. Says nothing about processes (fleet.h) or roles (leadership.h).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "coord/coord.h"
#include "loop/loop.h"
#include "repl/types.h"
#include "rpc/client.h"

namespace tandem::orch {

struct Worker {
  coord::Member member;
  std::unique_ptr<rpc::Client> link;
  uint64_t reads_served = 0;
  int64_t since_ms = 0;   // wall clock, when it was first seen
  bool in_doubt = false;  // it is being looked at whether its process is dead

  repl::Member replica() const { return {member.id, member.storage_id}; }
  bool connected() const { return link != nullptr && link->connected(); }
};

class Workers {
 public:
  // Told of each new session of a worker: it has registered, its link is being dialled.
  using OnNew = std::function<void(Worker&)>;
  // Told when a session of a worker is over: no call that is under way to it gets its outcome.
  using OnGone = std::function<void(repl::ReplicaId)>;

  Workers(loop::Loop& loop, coord::Coord& coord, std::string group);
  ~Workers();

  void on_new(OnNew callback) { on_new_ = std::move(callback); }
  void on_gone(OnGone callback) { on_gone_ = std::move(callback); }
  void on_connected(std::function<void()> callback) { on_connected_ = std::move(callback); }

  // Reads the registry; `done` may be empty.
  void refresh(UniqueFunction<void(Status)> done = {});
  Worker* find(repl::ReplicaId id);
  std::map<repl::ReplicaId, Worker>& all() { return workers_; }
  // Calls `dead` where this session's process is proven dead: its lock is free. That a process is
  // not seen proves nothing. One look at a time.
  void doubt(repl::ReplicaId id, UniqueFunction<void()> dead);
  // Its process is dead: the link goes, and a little later the registry entry.
  void forget(repl::ReplicaId id, uint64_t session);
  void close() { workers_.clear(); }

 private:
  void take_all(const std::vector<coord::Member>& members);
  void unregister_dead();
  void take_in(const coord::Member& member);

  loop::Loop& loop_;
  coord::Coord& coord_;
  const std::string group_;
  std::map<repl::ReplicaId, Worker> workers_;
  std::map<repl::ReplicaId, uint64_t> dead_sessions_;  // the registry may still show them
  loop::Timer bury_;
  OnNew on_new_;
  OnGone on_gone_;
  std::function<void()> on_connected_;
  std::shared_ptr<Workers*> self_;  // shared with completions that may come after this is gone
};

}  // namespace tandem::orch
