#include "repl/replica.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kHelloEveryNs = 100'000'000;
constexpr int64_t kRecordReadEveryNs = 500'000'000;

}  // namespace

Replica::Replica(const ReplicaOptions& options, const Recovered& recovered, const LogView& log,
                 const SnapshotView& snapshots)
    : context_(options, log, snapshots), cut_tail_(recovered.cut_tail), pid_(recovered.pid) {
  context_.lineage = recovered.lineage;
  context_.promise = recovered.promise;
  context_.last_index = log.last_index();
  context_.last_epoch = log.epoch_at(log.last_index());
  context_.last_time_ms = recovered.last_time_ms;
  context_.durable_index = log.last_index();
  context_.mark = recovered.committed;
  // What this disk knows committed can be applied before anybody is heard.
  const bool marked = context_.mark.index > recovered.applied && context_.holds(context_.mark);
  context_.commit = marked ? context_.mark.index : recovered.applied;
  context_.newest_record = recovered.record;
}

void Replica::step(Event event, int64_t now_ns, Effects& effects) {
  CHECK(now_ns >= context_.now);
  context_.now = now_ns;
  if (!context_.last_time_at_ns) context_.last_time_at_ns = now_ns;
  context_.out = &effects;
  if (leader_ != nullptr) leader_->wake_up();
  std::visit([this](auto& e) { on(e); }, event);
  context_.out = nullptr;
}

bool Replica::in_sync() const { return record_ && record_->contains(context_.options.self); }

std::optional<Index> Replica::read_index(int64_t now_ns) const {
  if (leader_ == nullptr) {
    if (now_ns >= lease_until_ns_) return std::nullopt;
    return planted(Bug::kReadCommitOnly) ? context_.commit : context_.last_index;
  }
  if (!leader_->opened() && !planted(Bug::kServeBeforeOpen)) return std::nullopt;
  if (now_ns >= leader_->lease_until(now_ns) && !planted(Bug::kReadWithoutLease)) {
    return std::nullopt;
  }
  return context_.commit;
}

int64_t Replica::leader_lease_until(int64_t now_ns) const {
  return opened() ? leader_->lease_until(now_ns) : 0;
}

int64_t Replica::leading_since_ns() const {
  return leader_ != nullptr ? leader_->promised_at_ns() : 0;
}

Index Replica::pinned_index() const {
  return leader_ != nullptr ? leader_->pinned_index() : context_.commit;
}

std::vector<PeerView> Replica::peers() const {
  return leader_ != nullptr ? leader_->peers() : std::vector<PeerView>{};
}

// --- messages ---

// A message for another process, another life of this process or another lineage is dropped: an
// answer to a dead session must never count for a living one.
bool Replica::addressed_to_me(const Message& m) {
  if (m.to != context_.options.self.id) return false;
  if (m.to_session != 0 && m.to_session != context_.options.session &&
      !planted(Bug::kAckOfAnySession)) {
    return false;
  }
  if (m.from == kController || m.type == MessageType::kHello) {
    return m.lineage == 0 || context_.lineage == 0 || m.lineage == context_.lineage;
  }
  return m.lineage == context_.lineage || context_.lineage == 0;
}

void Replica::on(MessageIn& event) {
  const Message& m = event.message;
  if (!addressed_to_me(m)) return;
  if (leader_ != nullptr) leader_->hears_somebody();
  switch (m.type) {
    case MessageType::kHello:
      on_hello(m);
      return;
    case MessageType::kAnnounce:
      if (!m.record) return;
      learn_record(*m.record);
      has_seen_earlier_ = true;
      return;
    case MessageType::kAppend:
      on_append(m);
      return;
    case MessageType::kSnapshotChunk:
      on_snapshot_chunk(m);
      return;
    case MessageType::kQueryState:
    case MessageType::kQueryMemory:
      answer_state(m);
      return;
    case MessageType::kWentBack:
      on_went_back(m);
      return;
    case MessageType::kReadIndexIs:
      if (leader_ == nullptr && m.epoch == context_.promise && m.from == leader_id_ &&
          m.to_session == context_.options.session) {
        index_finder_.answered(m);
      }
      return;
    default:
      break;
  }
  if (leader_ == nullptr) return;
  if (m.from != kController && m.epoch != context_.promise) return;
  switch (m.type) {
    case MessageType::kAppendAck:
      leader_->on_ack(m);
      return;
    case MessageType::kAppendReject:
      leader_->on_reject(m);
      return;
    case MessageType::kSnapshotAck:
      leader_->on_snapshot_ack(m);
      return;
    case MessageType::kReadIndex:
      index_finder_.asked(m);
      return;
    case MessageType::kRefuse:
      on_refuse(m);
      return;
    case MessageType::kSessionDown:
      leader_->on_session_down(m);
      return;
    case MessageType::kRemoveMember:
      leader_->on_remove(m);
      return;
    default:
      return;
  }
}

