// Leader: what goes to followers.
#include "base/check.h"
#include "repl/leader.h"
#include "repl/planted.h"

namespace tandem::repl {

void Leader::replicate(ReplicaId id, Peer& peer) {
  if (peer.session == 0 || peer.proven_dead) return;
  Progress& progress = peer.progress;
  const bool heartbeat_due =
      context_.now - progress.last_sent_ns() >= context_.options.heartbeat_ns;
  if (progress.needs_snapshot(context_.log.first_index())) progress.become_snapshot();
  switch (progress.mode()) {
    case Progress::Mode::kSnapshot:
      if (!progress.waits_for_answer() || heartbeat_due) send_snapshot_chunk(id, peer);
      return;
    case Progress::Mode::kProbe:
      if (progress.waits_for_answer() && !heartbeat_due) return;
      progress.sends_probe();
      send_append(id, peer, context_.log.read(progress.next(), context_.options.append_bytes));
      return;
    case Progress::Mode::kReplicate:
      break;
  }
  bool sent = false;
  while (progress.next() <= context_.last_index &&
         progress.in_flight_bytes() < context_.options.in_flight_bytes) {
    auto entries = context_.log.read(progress.next(), context_.options.append_bytes);
    CHECK(!entries.empty());
    size_t bytes = 0;
    for (const wire::Entry& entry : entries) bytes += wire::encoded_size(entry);
    const Index last = entries.back().index;
    send_append(id, peer, std::move(entries));
    progress.sends_ahead(last, bytes);
    sent = true;
  }
  if (!sent && (heartbeat_due || context_.commit > progress.sent_commit())) {
    send_append(id, peer, {});
  }
}

void Leader::send_append(ReplicaId id, Peer& peer, std::vector<wire::Entry> entries) {
  Message m = context_.make(MessageType::kAppend, id, peer.session);
  m.prev_index = peer.progress.next() - 1;
  m.prev_epoch = context_.log.epoch_at(m.prev_index);
  m.entries = std::move(entries);
  m.commit = context_.commit;
  m.record_version = record_.version;
  m.sent_ns = context_.now;
  m.stamp_ns = peer.answers.stamp_ns;
  m.lease_ns = grant_lease(id, peer);
  peer.progress.sends_append(!m.entries.empty(), context_.commit, context_.now);
  // Beside the own fsync, not after it; only the promise of the epoch has to be durable.
  context_.send(std::move(m), promise_ticket_);
}

// How long a lease of the follower may last from its own stamp, so that it ends before this
// leader's does: by then a later leader may answer. 0: none.
int64_t Leader::grant_lease(ReplicaId id, const Peer& peer) {
  const Member member{id, peer.storage_id};
  if (!opened() || !predecessor_is_over() || peer.answers.stamp_ns == 0) return 0;
  if (!is_member(member) || has_to_leave(member)) return 0;
  // It answers from the end of its log on, which a disk that went back has forgotten: what was
  // committed when it came has to be seen there first.
  if (peer.progress.match() < peer.hello.commit && !planted(Bug::kLeaseUnverified)) return 0;
  return leases_.grant(member, peer.session, peer.answers, lease_until(context_.now), context_.now);
}

void Leader::send_snapshot_chunk(ReplicaId id, Peer& peer) {
  const SnapshotView& snapshot = context_.snapshots;
  if (snapshot.index() == 0) return;  // none readable now; asked again at the next heartbeat
  const uint64_t offset = peer.progress.sends_chunk(snapshot.index(), context_.now);
  if (offset >= snapshot.size_bytes()) {
    // All of it is there and being installed: a heartbeat keeps the replica from looking elsewhere.
    Message m = context_.make(MessageType::kAnnounce, id, peer.session);
    m.record = record_;
    context_.send(std::move(m), promise_ticket_);
    return;
  }
  Message m = context_.make(MessageType::kSnapshotChunk, id, peer.session);
  m.snapshot_index = snapshot.index();
  m.snapshot_epoch = snapshot.epoch();
  m.offset = offset;
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
