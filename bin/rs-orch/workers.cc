#include "workers.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"

namespace tandem::orch {
namespace {

constexpr uint64_t kBuryMs = 500;

}  // namespace

Workers::Workers(loop::Loop& loop, coord::Coord& coord, std::string group)
    : loop_(loop),
      coord_(coord),
      group_(std::move(group)),
      bury_(loop, [this] { unregister_dead(); }),
      self_(std::make_shared<Workers*>(this)) {}

Workers::~Workers() { *self_ = nullptr; }

void Workers::refresh(UniqueFunction<void(Status)> done) {
  coord_.members(group_, [self = self_, done = std::move(done)](
                             Result<std::vector<coord::Member>> members) mutable {
    if (*self == nullptr) return;
    if (members) {
      (*self)->take_all(*members);
    } else {
      log::warning("cannot read the registry of workers", {{"error", members.error().message}});
    }
    if (done) done(members ? Status{} : Status(fail(members.error())));
  });
}

Worker* Workers::find(repl::ReplicaId id) {
  const auto it = workers_.find(id);
  return it == workers_.end() ? nullptr : &it->second;
}

// One that has left the registry and cannot be reached is not coming back in this session.
void Workers::take_all(const std::vector<coord::Member>& members) {
  for (const coord::Member& member : members) take_in(member);
  for (auto it = workers_.begin(); it != workers_.end();) {
    const repl::ReplicaId id = it->first;
    const bool registered = std::any_of(members.begin(), members.end(),
                                        [id](const coord::Member& m) { return m.id == id; });
    if (registered || it->second.connected()) {
      ++it;
      continue;
    }
    if (on_gone_) on_gone_(id);
    it = workers_.erase(it);
  }
}

void Workers::take_in(const coord::Member& member) {
  const auto dead = dead_sessions_.find(member.id);
  if (dead != dead_sessions_.end() && dead->second == member.session) return;
  Worker& worker = workers_[member.id];
  if (worker.link != nullptr && worker.member.session == member.session) return;
  if (worker.link != nullptr && on_gone_) on_gone_(member.id);
  worker = Worker{};
  worker.member = member;
  worker.since_ms = system_clock().wall_ms();
  rpc::ClientOptions options;
  options.url = member.address;
  options.max_message_bytes = size_t{16} << 20;
  worker.link = std::make_unique<rpc::Client>(loop_, std::move(options));
  worker.link->on_connected([this] {
    if (on_connected_) on_connected_();
  });
  const Status started = worker.link->start();
  if (!started) {
    log::error("cannot dial a worker", {{"id", member.id}, {"error", started.error().message}});
    workers_.erase(member.id);
    return;
  }
  if (on_new_) on_new_(worker);
}

void Workers::doubt(repl::ReplicaId id, UniqueFunction<void()> dead) {
  Worker* worker = find(id);
  if (worker == nullptr || std::exchange(worker->in_doubt, true)) return;
  coord_.proven_dead(worker->member, [self = self_, id, session = worker->member.session,
                                      dead = std::move(dead)](Result<bool> proven) mutable {
    Worker* doubted = *self == nullptr ? nullptr : (*self)->find(id);
    if (doubted == nullptr || doubted->member.session != session) return;
    doubted->in_doubt = false;
    if (proven && *proven) dead();
  });
}

void Workers::forget(repl::ReplicaId id, uint64_t session) {
  const auto it = workers_.find(id);
  if (it == workers_.end() || it->second.member.session != session) return;
  dead_sessions_[id] = session;
  if (on_gone_) on_gone_(id);
  workers_.erase(it);
  // An election may be next, and its reads and swaps come after what was asked for before them.
  if (!bury_.active()) bury_.start(kBuryMs);
}

// Does nothing where the next process of that id has registered meanwhile.
void Workers::unregister_dead() {
  for (const auto& [id, session] : dead_sessions_) {
    coord_.unregister_member(group_, id, session, [](const Status&) {});
  }
}

}  // namespace tandem::orch