void Replica::on_hello(const Message& m) {
  if (m.epoch > context_.promise) {
    // Somebody is promised to a later epoch: this one is over.
    step_down();
    context_.out->read_record = true;
    return;
  }
  if (leader_ == nullptr) return;
  leader_->on_hello(m);
}

void Replica::answer_state(const Message& m) {
  const bool with_memory = m.type == MessageType::kQueryMemory;
  Message answer =
      context_.make(with_memory ? MessageType::kMemory : MessageType::kState, m.from, m.session);
  answer.question = m.question;
  answer.state = state();
  if (with_memory) answer.memory = memory();
  // What is told here must be on disk: a controller chooses by it.
  context_.send(std::move(answer), context_.last_ticket);
}

ReplicaState Replica::state() const {
  ReplicaState state;
  state.promise = context_.promise;
  state.leading = leading();
  state.opened = opened();
  state.last_index = context_.last_index;
  state.last_epoch = context_.last_epoch;
  state.commit = context_.commit;
  state.cut_tail = cut_tail_;
  state.has_space = has_space_;
  state.able = able_;
  state.cut_off = leader_ != nullptr && leader_->cut_off();
  state.pid = pid_;
  return state;
}

// --- the record, epochs, roles ---

void Replica::on(RecordRead& event) {
  if (!event.record) {
    has_seen_earlier_ = true;
    return;
  }
  learn_record(*event.record);
  has_seen_earlier_ = true;
  if (event.asked_ns == 0) return;
  has_read_record_ = true;
  const bool own_epoch = leader_ != nullptr && event.record->lineage == context_.lineage &&
                         event.record->epoch == context_.promise;
  if (own_epoch && leader_->opened()) index_finder_.answer_before(event.asked_ns, context_.commit);
}

void Replica::learn_record(const Record& record) {
  if (context_.lineage != 0 && record.lineage != context_.lineage) {
    if (record.has_replaced(context_.lineage)) {
      context_.out->went_back =
          "the group was restored from a backup, which took the place of the data here";
      return;
    }
    if (!std::exchange(foreign_record_told_, true)) {
      context_.notice("the record is of another lineage: this replica's data stays out of it");
    }
    return;
  }
  if (record_ && record.order() < record_->order()) return;
  const bool news = !record_ || record.order() > record_->order();
  if (record.has_given_up(context_.options.self)) {
    context_.out->went_back = "an operator has accepted the loss of this disk";
    return;
  }
  context_.saw_record(record);
  record_ = record;
  if (record.epoch < context_.promise) return;
  // Not only with a new epoch: after a crash the promise may be on disk and the lineage not.
  adopt_lineage(record.lineage);
  const bool again = planted(Bug::kReuseEpoch) && record.epoch == context_.promise &&
                     leader_ == nullptr && record.leader == context_.options.self.id;
  if (record.epoch > context_.promise || again) {
    if (makes_me_leader(record)) {
      become_leader(record);
      return;
    }
    raise_promise(record.epoch, record.leader);
  } else if (leader_ != nullptr && record.leader_session != 0 &&
             record.leader_session != context_.options.session) {
    context_.notice("stops leading: the record names another process for this epoch");
    step_down();
  } else if (leader_ != nullptr) {
    leader_->on_record(record);
    return;
  }
  leader_id_ = record.leader;
  if (news) say_hello(leader_id_, 0);
}

void Replica::adopt_lineage(uint64_t lineage) {
  if (context_.lineage != 0) return;
  context_.lineage = lineage;
  context_.persist(SaveLineage{lineage});
}

