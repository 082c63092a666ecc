#include "group/replicas.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "wire/frame.h"

namespace tandem::group {
namespace {

constexpr uint64_t kBuryMs = 500;

}  // namespace

Replicas::Replicas(loop::Loop& loop, coord::Coord& coord, std::string group)
    : loop_(loop),
      coord_(coord),
      group_(std::move(group)),
      bury_(loop, [this] { unregister_dead(); }),
      dropper_(loop, [this] { drop_lost(); }),
      self_(*this) {}

Replicas::~Replicas() = default;

void Replicas::follow() {
  ask_last();
  watch_ =
      coord_.watch_members(group_, [self = self_.ref()](const std::vector<coord::Member>& members) {
        if (self) self->take_all(members);
      });
}

void Replicas::refresh(UniqueFunction<void(Status)> done) {
  coord_.members(group_, [self = self_.ref(), done = std::move(done)](
                             Result<std::vector<coord::Member>> members) mutable {
    if (!self) return;
    self->registry_was_read(members ? Status() : fail(members.error()));
    if (members) self->take_all(*members);
    done(members ? Status{} : Status(fail(members.error())));
  });
}

void Replicas::registry_was_read(const Status& read) {
  if (std::exchange(readable_, read.has_value()) == read.has_value()) return;
  if (read) {
    log::info("the registry can be read again", {{"group", group_}});
  } else {
    log::warning("cannot read the registry", {{"group", group_}, {"error", read.error().message}});
  }
}

void Replicas::ask_last() {
  coord_.last_members(group_,
                      [self = self_.ref()](const Result<std::vector<coord::Member>>& members) {
                        if (!self || !members) return;
                        for (const coord::Member& member : *members)
                          self->last_known_.emplace(member.id, member);
                      });
}

const coord::Member* Replicas::last_known(repl::ReplicaId id) const {
  const auto it = last_known_.find(id);
  return it == last_known_.end() ? nullptr : &it->second;
}

ReplicaLink* Replicas::find(repl::ReplicaId id) {
  const auto it = replicas_.find(id);
  return it == replicas_.end() ? nullptr : &it->second;
}

const ReplicaLink* Replicas::find(repl::ReplicaId id) const {
  const auto it = replicas_.find(id);
  return it == replicas_.end() ? nullptr : &it->second;
}

void Replicas::take_all(const std::vector<coord::Member>& members) {
  registered_.clear();
  for (const coord::Member& member : members) {
    registered_.insert(member.id);
    last_known_[member.id] = member;
    take_in(member);
  }
  drop_lost();
}

// One that has left the registry and cannot be reached is not coming back in this session.
void Replicas::drop_lost() {
  for (auto it = replicas_.begin(); it != replicas_.end();) {
    const repl::ReplicaId id = it->first;
    if (registered(id) || keep_lost_ || it->second.connected()) {
      ++it;
      continue;
    }
    if (on_gone_) on_gone_(id);
    it = replicas_.erase(it);
  }
}

void Replicas::take_in(const coord::Member& member) {
  const auto dead = dead_sessions_.find(member.id);
  if (dead != dead_sessions_.end() && dead->second == member.session) return;
  ReplicaLink& replica = replicas_[member.id];
  if (replica.link != nullptr && replica.member.session == member.session) {
    replica.member = member;  // its lock may be another one by now
    return;
  }
  if (replica.link != nullptr && on_gone_) on_gone_(member.id);
  replica = ReplicaLink{};
  replica.member = member;
  replica.since_ms = system_clock().wall_ms();
  rpc::ClientOptions options;
  options.url = member.address;
  options.max_message_bytes = wire::kMaxMessageBytes;
  replica.link = std::make_unique<rpc::Client>(loop_, std::move(options));
  replica.link->on_connected([this] {
    if (on_connected_) on_connected_();
  });
  replica.link->on_disconnected([this] {
    dropper_.start(0);
    if (on_lost_) on_lost_();
  });
  const Status started = replica.link->start();
  if (!started) {
    log::error("cannot dial a replica",
               {{"group", group_}, {"id", member.id}, {"error", started.error().message}});
    replicas_.erase(member.id);
    return;
  }
  if (on_new_) on_new_(replica);
}

void Replicas::doubt(repl::ReplicaId id, UniqueFunction<void()> dead) {
  ReplicaLink* replica = find(id);
  if (replica == nullptr || std::exchange(replica->in_doubt, true)) return;
  coord_.proven_dead(replica->member, [self = self_.ref(), id, session = replica->member.session,
                                       dead = std::move(dead)](Result<bool> proven) mutable {
    ReplicaLink* doubted = !self ? nullptr : self->find(id);
    if (doubted == nullptr || doubted->member.session != session) return;
    doubted->in_doubt = false;
    if (proven && *proven) dead();
  });
}

void Replicas::forget(repl::ReplicaId id, uint64_t session) {
  const auto it = replicas_.find(id);
  if (it == replicas_.end() || it->second.member.session != session) return;
  dead_sessions_[id] = session;
  if (on_gone_) on_gone_(id);
  replicas_.erase(it);
  // An election may be next, and its reads and swaps come after what was asked for before them.
  if (!bury_.active()) bury_.start(kBuryMs);
}

// Does nothing where the next process of that id has registered meanwhile.
void Replicas::unregister_dead() {
  for (const auto& [id, session] : dead_sessions_) {
    coord_.unregister_member(group_, id, session, [](const Status&) {});
  }
}

}  // namespace tandem::group
