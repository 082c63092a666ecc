#include "group/keeper.h"

#include <algorithm>
#include <utility>

namespace tandem::group {
namespace {

constexpr uint64_t kDoubtMs = 2;      // between looks at a process whose link just broke
constexpr int64_t kDoubtForMs = 200;  // after that the looks are often enough

}  // namespace

Keeper::Keeper(loop::Loop& loop, Replicas& replicas, Leadership& leadership, KeeperOptions options)
    : loop_(loop),
      replicas_(replicas),
      leadership_(leadership),
      options_(std::move(options)),
      doubter_(loop, [this] { doubt_lost(); }),
      expected_(options_.replicas) {}

void Keeper::set_role(Role role) {
  acts_ = role != Role::kPassive;
  // Who leaves the registry and the link at once would be gone before its death is proven.
  replicas_.keep_lost(acts_);
  if (acts_) {
    link_lost();  // some may have been lost before
  } else {
    doubter_.stop();
  }
}

void Keeper::drain(UniqueFunction<void()> done) {
  doubter_.stop();
  done();
}

void Keeper::link_lost() {
  lost_ms_ = static_cast<int64_t>(loop_.now_ms());
  if (!acts_) return;
  // The kernel closes the sockets of a killed process and unlocks its directory in no set order.
  doubter_.start(kDoubtMs, kDoubtMs);
  doubt_lost();
}

void Keeper::look() {
  for (const auto& [id, replica] : replicas_.all()) expected_.insert(id);
  if (acts_ && !doubter_.active()) doubt_lost();
}

void Keeper::doubt_lost() {
  std::vector<repl::ReplicaId> lost;
  for (const auto& [id, replica] : replicas_.all()) {
    if (!replica.connected()) lost.push_back(id);
  }
  for (const repl::ReplicaId id : lost) leadership_.doubt(id);
  const bool later = static_cast<int64_t>(loop_.now_ms()) - lost_ms_ >= kDoubtForMs;
  if (lost.empty() || later) doubter_.stop();
}

// --- who is lost ---

std::vector<LossEvidence> Keeper::evidence(const std::vector<repl::Member>& members) const {
  std::vector<LossEvidence> evidence;
  for (const repl::Member& member : members) {
    const coord::Member* last = replicas_.last_known(member.id);
    evidence.push_back(look_at_member(member, last == nullptr ? std::string() : directory_of(*last),
                                      last == nullptr ? std::nullopt : std::optional(*last),
                                      replicas_.registered(member.id)));
  }
  return evidence;
}

LossWords Keeper::words() const {
  LossWords words;
  words.program = options_.program;
  words.numbered = expected_.size() > 1;
  words.command = options_.accept_loss + " " + options_.group;
  return words;
}

}  // namespace tandem::group