void Replica::raise_promise(Epoch epoch, ReplicaId leader) {
  CHECK(epoch > context_.promise);
  step_down();
  context_.promise = epoch;
  if (!planted(Bug::kPromiseNotDurable)) promise_ticket_ = context_.persist(SavePromise{epoch});
  leader_id_ = leader;
  leader_session_ = 0;
  start_epoch();
  last_contact_ns_ = context_.now;
  if (planted(Bug::kCutToCommit) && context_.last_index > context_.commit) {
    context_.cut(context_.commit + 1);
  }
}

// Whatever was heard in the epoch before counts no more.
void Replica::start_epoch() {
  verified_ = 0;
  ack_due_ = false;
  heard_sent_ns_ = 0;
  lease_until_ns_ = 0;
  incoming_ = {};
  index_finder_.start_over();
}

void Replica::become_leader(const Record& record) {
  CHECK(record.epoch > context_.promise || planted(Bug::kReuseEpoch));
  step_down();
  context_.promise = record.epoch;
  leader_id_ = context_.options.self.id;
  leader_session_ = 0;
  start_epoch();
  leader_ = std::make_unique<Leader>(context_, record);
  promise_ticket_ = context_.last_ticket;  // written after the promise: later words wait for both
  context_.notice("leads epoch=" + std::to_string(record.epoch));
}

void Replica::step_down() {
  if (leader_ == nullptr) return;
  leader_.reset();
  leader_id_ = 0;
  index_finder_.start_over();
  context_.out->stepped_down = true;
  context_.notice("no longer leads epoch=" + std::to_string(context_.promise));
}

void Replica::on(SwapDone& event) {
  if (leader_ == nullptr) {
    // The swap of a former leadership: its outcome matters to the record's readers alone.
    context_.out->read_record = true;
    return;
  }
  leader_->on_swap_done(event);
  record_ = leader_->record();
  context_.saw_record(*record_);
}

void Replica::on(Propose& event) {
  CHECK_MSG(leader_ != nullptr, "only a leader takes commands");
  leader_->propose(event.wall_ms, std::move(event.request_id), std::move(event.payload));
}

void Replica::on(FindIndex& event) { index_finder_.add(event); }

void Replica::on(Persisted& event) {
  context_.persisted(event.ticket);
  last_stamp_ns_ = context_.now;  // an acknowledgement that waited for it leaves now
}

// --- following ---

bool Replica::accept_leader(const Message& m) {
  if (m.epoch < context_.promise) {
    say_hello(m.from, m.session);  // tells the deposed leader of the later epoch
    return false;
  }
  adopt_lineage(m.lineage);
  if (m.epoch > context_.promise) raise_promise(m.epoch, m.from);
  if (leader_ != nullptr || led_by_another(m)) {
    refuse(m, 0);
    if (leader_ != nullptr) step_down();
    return false;
  }
  leader_id_ = m.from;
  if (leader_session_ != m.session) {
    leader_session_ = m.session;
    heard_sent_ns_ = 0;
  }
  last_contact_ns_ = context_.now;
  // A leader's record is of its epoch.
  if (!record_ || record_->order() < Record::Order{m.epoch, m.record_version}) {
    context_.out->read_record = true;
  }
  return true;
}

void Replica::on_append(const Message& m) {
  if (!accept_leader(m)) return;
  const Index base = context_.log.first_index() - 1;
  // Entries up to the base are in the snapshot: committed, so they match.
  const bool fits = m.prev_index < base || (m.prev_index <= context_.last_index &&
                                            context_.log.epoch_at(m.prev_index) == m.prev_epoch);
  if (!fits) {
    reject_append(m);
    if (planted(Bug::kAckOnReceipt)) {
      verified_ = std::max(verified_, m.prev_index + m.entries.size());
      ack_due_ = true;
    }
    return;
  }
  std::vector<wire::Entry> fresh;
  for (const wire::Entry& entry : m.entries) {
    if (entry.index <= base) continue;
    if (fresh.empty() && entry.index <= context_.last_index) {
      if (context_.log.epoch_at(entry.index) == entry.epoch) continue;
      // What was committed in this life is applied, commands or not.
      const Index kept = std::max(context_.commit, context_.mark.index);
      if (entry.index <= kept && !planted(Bug::kCutBelowMark)) {
        refuse(m, entry.index - 1);
        return;
      }
      if (!caught_up_) {
        context_.notice("cuts what the leader of epoch=" + std::to_string(m.epoch) +
                        " does not have: entries " + std::to_string(entry.index) + " to " +
                        std::to_string(context_.last_index));
      }
      context_.cut(entry.index);
    }
    fresh.push_back(entry);
  }
  for (const wire::Entry& entry : fresh) {
    if (entry.type != wire::EntryType::kOpen || entry.payload.empty()) continue;
    if (const auto record = parse_record(entry.payload); record) context_.saw_record(*record);
  }
  if (!fresh.empty()) context_.append(std::move(fresh));
  const Index end = m.prev_index + m.entries.size();
  if (planted(Bug::kCutOnShorter) && end >= base && end < context_.last_index)
    context_.cut(end + 1);
  verified_ = std::max(verified_, end);
  // Never past what was verified in this epoch: beyond it the own log may hold other entries.
  const Index known = planted(Bug::kCommitNotCapped) ? context_.last_index : verified_;
  context_.commit = std::max(context_.commit, std::min(m.commit, known));
  look_whether_caught_up(m);
  ack_due_ = true;
  take_lease(m);
}

