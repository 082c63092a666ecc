#include "repl/leader.h"

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "repl/exactly_once.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kForgetLearnerNs = 10'000'000'000;
constexpr int64_t kExcludedNs = 5'000'000'000;

}  // namespace

Leader::Leader(Context& context, const Record& record)
    : context_(context),
      record_(record),
      leases_(context.options.lease_ns, context.options.self, record.in_sync, context.now),
      last_heard_ns_(context.now),
      awake_ns_(context.now),
      woke_up_ns_(context.now) {
  if (!planted(Bug::kPromiseNotDurable)) {
    promise_ticket_ = context_.persist(SavePromise{record.epoch});
  }
  for (const Member& member : record.in_sync) {
    if (member == context_.options.self) continue;
    Peer& peer = peers_[member.id];
    peer.storage_id = member.storage_id;
    peer.last_heard_ns = context_.now;
    peer.met_ns = context_.now;
  }
  first_ = context_.last_index + 1;
  name_record();
}

// --- the log ---

void Leader::append_entry(wire::Entry entry) {
  entry.index = context_.last_index + 1;
  entry.epoch = record_.epoch;
  std::vector<wire::Entry> entries;
  entries.push_back(std::move(entry));
  context_.append(std::move(entries));
}

// Whatever is committed under a set lies behind the entry that names this set, on each of its
// members: so who reads an older record, because that went back, learns of it from any of them.
void Leader::name_record() {
  wire::Entry entry;
  entry.type = wire::EntryType::kOpen;
  entry.time_ms = context_.last_time_ms;
  entry.request_id = ExactlyOnce::kRules;
  entry.payload = to_text(record_);
  append_entry(std::move(entry));
  named_ = context_.last_index;
  context_.saw_record(record_);
}

void Leader::propose(int64_t wall_ms, std::string request_id, std::string payload) {
  wire::Entry entry;
  // The wall clock, which may be set to anything at any time, only says where log time begins.
  const int64_t first_ms = std::max<int64_t>(wall_ms, 1);
  const bool follows_wall = planted(Bug::kWallClockLogTime);
  entry.time_ms =
      follows_wall ? std::max(wall_ms, context_.last_time_ms) : context_.take_log_time_ms(first_ms);
  entry.request_id = std::move(request_id);
  entry.payload = std::move(payload);
  append_entry(std::move(entry));
}

Index Leader::acknowledged_by(const Member& member) const {
  if (member == context_.options.self) return context_.durable_index;
  const auto it = peers_.find(member.id);
  if (it == peers_.end()) return 0;
  if (it->second.storage_id != member.storage_id && !planted(Bug::kAckOfAnyDisk)) return 0;
  return it->second.progress.match();
}

// Committed: durable here, on every member of the set, of the set that a swap under way may have
// made true, and on whoever may still answer reads under a lease; and nothing before this epoch's
// own first entry is, nor under a new set before the entry that names it.
void Leader::advance_commit() {
  if (!predecessor_is_over()) return;
  const bool too_few = record_.in_sync.size() < record_.min_in_sync;
  if (too_few && !planted(Bug::kBelowMinimum)) return;
  Index index = context_.durable_index;
  for (const Member& member : record_.in_sync) index = std::min(index, acknowledged_by(member));
  if (pending_ && !planted(Bug::kSkipUnion)) {
    for (const Member& member : pending_->swap.record.in_sync) {
      index = std::min(index, acknowledged_by(member));
    }
  }
  if (!planted(Bug::kRemoveBeforeLease)) {
    leases_.each_holder(context_.now, [&](const Member& member) {
      index = std::min(index, acknowledged_by(member));
    });
  }
  if (index < first_ && !planted(Bug::kCommitBeforeOpen)) return;
  if (index < named_ && !planted(Bug::kCommitBeforeNamed) && !planted(Bug::kCommitBeforeOpen)) {
    return;
  }
  if (index <= context_.commit) return;
  const bool opens = context_.commit < first_ && index >= first_;
  context_.commit = index;
  if (opens) context_.notice("opened epoch=" + std::to_string(record_.epoch));
}

int64_t Leader::lease_until(int64_t now_ns) const {
  int64_t until_ns = now_ns + leases_.hold_ns();
  const auto look_at = [&](const Member& member) {
    if (member == context_.options.self) return;
    const auto it = peers_.find(member.id);
    const bool known = it != peers_.end() && it->second.storage_id == member.storage_id;
    until_ns = std::min(until_ns, known ? leases_.held_by(it->second.answers) : 0);
  };
  for (const Member& member : record_.in_sync) look_at(member);
  if (pending_) {
    for (const Member& member : pending_->swap.record.in_sync) look_at(member);
  }
  return until_ns;
}

