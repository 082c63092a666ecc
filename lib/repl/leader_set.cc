// Leader: the in-sync set.
#include <algorithm>

#include "base/check.h"
#include "repl/leader.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kSwapRetryNs = 50'000'000;
constexpr int64_t kReadAgainNs = 200'000'000;

}  // namespace

bool Leader::has_to_leave(const Member& member) const {
  if (member == context_.options.self) return false;
  if (is_excluded(member.id)) return true;
  const auto it = peers_.find(member.id);
  if (it == peers_.end() || it->second.storage_id != member.storage_id) return true;
  const Peer& peer = it->second;
  if (peer.proven_dead || peer.went_back) return true;
  if (context_.now > silent_after_ns(peer)) return true;
  return peer.progress.waiting_since_ns() != 0 && context_.now > stalled_after_ns(peer);
}

bool Leader::is_excluded(ReplicaId id) const {
  const auto it = excluded_until_ns_.find(id);
  return it != excluded_until_ns_.end() && context_.now < it->second;
}

// Once its leases are out or its process is dead: until then it may answer reads, from a state that
// writes which no longer wait for it are missing in.
bool Leader::may_leave(const Member& member) const {
  const bool leased = leases_.runs(member, context_.now);
  if (leased && !planted(Bug::kRemoveBeforeLease)) return false;
  return is_proven_dead(member) || predecessor_is_over() || planted(Bug::kSetChangeNoWait);
}

bool Leader::may_join(ReplicaId id, const Peer& peer) const {
  if (peer.session == 0 || peer.proven_dead || peer.went_back || is_excluded(id)) return false;
  if (record_.contains(Member{id, peer.storage_id})) return false;
  if (context_.now < peer.rejoin_after_ns) return false;
  if (context_.now - peer.last_heard_ns > context_.options.silence_ns) return false;
  // In this epoch, with this disk, everything up to the epoch's first entry and the commit index.
  const Index needed =
      planted(Bug::kJoinAtCommit) ? context_.commit : std::max(first_, context_.commit);
  return peer.progress.match() >= needed;
}

void Leader::change_set() {
  if (pending_ || context_.durable_ticket < promise_ticket_) return;
  const bool over = predecessor_is_over() || planted(Bug::kSetChangeNoWait);
  if (remove_members() || !over) return;
  add_member();
}

// The dead first: nothing has to be waited for, and where the set is at its minimum they are the
// ones who must not stay.
bool Leader::remove_members() {
  // One that hears nobody at all is cut off itself, and no client reaches it either: the others go
  // on without it where a controller is with them, which they could not if it left them out.
  const bool alone = context_.now - last_heard_ns_ > context_.options.silence_ns;
  std::vector<Member> leave;
  for (const bool dead : {true, false}) {
    for (const Member& member : record_.in_sync) {
      const size_t left = record_.in_sync.size() - leave.size() - 1;
      if (left < (planted(Bug::kBelowMinimum) ? 1 : record_.min_in_sync)) break;
      if (is_proven_dead(member) != dead || !has_to_leave(member) || !may_leave(member)) continue;
      if (alone && !dead) continue;
      leave.push_back(member);
    }
  }
  if (leave.empty()) return false;
  std::vector<Member> stay = record_.in_sync;
  for (const Member& member : leave) {
    std::erase(stay, member);
    const auto it = peers_.find(member.id);
    if (it == peers_.end()) continue;
    it->second.rejoin_after_ns =
        it->second.proven_dead ? 0 : context_.now + context_.options.rejoin_ns;
  }
  swap_set(std::move(stay), "left the in-sync set ids=" + id_text(leave));
  return true;
}

void Leader::add_member() {
  for (const auto& [id, peer] : peers_) {
    if (!may_join(id, peer)) continue;
    std::vector<Member> joined = record_.in_sync;
    // Another disk with its id was wiped: that member is no more, once its leases are out.
    const Member* former = record_.find(id);
    if (former != nullptr) {
      if (!may_leave(*former)) continue;
      std::erase(joined, *former);
    }
    if (joined.size() >= context_.options.max_in_sync) {
      // The set is full. It takes the replica in the place of a member that has to leave, and could
      // not because the set was at its minimum.
      const auto leaves = std::find_if(joined.begin(), joined.end(), [this](const Member& m) {
        return has_to_leave(m) && may_leave(m);
      });
      if (leaves == joined.end()) continue;
      joined.erase(leaves);
    }
    joined.push_back(Member{id, peer.storage_id});
    std::sort(joined.begin(), joined.end());
    swap_set(std::move(joined), "joined the in-sync set id=" + std::to_string(id));
    return;
  }
}

void Leader::swap_set(std::vector<Member> in_sync, const std::string& why) {
  PendingSwap pending;
  pending.swap.expected_version = record_.version;
  pending.swap.expected = record_;
  pending.swap.record = record_;
  pending.swap.record.version = record_.version + 1;
  pending.swap.record.in_sync = std::move(in_sync);
  context_.out->swap = pending.swap;
  pending_ = std::move(pending);
  context_.notice(why);
}

void Leader::on_swap_done(const SwapDone& done) {
  if (!pending_ || done.expected_version != pending_->swap.expected_version) return;
  if (done.applied) {
    record_ = pending_->swap.record;
    pending_.reset();
    name_record();
    return;
  }
  if (planted(Bug::kUnknownSwapFailed)) {
    pending_.reset();
    return;
  }
  // No clear yes: both sets hold until a read shows a later version.
  pending_->unknown = true;
  pending_->read_again_at_ns = context_.now + kReadAgainNs;
  context_.out->read_record = true;
}

void Leader::on_record(const Record& record) {
  if (record.version > record_.version) {
    CHECK_MSG(pending_, "somebody else changed the in-sync set of this epoch");
    record_ = record;
    pending_.reset();
    name_record();
    return;
  }
  if (planted(Bug::kReadBackSettles) && pending_ && pending_->unknown) {
    pending_.reset();
    return;
  }
  // The version that the swap expected is still there: it failed, or comes yet. Repeating it on the
  // same version settles which, the read after it shows.
  if (pending_ && pending_->unknown && pending_->retry_at_ns == 0) {
    pending_->retry_at_ns = context_.now + kSwapRetryNs;
  }
}

// A swap of unknown outcome holds up commits until a read shows a later version: so it is repeated
// after each read that does not, and the record is read again where a read brought nothing.
void Leader::settle_pending_swap() {
  if (!pending_ || !pending_->unknown) return;
  if (pending_->retry_at_ns != 0 && context_.now >= pending_->retry_at_ns) {
    pending_->retry_at_ns = 0;
    pending_->read_again_at_ns = context_.now + kReadAgainNs;
    context_.out->swap = pending_->swap;
  } else if (context_.now >= pending_->read_again_at_ns) {
    pending_->read_again_at_ns = context_.now + kReadAgainNs;
    context_.out->read_record = true;
  }
}

}  // namespace tandem::repl