// The lease runs from the own stamp: however long the message was on its way, it ends before the
// leader counts it as out. A process that starts takes none before it has read the record itself,
// so that none of an earlier epoch reaches it once a controller found it dead.
void Replica::take_lease(const Message& m) {
  heard_sent_ns_ = std::max(heard_sent_ns_, m.sent_ns);
  if (m.lease_ns <= 0) return;
  if (!has_read_record_ && !planted(Bug::kLeaseBeforeRecord)) return;
  const int64_t from_ns = planted(Bug::kLeaseFromReceipt) ? context_.now : m.stamp_ns;
  lease_until_ns_ = std::max(lease_until_ns_, from_ns + m.lease_ns);
}

// The leader looks for the last place where the logs agree; skipping a whole epoch of ours at a
// time saves it a message for each entry (Raft, section 5.3).
void Replica::reject_append(const Message& m) {
  const Index base = context_.log.first_index() - 1;
  Index hint = std::min(context_.last_index, m.prev_index);
  while (hint > base && context_.log.epoch_at(hint) > m.prev_epoch) --hint;
  Message reject = context_.make(MessageType::kAppendReject, m.from, m.session);
  reject.prev_index = m.prev_index;
  reject.hint_index = hint;
  reject.hint_epoch = context_.log.epoch_at(hint);
  context_.send(std::move(reject), context_.last_ticket);
}

void Replica::on_snapshot_chunk(const Message& m) {
  if (!accept_leader(m)) return;
  const Position end{m.snapshot_epoch, m.snapshot_index};
  const bool lacks = m.snapshot_index <= context_.commit && !context_.holds(end);
  if (lacks && !planted(Bug::kCutBelowMark)) {
    refuse(m, 0);
    return;
  }
  if (m.snapshot_index <= std::max(context_.commit, verified_)) {
    // Late: what it holds is here already, and what follows it in the log may be acknowledged,
    // which an installation would erase. Tell the leader where this log ends.
    say_hello(m.from, m.session);
    return;
  }
  if (m.snapshot_index < context_.mark.index && !planted(Bug::kCutBelowMark)) {
    refuse(m, 0);
    return;
  }
  if (incoming_.index != m.snapshot_index) incoming_ = Incoming{m.snapshot_index, 0, false};
  if (incoming_.writing) return;
  if (m.offset != incoming_.have_bytes) {
    Message ack = context_.make(MessageType::kSnapshotAck, m.from, m.session);
    ack.snapshot_index = incoming_.index;
    ack.offset = incoming_.have_bytes;
    context_.send(std::move(ack), context_.last_ticket);
    return;
  }
  incoming_.writing = true;
  context_.out->snapshot_chunk =
      SnapshotChunk{m.snapshot_index, m.snapshot_epoch, m.offset, m.total_bytes, m.data};
}

void Replica::on(SnapshotChunkWritten& event) {
  if (event.snapshot_index != incoming_.index || leader_ != nullptr) return;
  incoming_.writing = false;
  incoming_.have_bytes = event.have_bytes;
  Message ack = context_.make(MessageType::kSnapshotAck, leader_id_, leader_session_);
  ack.snapshot_index = incoming_.index;
  ack.offset = incoming_.have_bytes;
  context_.send(std::move(ack), context_.last_ticket);
}

