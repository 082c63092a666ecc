#include "repl/leader.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace tandem::repl {
namespace {

constexpr int64_t kSwapRetryNs = 50'000'000;
constexpr int64_t kReadAgainNs = 200'000'000;
constexpr int64_t kMaxTimeStepMs = 60'000;
constexpr int64_t kForgetLearnerNs = 10'000'000'000;

std::string id_text(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    if (!text.empty()) text += ',';
    text += std::to_string(member.id);
  }
  return text;
}

}  // namespace

Leader::Leader(Context& context, const Record& record) : context_(context), record_(record) {
  promise_ticket_ = context_.persist(SavePromise{record.epoch});
  for (const Member& member : record.in_sync) {
    if (member == context_.options.self) continue;
    Peer& peer = peers_[member.id];
    peer.storage_id = member.storage_id;
    peer.last_heard_ns = context_.now;
  }
  first_ = context_.last_index + 1;
  wire::Entry open;
  open.type = wire::EntryType::kOpen;
  open.time_ms = context_.last_time_ms;
  append_entry(std::move(open));
}

// --- the log ---

void Leader::append_entry(wire::Entry entry) {
  entry.index = context_.last_index + 1;
  entry.epoch = record_.epoch;
  std::vector<wire::Entry> entries;
  entries.push_back(std::move(entry));
  context_.append(std::move(entries));
}

void Leader::propose(int64_t wall_ms, std::string request_id, std::string payload) {
  wire::Entry entry;
  // Log time never goes back and moves at most a minute an entry, so that one bad clock cannot
  // expire every key at once. The first entry ever sets it.
  const int64_t last = context_.last_time_ms;
  entry.time_ms = last == 0 ? wall_ms : std::clamp(wall_ms, last, last + kMaxTimeStepMs);
  entry.request_id = std::move(request_id);
  entry.payload = std::move(payload);
  append_entry(std::move(entry));
}

Index Leader::acknowledged_by(const Member& member) const {
  if (member == context_.options.self) return context_.durable_index;
  const auto it = peers_.find(member.id);
  if (it == peers_.end() || it->second.storage_id != member.storage_id) return 0;
  return it->second.match;
}

// Committed: durable here and on every member of the set, and of every set that a swap under way
// may have made true; and nothing before this epoch's own first entry is.
void Leader::advance_commit() {
  Index index = context_.durable_index;
  for (const Member& member : record_.in_sync) index = std::min(index, acknowledged_by(member));
  if (pending_) {
    for (const Member& member : pending_->swap.record.in_sync) {
      index = std::min(index, acknowledged_by(member));
    }
  }
  if (index < first_ || index <= context_.commit) return;
  const bool opens = context_.commit < first_;
  context_.commit = index;
  if (opens) context_.notice("opened epoch=" + std::to_string(record_.epoch));
}

Index Leader::pinned_index() const {
  Index pinned = context_.commit;
  for (const Member& member : record_.in_sync) pinned = std::min(pinned, acknowledged_by(member));
  return pinned;
}

std::vector<PeerView> Leader::peers() const {
  std::vector<PeerView> views;
  for (const auto& [id, peer] : peers_) {
    views.push_back(PeerView{id, record_.contains(Member{id, peer.storage_id}), peer.match,
                             peer.session != 0 && !peer.proven_dead});
  }
  return views;
}

// --- what followers say ---

Leader::Peer* Leader::peer_of(const Message& m) {
  const auto it = peers_.find(m.from);
  if (it == peers_.end()) return nullptr;
  Peer& peer = it->second;
  if (peer.session != m.session || peer.storage_id != m.storage_id) return nullptr;
  peer.last_heard_ns = context_.now;
  return &peer;
}

void Leader::on_hello(const Message& m) {
  if (m.epoch < record_.epoch || m.lineage == 0) {
    // Not promised to this epoch yet: it raises its promise on hearing the record, and says hello
    // again once that is durable.
    Message announce = context_.make(MessageType::kAnnounce, m.from, m.session);
    announce.record = record_;
    context_.send(std::move(announce), promise_ticket_);
    return;
  }
  Peer& peer = peers_[m.from];
  if (peer.session != m.session || peer.storage_id != m.storage_id) {
    const int64_t rejoin_after_ns = peer.rejoin_after_ns;
    peer = Peer{};
    peer.storage_id = m.storage_id;
    peer.session = m.session;
    peer.rejoin_after_ns = rejoin_after_ns;
    excluded_.erase(m.from);
  }
  // Known or not, it hears nothing from us or starts: look again for where the logs agree.
  peer.last_heard_ns = context_.now;
  peer.proven_dead = false;
  peer.mode = Mode::kProbe;
  peer.probe_under_way = false;
  peer.in_flight.clear();
  peer.in_flight_bytes = 0;
  peer.next = std::max(peer.match, std::min(m.hint_index, context_.last_index)) + 1;
}

void Leader::on_ack(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr) return;
  CHECK_MSG(m.match <= context_.last_index, "acknowledged beyond the leader's log");
  if (m.match > peer->match) {
    peer->match = m.match;
    note_progress(*peer);
  }
  while (!peer->in_flight.empty() && peer->in_flight.front().first <= peer->match) {
    peer->in_flight_bytes -= peer->in_flight.front().second;
    peer->in_flight.pop_front();
  }
  if (peer->mode != Mode::kReplicate && peer->match + 1 >= context_.log.first_index()) {
    peer->mode = Mode::kReplicate;
    peer->next = peer->match + 1;
  }
  peer->next = std::max(peer->next, peer->match + 1);
  peer->probe_under_way = false;
}

