// Leader: what goes to followers.
#include "base/check.h"
#include "repl/leader.h"
#include "repl/planted.h"

namespace tandem::repl {

void Leader::replicate(ReplicaId id, Peer& peer) {
  if (peer.session == 0 || peer.proven_dead) return;
  const bool heartbeat_due = context_.now - peer.last_sent_ns >= context_.options.heartbeat_ns;
  if (peer.next < context_.log.first_index() && peer.mode != Mode::kSnapshot) {
    peer.mode = Mode::kSnapshot;
    peer.snapshot_index = 0;
    peer.probe_under_way = false;
  }
  switch (peer.mode) {
    case Mode::kSnapshot:
      if (!peer.probe_under_way || heartbeat_due) send_snapshot_chunk(id, peer);
      return;
    case Mode::kProbe:
      if (peer.probe_under_way && !heartbeat_due) return;
      peer.probe_under_way = true;
      send_append(id, peer, context_.log.read(peer.next, context_.options.append_bytes));
      return;
    case Mode::kReplicate:
      break;
  }
  bool sent = false;
  while (peer.next <= context_.last_index &&
         peer.in_flight_bytes < context_.options.in_flight_bytes) {
    auto entries = context_.log.read(peer.next, context_.options.append_bytes);
    CHECK(!entries.empty());
    size_t bytes = 0;
    for (const wire::Entry& entry : entries) bytes += wire::encoded_size(entry);
    const Index next = entries.back().index + 1;
    send_append(id, peer, std::move(entries));
    peer.next = next;
    peer.in_flight.emplace_back(next - 1, bytes);
    peer.in_flight_bytes += bytes;
    sent = true;
  }
  if (!sent && (heartbeat_due || context_.commit > peer.sent_commit)) send_append(id, peer, {});
}

void Leader::send_append(ReplicaId id, Peer& peer, std::vector<wire::Entry> entries) {
  Message m = context_.make(MessageType::kAppend, id, peer.session);
  m.prev_index = peer.next - 1;
  m.prev_epoch = context_.log.epoch_at(m.prev_index);
  m.entries = std::move(entries);
  m.commit = context_.commit;
  m.record_version = record_.version;
  m.sent_ns = context_.now;
  m.stamp_ns = peer.stamp_ns;
  m.lease_ns = grant_lease(id, peer);
  if (!m.entries.empty() && peer.waiting_since_ns == 0) peer.waiting_since_ns = context_.now;
  peer.sent_commit = context_.commit;
  peer.last_sent_ns = context_.now;
  // Beside the own fsync, not after it; only the promise of the epoch has to be durable.
  context_.send(std::move(m), promise_ticket_);
}

// How long a lease of the follower may last from its own stamp, so that it ends before this
// leader's does: by then a later leader may answer. 0: none. (The stamp comes back with the length,
// so that the lease does not depend on how long messages take: Gray and Cheriton, 1989.)
int64_t Leader::grant_lease(ReplicaId id, const Peer& peer) {
  const Member member{id, peer.storage_id};
  if (!opened() || !predecessor_is_over() || peer.stamp_ns == 0) return 0;
  if (!is_member(member) || has_to_leave(member)) return 0;
  // It answers from the end of its log on, which a disk that went back has forgotten: what was
  // committed when it came has to be seen there first.
  if (peer.match < peer.hello.commit && !planted(Bug::kLeaseUnverified)) return 0;
  const int64_t until_ns =
      planted(Bug::kDeposedGrants) ? peer.stamp_heard_ns + hold_ns() : lease_until(context_.now);
  const int64_t length_ns = (until_ns - peer.stamp_heard_ns) / 10 * 9;
  if (length_ns <= 0) return 0;
  Granted& granted = granted_[member];
  const bool alone = granted.until_ns <= context_.now || granted.session == peer.session;
  granted.session = alone ? peer.session : 0;
  granted.until_ns = std::max(granted.until_ns, until_ns);
  return length_ns;
}

void Leader::send_snapshot_chunk(ReplicaId id, Peer& peer) {
  const SnapshotView& snapshot = context_.snapshots;
  if (snapshot.index() == 0) return;  // none readable now; asked again at the next heartbeat
  if (peer.snapshot_index != snapshot.index()) {
    peer.snapshot_index = snapshot.index();
    peer.snapshot_offset = 0;
  }
  peer.probe_under_way = true;
  peer.last_sent_ns = context_.now;
  if (peer.snapshot_offset >= snapshot.size_bytes()) {
    // All of it is there and being installed: a heartbeat keeps the replica from looking elsewhere.
    Message m = context_.make(MessageType::kAnnounce, id, peer.session);
    m.record = record_;
    context_.send(std::move(m), promise_ticket_);
    return;
  }
  Message m = context_.make(MessageType::kSnapshotChunk, id, peer.session);
  m.snapshot_index = snapshot.index();
  m.snapshot_epoch = snapshot.epoch();
  m.offset = peer.snapshot_offset;
  m.total_bytes = snapshot.size_bytes();
  m.data = snapshot.read(m.offset, context_.options.chunk_bytes);
  context_.send(std::move(m), promise_ticket_);
}

void Leader::announce_to_silent_members() {
  if (context_.now - last_announce_ns_ < context_.options.heartbeat_ns) return;
  last_announce_ns_ = context_.now;
  for (const auto& [id, peer] : peers_) {
    if (peer.session != 0 || peer.proven_dead) continue;
    Message m = context_.make(MessageType::kAnnounce, id, 0);
    m.record = record_;
    context_.send(std::move(m), promise_ticket_);
  }
}

}  // namespace tandem::repl