void Replica::on(SnapshotInstalled& event) {
  CHECK_MSG(leader_ == nullptr, "a leader never installs a snapshot");
  CHECK_MSG(event.index > context_.commit, "a snapshot below the commit index");
  context_.restart_at(event.index, context_.log.epoch_at(event.index), event.time_ms);
  // It came from the leader of this epoch, unless that changed while it was installed; then the
  // new leader's appends verify anew.
  if (incoming_.index == event.index) {
    verified_ = event.index;
    ack_due_ = true;
  }
  if (context_.mark.index < event.index) {
    context_.mark = Position{context_.log.epoch_at(event.index), event.index};
    context_.persist(SaveCommitted{context_.mark});
  }
  incoming_ = {};
  context_.notice("installed a snapshot index=" + std::to_string(event.index));
}

void Replica::say_hello(ReplicaId to, uint64_t to_session) {
  if (to == 0 || to == context_.options.self.id) return;
  Message hello = context_.make(MessageType::kHello, to, to_session);
  hello.hint_index = context_.last_index;
  hello.hint_epoch = context_.last_epoch;
  last_hello_ns_ = context_.now;
  context_.send(std::move(hello), context_.last_ticket);
}

// --- time ---

void Replica::on(Tick&) {
  index_finder_.expire();
  if (leader_ != nullptr) {
    leader_->tick();
    return;
  }
  const bool silent = context_.now - last_contact_ns_ > kHelloEveryNs;
  if (silent && leader_id_ != 0 && context_.now - last_hello_ns_ > kHelloEveryNs) {
    say_hello(leader_id_, 0);
  }
  const bool has_to_know = silent || !has_read_record_;
  if (has_to_know && context_.now - last_record_read_ns_ > kRecordReadEveryNs) {
    last_record_read_ns_ = context_.now;
    context_.out->read_record = true;
  }
}

// What on(Tick&) compares with, and what an end of turn does with time.
int64_t Replica::next_deadline_ns() const {
  if (!index_finder_.empty()) return context_.now;
  Deadline next(context_.now);
  next.at(next_mark_ns());
  if (leader_ != nullptr) return std::min(next.ns(), leader_->next_deadline_ns());
  const bool silent = context_.now - last_contact_ns_ > kHelloEveryNs;
  next.by(last_contact_ns_ + kHelloEveryNs + 1);
  if (silent && leader_id_ != 0) next.at(last_hello_ns_ + kHelloEveryNs + 1);
  if (silent || !has_read_record_) next.at(last_record_read_ns_ + kRecordReadEveryNs + 1);
  return next.ns();
}

void Replica::on(EndOfTurn&) {
  if (leader_ != nullptr) {
    leader_->end_of_turn();
  } else if (std::exchange(ack_due_, false)) {
    acknowledge();
  }
  if (!index_finder_.empty()) serve_reads();
  write_mark(false);
}

// One fsync covers all appends of the turn; the acknowledgement leaves when it is done.
void Replica::acknowledge() {
  Message ack = context_.make(MessageType::kAppendAck, leader_id_, leader_session_);
  ack.match = verified_;
  ack.sent_ns = heard_sent_ns_;
  ack.stamp_ns = context_.now;
  const bool slow = context_.last_ticket > context_.durable_ticket &&
                    context_.now - last_stamp_ns_ >= context_.options.heartbeat_ns / 2;
  if (slow) {
    // Leases need the promise of the epoch on the disk, not the entries that are on their way to
    // it: a slow disk does not end them.
    Message early = ack;
    early.match = std::min(verified_, context_.durable_index);
    context_.send(std::move(early), promise_ticket_);
  }
  if (slow || context_.last_ticket <= context_.durable_ticket) last_stamp_ns_ = context_.now;
  context_.send(std::move(ack), planted(Bug::kAckBeforeFsync) ? 0 : context_.last_ticket);
}

void Replica::serve_reads() {
  const auto index = read_index(context_.now);
  if (index) {
    index_finder_.answer_all(*index);
  } else if (leader_ == nullptr) {
    index_finder_.ask_leader(leader_id_, leader_session_, promise_ticket_);
  } else if (leader_->opened()) {
    index_finder_.ask_record();
  }
}

}  // namespace tandem::repl