// In the set of the record, and in the one that a swap under way may have made true.
bool Leader::is_member(const Member& member) const {
  return record_.contains(member) && (!pending_ || pending_->swap.record.contains(member));
}

bool Leader::is_proven_dead(const Member& member) const {
  const auto it = peers_.find(member.id);
  return it != peers_.end() && it->second.storage_id == member.storage_id && it->second.proven_dead;
}

Index Leader::pinned_index() const {
  Index pinned = context_.commit;
  for (const Member& member : record_.in_sync) pinned = std::min(pinned, acknowledged_by(member));
  return pinned;
}

std::vector<PeerView> Leader::peers() const {
  std::vector<PeerView> views;
  for (const auto& [id, peer] : peers_) {
    views.push_back(PeerView{id, record_.contains(Member{id, peer.storage_id}),
                             peer.progress.match(), peer.session != 0 && !peer.proven_dead});
  }
  return views;
}

bool Leader::cut_off() const {
  if (!opened()) return false;
  return std::any_of(record_.in_sync.begin(), record_.in_sync.end(), [this](const Member& member) {
    const auto it = peers_.find(member.id);
    if (it == peers_.end() || it->second.storage_id != member.storage_id) return false;
    const Peer& peer = it->second;
    const int64_t since_ns = std::max({peer.answers.sent_ns, peer.met_ns, woke_up_ns_});
    const int64_t patience_ns = peer.answers.wait.ns(context_.options.silence_ns);
    return context_.now - since_ns > leases_.hold_ns() + patience_ns;
  });
}

int64_t Leader::silent_after_ns(const Peer& peer) const {
  return peer.last_heard_ns + peer.silence.ns(context_.options.silence_ns);
}

int64_t Leader::stalled_after_ns(const Peer& peer) const {
  return peer.progress.stalled_after_ns(context_.options.stall_ns);
}

bool Leader::sends_snapshot() const {
  return std::any_of(peers_.begin(), peers_.end(), [this](const auto& entry) {
    const Peer& peer = entry.second;
    return peer.progress.mode() == Progress::Mode::kSnapshot && !peer.proven_dead &&
           context_.now <= silent_after_ns(peer);
  });
}

// --- what followers say ---

Leader::Peer* Leader::peer_of(const Message& m) {
  const auto it = peers_.find(m.from);
  if (it == peers_.end()) return nullptr;
  Peer& peer = it->second;
  if (peer.session != m.session && !planted(Bug::kAckOfAnySession)) return nullptr;
  if (peer.storage_id != m.storage_id && !planted(Bug::kAckOfAnyDisk)) return nullptr;
  peer.silence.waited(context_.now - peer.last_heard_ns, context_.now);
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
  if (dead_sessions_.contains(m.session)) return;
  leases_.has_promised(Member{m.from, m.storage_id});
  Peer& peer = peers_[m.from];
  if (peer.session != m.session || peer.storage_id != m.storage_id) {
    peer.begin_session(m.storage_id, m.session, context_.now);
    excluded_until_ns_.erase(m.from);
    const bool early =
        record_.contains(Member{m.from, m.storage_id}) && m.hint_index < context_.committed().index;
    const Hello first{m.hint_index, context_.commit, early};
    peer.hello = hellos_.try_emplace(m.session, first).first->second;
  }
  // Known or not, it hears nothing from us or starts: look again for where the logs agree.
  peer.last_heard_ns = context_.now;
  peer.proven_dead = false;
  peer.progress.become_probe(std::min(m.hint_index, context_.last_index));
}

void Leader::on_ack(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr) return;
  CHECK_MSG(m.match <= context_.last_index, "acknowledged beyond the leader's log");
  leases_.has_promised(Member{m.from, m.storage_id});
  peer->progress.acknowledged(m.match, own_log(), context_.now);
  peer->answers.answered(m.sent_ns, m.stamp_ns, context_.now);
  look_whether_it_went_back(m.from, *peer);
}

// Its log is a beginning of this one, without what it had acknowledged: an older image of the disk
// was put in its place. It has all of it again now, but the promises that it made are forgotten
// too: it begins anew, as another member. One whose log goes another way refuses first.
void Leader::look_whether_it_went_back(ReplicaId id, Peer& peer) {
  const bool verified = peer.progress.match() >= peer.hello.end;
  if (!peer.hello.ended_early || !verified || planted(Bug::kKeepWentBack)) return;
  tell_that_it_went_back(id, peer);
}

void Leader::went_back(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer != nullptr) tell_that_it_went_back(m.from, *peer);
}