void Leader::on_reject(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr || peer->mode == Mode::kSnapshot) return;
  // A late refusal of something before the last acknowledgement or probe says nothing new.
  if (m.prev_index < peer->match) return;
  if (peer->mode == Mode::kProbe && m.prev_index + 1 != peer->next) return;
  const Index base = context_.log.first_index() - 1;
  Index agree = std::min(m.hint_index, context_.last_index);
  while (agree > base && context_.log.epoch_at(agree) > m.hint_epoch) --agree;
  // The logs differ even where ours begins: only a snapshot can bring them together.
  if (agree == base && context_.log.epoch_at(base) > m.hint_epoch) --agree;
  peer->next = std::max(peer->match, agree) + 1;
  peer->mode = Mode::kProbe;
  peer->probe_under_way = false;
  peer->in_flight.clear();
  peer->in_flight_bytes = 0;
}

void Leader::on_snapshot_ack(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr || peer->mode != Mode::kSnapshot) return;
  if (m.snapshot_index != peer->snapshot_index) return;
  peer->snapshot_offset = m.offset;
  peer->probe_under_way = false;
  note_progress(*peer);
}

void Leader::on_session_down(const Message& m) {
  const auto it = peers_.find(m.subject);
  if (it == peers_.end()) return;
  Peer& peer = it->second;
  if (peer.session != 0 && m.subject_session != 0 && peer.session != m.subject_session) return;
  if (m.proven) {
    peer.proven_dead = true;
  } else if (peer.session == 0) {
    // Silent to the controller for long, and to us since this epoch began: no need to wait again.
    peer.last_heard_ns =
        std::min(peer.last_heard_ns, context_.now - context_.options.silence_ns - 1);
  }
}

void Leader::on_remove(const Message& m) {
  if (m.subject != context_.options.self.id) excluded_.insert(m.subject);
}

void Leader::note_progress(Peer& peer) {
  peer.waiting_since_ns = peer.match < context_.last_index ? context_.now : 0;
}

// --- what goes to followers ---

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
  if (!m.entries.empty() && peer.waiting_since_ns == 0) peer.waiting_since_ns = context_.now;
  peer.sent_commit = context_.commit;
  peer.last_sent_ns = context_.now;
  // Beside the own fsync, not after it; only the promise of the epoch has to be durable.
  context_.send(std::move(m), promise_ticket_);
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

// --- the in-sync set ---

bool Leader::has_to_leave(const Member& member) const {
  if (member == context_.options.self) return false;
  if (excluded_.contains(member.id)) return true;
  const auto it = peers_.find(member.id);
  if (it == peers_.end() || it->second.storage_id != member.storage_id) return true;
  const Peer& peer = it->second;
  if (peer.proven_dead) return true;
  if (context_.now - peer.last_heard_ns > context_.options.silence_ns) return true;
  return peer.waiting_since_ns != 0 &&
         context_.now - peer.waiting_since_ns > context_.options.stall_ns;
}

bool Leader::may_join(ReplicaId id, const Peer& peer) const {
  if (peer.session == 0 || peer.proven_dead || excluded_.contains(id)) return false;
  if (record_.contains(Member{id, peer.storage_id})) return false;
  if (context_.now < peer.rejoin_after_ns) return false;
  if (context_.now - peer.last_heard_ns > context_.options.silence_ns) return false;
  // In this epoch, with this disk, everything up to the epoch's first entry and the commit index.
  return peer.match >= std::max(first_, context_.commit);
}

void Leader::change_set() {
  if (pending_ || context_.durable_ticket < promise_ticket_) return;
  std::vector<Member> stay;
  std::vector<Member> leave;
  for (const Member& member : record_.in_sync) {
    const bool could_leave = record_.in_sync.size() - leave.size() > record_.min_in_sync;
    (could_leave && has_to_leave(member) ? leave : stay).push_back(member);
  }
  if (!leave.empty()) {
    for (const Member& member : leave) {
      const auto it = peers_.find(member.id);
      if (it == peers_.end()) continue;
      it->second.rejoin_after_ns =
          it->second.proven_dead ? 0 : context_.now + context_.options.rejoin_ns;
    }
    const std::string why = "left the in-sync set ids=" + id_text(leave);
    swap_set(std::move(stay), why);
    return;
  }
  for (const auto& [id, peer] : peers_) {
    if (!may_join(id, peer)) continue;
    std::vector<Member> joined = record_.in_sync;
    std::erase_if(joined, [id = id](const Member& member) { return member.id == id; });
    if (joined.size() >= context_.options.max_in_sync) {
      // The set is full. It takes the replica in the place of a member that has to leave, and could
      // not because the set was at its minimum.
      const auto leaves = std::find_if(joined.begin(), joined.end(),
                                       [this](const Member& m) { return has_to_leave(m); });
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
    return;
  }
  // The version that the swap expected is still there: it failed, or comes yet. Repeating it on the
  // same version settles which, the read after it shows.
  if (pending_ && pending_->unknown && pending_->retry_at_ns == 0) {
    pending_->retry_at_ns = context_.now + kSwapRetryNs;
  }
}

// --- time ---

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

void Leader::tick() {
  settle_pending_swap();
  announce_to_silent_members();
  for (auto it = peers_.begin(); it != peers_.end();) {
    const bool member = record_.find(it->first) != nullptr;
    const bool gone =
        it->second.proven_dead || context_.now - it->second.last_heard_ns > kForgetLearnerNs;
    it = !member && gone && !pending_ ? peers_.erase(it) : std::next(it);
  }
}

void Leader::end_of_turn() {
  advance_commit();
  for (auto& [id, peer] : peers_) replicate(id, peer);
  change_set();
}

}  // namespace tandem::repl
