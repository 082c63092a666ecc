// What a replica does by itself: lead, write, send, commit, change the set.
#include <algorithm>
#include <bit>

#include "moves.h"

namespace tandem::model {
namespace {

template <typename T>
bool put_in(T* items, int count, int limit, const T& item, uint8_t T::*used) {
  int under_way = 0;
  T* free = nullptr;
  for (int k = 0; k < count; ++k) {
    if (!(items[k].*used)) {
      if (free == nullptr) free = &items[k];
      continue;
    }
    ++under_way;
    if (same_bytes(items[k], item)) return true;
  }
  if (under_way >= limit || free == nullptr) return false;
  *free = item;
  return true;
}

}  // namespace

bool put(State& s, const Message& m) {
  return put_in(s.messages, kMessages, opt.messages, m, &Message::type);
}

bool put(State& s, const Swap& swap) {
  return put_in(s.swaps, kSwaps, opt.swaps, swap, &Swap::epoch);
}

int union_of(const Replica& r) { return opt.skip_union ? r.set : r.set | r.pending_in; }

int union_with_leases(const Replica& r) {
  int mask = union_of(r);
  if (!opt.reads || opt.no_leave_wait || opt.receipt) return mask;
  for (int id = 0; id < kIds; ++id) {
    if (r.granted[id]) mask |= 1 << id;
  }
  return mask;
}

int leader_lease(const State& s, int i) {
  const Replica& r = s.replicas[i];
  int left = opt.lease;
  for (int id = 0; id < kIds; ++id) {
    if (id != id_of(s, i) && has(union_of(r), id)) left = std::min<int>(left, r.credit[id]);
  }
  return left;
}

bool predecessor_is_over(const State& s, int i) {
  const Replica& r = s.replicas[i];
  if (!opt.reads || opt.no_wait || r.answered == 0) return true;
  for (int id = 0; id < kIds; ++id) {
    if (id != id_of(s, i) && has(r.elected_from, id) && !r.match[id]) return false;
  }
  return true;
}

bool Moves::is_busy(int i) const {
  return opt.reads && (s_.read_phase == 3 || s_.read_phase == 5) && s_.read_at == i;
}

void Moves::start_over() {
  t_ = s_;
  broken_ = nullptr;
  loses_ = false;
}

void Moves::emit(Move move, int a, int b, int c) {
  normalize(t_);
  out_.push_back(Step{move, static_cast<uint8_t>(a), static_cast<uint8_t>(b),
                      static_cast<uint8_t>(c), broken_, loses_, t_});
}

void Moves::all() {
  for (int i = 0; i < opt.replicas; ++i) {
    if (has(opt.dead, i)) continue;
    if (!is_busy(i)) {
      become_leader(i);
      leader_moves(i);
    }
    process_faults(i);
    disk_faults(i);
  }
  set_asides();
  elections();
  repairs();
  swaps();
  record_faults();
  deliveries();
  if (opt.reads) reads();
}

void Moves::append(Replica& q, Entry entry) { q.log[q.len++] = entry; }

void Moves::become_leader(int i) {
  const Replica& r = s_.replicas[i];
  const int me = id_of(s_, i);
  if (s_.record.leader != me || !has(s_.record.set, me) || r.len >= kLogMax) return;
  if (opt.session && !s_.record.session) return;
  const bool again = opt.reuse && r.promise == s_.record.epoch && r.lead != s_.record.epoch;
  if (s_.record.epoch == 0 || (r.promise >= s_.record.epoch && !again)) return;
  start_over();
  Replica& q = t_.replicas[i];
  step_down(q);
  const Record& record = s_.record;
  q.promise = q.lead = record.epoch;
  append(q, opt.named ? make_entry(record.epoch, kOpen, record.version, record.set)
                      : make_entry(record.epoch, kOpen));
  q.first = q.len;
  q.named = opt.named ? q.len : 0;
  q.durable = static_cast<uint8_t>(opt.fsync ? q.len - 1 : q.len);
  q.version = record.version;
  q.set = record.set;
  q.floor = static_cast<uint8_t>(opt.set_aside && fault_used(s_) ? mark_of(r) : 0);
  q.elected_from = opt.reads ? record.set : 0;
  q.lease = 0;
  q.refused_by = 0;
  if (opt.asking && opt.heed_longest == 1) q.verified = 1;
  if (opt.reads && opt.promise_waits) q.answered = static_cast<uint8_t>(opt.lease);
  if (!has_prefix(r, s_.log, s_.committed)) {
    if (!fault_used(s_)) broken("a new leader lacks a committed (acknowledged) entry");
    if (!record.session && !s_.lost) broken("a leader that nobody asked lacks a committed entry");
  }
  emit(Move::kLead, i);
}

void Moves::leader_moves(int i) {
  const Replica& r = s_.replicas[i];
  if (opt.marks && opt.lag && r.mark < r.commit) {
    start_over();
    t_.replicas[i].mark = r.commit;
    emit(Move::kMark, i);
  }
  if (r.durable < r.len) {
    start_over();
    t_.replicas[i].durable = r.len;
    emit(Move::kFsync, i);
  }
  if (!r.lead) return;
  write(i);
  send_appends(i);
  commit(i);
  change_set(i);
  read_record(i);
}

void Moves::write(int i) {
  const Replica& r = s_.replicas[i];
  if (r.commit < r.first || s_.writes >= opt.writes || r.len >= kLogMax) return;
  start_over();
  ++t_.writes;
  Replica& q = t_.replicas[i];
  append(q, make_entry(r.lead, t_.writes));
  if (!opt.fsync) q.durable = q.len;
  emit(Move::kWrite, i, t_.writes);
}

// --- replicating ---

void Moves::send_appends(int i) {
  const Replica& r = s_.replicas[i];
  for (int to = 0; to < opt.replicas; ++to) {
    if (to == i) continue;
    const int match = r.match[id_of(s_, to)];
    const bool useful = opt.reads || r.len > match || r.commit > s_.replicas[to].commit;
    if (!useful || match > r.len) continue;
    for (int count = opt.chunk ? 0 : r.len - match; count <= r.len - match; ++count) {
      send_append(i, to, count);
    }
  }
}

bool Moves::in_sync_and_open(int i, int id) const {
  const Replica& r = s_.replicas[i];
  const bool leaves = !opt.skip_union && has(r.pending_out, id);
  return has(r.set, id) && !leaves && r.commit >= r.first;
}

void Moves::send_append(int i, int to, int count) {
  const Replica& r = s_.replicas[i];
  const int id = id_of(s_, to);
  start_over();
  Replica& q = t_.replicas[i];
  Message m;
  clear(m);
  m.type = kAppend;
  m.from = static_cast<uint8_t>(i);
  m.to = static_cast<uint8_t>(to);
  m.epoch = r.lead;
  m.prev = r.match[id];
  m.prev_epoch = static_cast<uint8_t>(m.prev ? epoch_of(r.log[m.prev - 1]) : 0);
  m.count = static_cast<uint8_t>(count);
  std::copy_n(r.log + m.prev, count, m.entries);
  m.commit = r.commit;
  if (opt.reads) {
    m.stamp = static_cast<uint8_t>(opt.lease);
    if (opt.receipt) {
      m.grant = has(r.set, id) && r.commit >= r.first ? m.stamp : 0;
    } else if (in_sync_and_open(i, id) && predecessor_is_over(s_, i)) {
      int grant = r.stamp[id];
      if (!opt.no_chain) grant = std::min(grant, leader_lease(s_, i));
      m.grant = static_cast<uint8_t>(grant);
      q.granted[id] = std::max(q.granted[id], m.grant);
    }
  }
  if (put(t_, m)) emit(Move::kSend, i, to, count);
}

void Moves::commit(int i) {
  const Replica& r = s_.replicas[i];
  const int mask = union_with_leases(r);
  int index = r.durable;
  for (int id = 0; id < kIds; ++id) {
    if (id != id_of(s_, i) && has(mask, id)) index = std::min<int>(index, r.match[id]);
  }
  const int least = opt.wait_named ? std::max(r.first, r.named) : r.first;
  if (index < least || index <= r.commit || !predecessor_is_over(s_, i)) return;
  start_over();
  Replica& q = t_.replicas[i];
  q.commit = static_cast<uint8_t>(index);
  if (opt.marks && !opt.lag) q.mark = q.commit;
  if (opt.asking) q.verified = 1;
  committed_by_leader(i, index);
  emit(Move::kCommit, i, index);
}

// The ghost of the committed log grows, or goes another way where a fault made that possible.
void Moves::committed_by_leader(int i, int count) {
  const Replica& q = t_.replicas[i];
  if (!has_prefix(q, s_.log, std::min<int>(count, s_.committed))) {
    if (!fault_used(s_)) broken("two committed logs differ");
    loses_ = true;
    if (opt.stop_at_loss) broken("a committed entry is lost");
    t_.lost = 1;
    clear(t_.log);
    t_.committed = 0;
  }
  std::copy_n(q.log, count, t_.log);
  if (opt.goal && count > s_.committed && epoch_of(q.log[count - 1]) >= opt.goal) {
    broken("goal reached: an entry of a later epoch commits");
  }
  if (count <= t_.committed) return;
  t_.committed = static_cast<uint8_t>(count);
  t_.barrier[t_.second_active] = t_.committed;
  if (opt.rule != 2 || t_.second_active) return;
  for (int k = 0; k < count; ++k) {
    if (value_of(t_.log[k]) != kBarrier || t_.second_active) continue;
    t_.second_active = 1;
    t_.barrier[1] = t_.committed;
  }
}

// --- the set ---

void Moves::change_set(int i) {
  const Replica& r = s_.replicas[i];
  if (s_.record.version >= opt.versions || r.version >= opt.versions) return;
  if (!opt.set_before_wait && !predecessor_is_over(s_, i)) return;
  const bool waits = opt.reads && !opt.no_leave_wait;
  for (int id = 0; id < kIds; ++id) {
    if (id == id_of(s_, i)) continue;
    if (has(r.set, id)) {
      if (opt.receipt && !opt.no_leave_wait && r.quit[id]) continue;
      if (waits && !opt.receipt && !opt.swap_first && r.granted[id]) continue;
      const int set = r.set & ~(1 << id);
      if (std::popcount(static_cast<unsigned>(set)) >= opt.min_set) {
        swap_set(i, set, Move::kRemove, id);
      }
      continue;
    }
    if (!is_current(s_, id) || replica_of(id) == i || replica_of(id) >= opt.replicas) continue;
    const int need = opt.grow_early ? r.commit : std::max(r.commit, r.first);
    if (r.match[id] < need || r.match[id] == 0) continue;
    if (opt.grow_after_open && r.commit < r.first) continue;
    const bool leased =
        std::any_of(r.granted, r.granted + kIds, [&](uint8_t left) { return left > r.credit[id]; });
    if (opt.join_when_out && leased) continue;
    const int other = id >= kReplicas ? 1 << (id - kReplicas) : 0;
    swap_set(i, (r.set | 1 << id) & ~other, Move::kAdd, id);
  }
}

void Moves::swap_set(int i, int set, Move move, int id) {
  const Replica& r = s_.replicas[i];
  start_over();
  const Swap swap{r.version,
                  r.lead,
                  r.lead,
                  static_cast<uint8_t>(id_of(s_, i)),
                  static_cast<uint8_t>(set),
                  static_cast<uint8_t>(i + 1),
                  1};
  if (!put(t_, swap)) return;
  Replica& q = t_.replicas[i];
  if (opt.assume) {
    q.set = static_cast<uint8_t>(set);
    ++q.version;
  } else {
    q.pending_in |= static_cast<uint8_t>(set);
    q.pending_out |= static_cast<uint8_t>(~set & kAllIds);
  }
  emit(move, i, id, set);
}

// The entry that names the record which the leader acts on from now on.
void Moves::name_record(Replica& q) {
  if (!opt.named) return;
  append(q, make_entry(q.lead, kNames, q.version, q.set));
  q.named = q.len;
  if (!opt.fsync) q.durable = q.len;
}

void Moves::read_record(int i) {
  const Replica& r = s_.replicas[i];
  const bool room = !opt.named || r.len < kLogMax;
  if (s_.record.epoch == r.lead && s_.record.version > r.version && room) {
    start_over();
    Replica& q = t_.replicas[i];
    q.version = s_.record.version;
    q.set = s_.record.set;
    q.pending_in = q.pending_out = 0;
    name_record(q);
    emit(Move::kReadRecord, i);
  }
  if (s_.record.epoch > r.lead) {
    start_over();
    step_down(t_.replicas[i]);
    emit(Move::kSeeHigherEpoch, i);
  }
  const bool same = s_.record.epoch == r.lead && s_.record.version == r.version;
  if (((opt.read_back && same) || opt.swap_fail) && (r.pending_in || r.pending_out)) {
    start_over();
    t_.replicas[i].pending_in = t_.replicas[i].pending_out = 0;
    emit(Move::kTakeSwapForFailed, i);
  }
}

}  // namespace tandem::model