void Leader::tell_that_it_went_back(ReplicaId id, Peer& peer) {
  if (!std::exchange(peer.went_back, true)) {
    context_.notice(
        "the disk of a replica went back: it ended at index=" + std::to_string(peer.hello.end) +
        " id=" + std::to_string(id) + ", and had acknowledged " + to_text(context_.committed()));
  }
  Message m = context_.make(MessageType::kWentBack, id, peer.session);
  m.committed = context_.committed();
  context_.send(std::move(m), promise_ticket_);
}

void Leader::on_reject(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr || !peer->progress.is_news(m.prev_index)) return;
  // A member of the set that differs at an entry that is committed lacks it.
  if (record_.contains(Member{m.from, m.storage_id}) && m.prev_index > peer->progress.match() &&
      m.prev_index <= context_.committed().index) {
    peer->hello.ended_early = hellos_[m.session].ended_early = true;
  }
  const Index base = context_.log.first_index() - 1;
  Index agree = std::min(m.hint_index, context_.last_index);
  while (agree > base && context_.log.epoch_at(agree) > m.hint_epoch) --agree;
  // The logs differ even where ours begins: only a snapshot can bring them together.
  if (agree == base && context_.log.epoch_at(base) > m.hint_epoch) --agree;
  peer->progress.become_probe(agree);
}

void Leader::on_snapshot_ack(const Message& m) {
  Peer* peer = peer_of(m);
  if (peer == nullptr) return;
  peer->progress.chunk_acknowledged(m.snapshot_index, m.offset, own_log(), context_.now);
}

// A proof of death is of a session. Of a member that was not heard in this epoch the session is not
// known here: then the controller must have looked, after this epoch was in the record, that no
// later session of it was registered. One that registers later reads the record before it takes a
// lease (Replica::take_lease), so it takes none of an earlier epoch.
void Leader::on_session_down(const Message& m) {
  const auto it = peers_.find(m.subject);
  if (it == peers_.end()) return;
  if (m.epoch != record_.epoch && !planted(Bug::kStaleProof)) return;
  if (m.proven) dead_sessions_.insert(m.subject_session);
  Peer& peer = it->second;
  if (peer.session != 0 && m.subject_session != 0 && peer.session != m.subject_session) return;
  if (m.proven) {
    peer.proven_dead = true;
    const Member member{m.subject, peer.storage_id};
    leases_.has_promised(member);  // it gives no answer of an earlier epoch any more
    leases_.died(member, m.subject_session);
  } else if (peer.session == 0) {
    // Silent to the controller for long, and to us since this epoch began: no need to wait again.
    peer.last_heard_ns =
        std::min(peer.last_heard_ns, context_.now - context_.options.silence_ns - 1);
  }
}

void Leader::on_remove(const Message& m) {
  if (m.epoch != record_.epoch) return;
  if (m.subject == context_.options.self.id) return;
  excluded_until_ns_[m.subject] = context_.now + kExcludedNs;
}

// --- time ---

// With peers something is due every heartbeat.
void Leader::wake_up() {
  const int64_t absent_ns = context_.now - std::exchange(awake_ns_, context_.now);
  if (absent_ns <= context_.options.silence_ns / 2) return;
  woke_up_ns_ = context_.now;
  last_heard_ns_ += absent_ns;
  for (auto& [id, peer] : peers_) {
    peer.last_heard_ns += absent_ns;
    peer.progress.forgive(absent_ns);
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
  leases_.forget_ended(context_.now);
}

// Whatever tick() and end_of_turn() compare the clock with. What has passed has had its effect, but
// for what is to be repeated.
int64_t Leader::next_deadline_ns() const {
  const ReplicaOptions& options = context_.options;
  Deadline next(context_.now);
  leases_.add_deadlines(next, context_.now);
  if (pending_ && pending_->unknown) {
    if (pending_->retry_at_ns != 0) next.at(pending_->retry_at_ns);
    next.at(pending_->read_again_at_ns);
  }
  for (const auto& [id, until_ns] : excluded_until_ns_) next.by(until_ns);
  for (const auto& [id, peer] : peers_) {
    next.by(silent_after_ns(peer) + 1);
    if (peer.progress.waiting_since_ns() != 0) next.by(stalled_after_ns(peer) + 1);
    next.by(peer.rejoin_after_ns);
    if (peer.proven_dead) continue;
    if (peer.session == 0) {
      next.at(last_announce_ns_ + options.heartbeat_ns);
    } else {
      next.at(peer.progress.last_sent_ns() + options.heartbeat_ns);
      // The log was cut off below: what it needs of it is in the snapshot.
      if (peer.progress.needs_snapshot(context_.log.first_index())) next.at(context_.now);
    }
  }
  return next.ns();
}

void Leader::end_of_turn() {
  advance_commit();
  for (auto& [id, peer] : peers_) replicate(id, peer);
  change_set();
}

}  // namespace tandem::repl
