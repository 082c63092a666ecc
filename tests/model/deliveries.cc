// Messages that arrive, twice perhaps, or never.
#include <algorithm>

#include "moves.h"

namespace tandem::model {
namespace {

int last_epoch(const Replica& r) { return r.len ? epoch_of(r.log[r.len - 1]) : 0; }

void shorten(Replica& q, int len) {
  std::fill(q.log + len, q.log + kLogMax, Entry{0});
  q.len = static_cast<uint8_t>(len);
  q.durable = std::min(q.durable, q.len);
}

}  // namespace

void Moves::deliveries() {
  for (int k = 0; k < kMessages; ++k) {
    const Message m = s_.messages[k];
    if (!m.type) continue;
    start_over();
    clear(t_.messages[k]);
    emit(Move::kLoseMessage, k);
    if (is_busy(m.to) || has(opt.dead, m.to)) continue;
    for (int keep = 0; keep <= opt.dup; ++keep) {
      start_over();
      if (!keep) clear(t_.messages[k]);
      bool taken = false;
      if (m.type == kAppend) taken = take_append(k);
      if (m.type == kAck) taken = take_ack(m);
      if (m.type == kSwapDone) taken = take_swap_done(m);
      if (m.type == kRefusal) taken = take_refusal(m);
      if (taken) emit(Move::kDeliver, k, keep);
    }
  }
}

bool Moves::take_append(int k) {
  const Message m = s_.messages[k];
  Replica& q = t_.replicas[m.to];
  if (m.epoch < q.promise) return false;
  if (q.lead == m.epoch) {
    broken("two leaders in one epoch");
    return true;
  }
  if (m.epoch > q.promise || q.lead) {
    step_down(q);
    if (m.epoch > q.promise) q.lease = 0;
    q.promise = m.epoch;
  }
  const bool fits = q.len >= m.prev && (m.prev == 0 || epoch_of(q.log[m.prev - 1]) == m.prev_epoch);
  if (fits && !add_entries(q, m)) {
    Message refusal;
    clear(refusal);
    refusal.type = kRefusal;
    refusal.from = m.to;
    refusal.to = m.from;
    refusal.epoch = m.epoch;
    refusal.count = static_cast<uint8_t>(mark_of(q));
    refusal.prev_epoch = static_cast<uint8_t>(epoch_of(q.log[mark_of(q) - 1]));
    put(t_, refusal);
    return true;
  }
  take_commit_index(q, m, fits);
  if (!fits) return true;
  if (opt.asking && opt.heed_longest == 1) q.verified = 1;
  if (opt.reads) {
    if (!opt.receipt) {
      q.lease = std::max(q.lease, m.grant);
    } else if (m.grant) {
      q.lease = static_cast<uint8_t>(opt.lease);
    }
    q.answered = static_cast<uint8_t>(opt.lease);
  }
  Message ack;
  clear(ack);
  ack.type = kAck;
  ack.from = static_cast<uint8_t>(id_of(s_, m.to));
  ack.to = m.from;
  ack.epoch = m.epoch;
  ack.count = static_cast<uint8_t>(m.prev + m.count);
  if (opt.reads) {
    ack.stamp = m.stamp;
    ack.grant = static_cast<uint8_t>(opt.lease);
  }
  put(t_, ack);
  return true;
}

// False where the cut is refused.
bool Moves::cut(Replica& q, int at) {
  if (at < mark_of(q)) {
    if (opt.marks && opt.refuse_cut && fault_used(s_)) return false;
    broken("a replica cuts an entry at or below its commit index");
  }
  shorten(q, at);
  return true;
}

bool Moves::add_entries(Replica& q, const Message& m) {
  int at = m.prev;
  for (int k = 0; k < m.count; ++k, ++at) {
    if (at < q.len && epoch_of(q.log[at]) != epoch_of(m.entries[k]) && !cut(q, at)) return false;
    if (at < q.len && q.log[at] != m.entries[k]) {
      broken("two logs with the same epoch at an index differ there");
    }
    if (at >= q.len) {
      append(q, m.entries[k]);
      if (!opt.ack_early) q.durable = q.len;
    }
  }
  return !opt.blind_cut || q.len <= at || cut(q, at);
}

void Moves::take_commit_index(Replica& q, const Message& m, bool fits) {
  const int known = opt.no_cap ? q.len : m.prev + m.count;
  if (!fits && !opt.no_cap) return;
  const int index = std::min<int>(m.commit, known);
  if (index <= q.commit) return;
  q.commit = static_cast<uint8_t>(index);
  if (opt.marks && !opt.lag) q.mark = std::max(q.mark, q.commit);
  if (opt.asking && epoch_of(q.log[index - 1]) == m.epoch) q.verified = 1;
  if (!s_.lost && (index > s_.committed || !has_prefix(q, s_.log, index))) {
    broken("a follower applies an entry that is not the committed one");
  }
}

bool Moves::take_ack(const Message& m) {
  Replica& q = t_.replicas[m.to];
  if (q.lead != m.epoch) return false;
  const int id = opt.any_disk ? id_of(s_, replica_of(m.from)) : m.from;
  if (m.count > q.match[id]) {
    const bool odd = opt.reuse || opt.no_promise || opt.any_disk || fault_used(s_);
    if (m.count > q.len && !odd) broken("acknowledged beyond the leader's log");
    q.match[id] = m.count;
  }
  if (!opt.reads) return true;
  q.credit[id] = std::max(q.credit[id], m.stamp);
  q.stamp[id] = std::max(q.stamp[id], m.grant);
  if (opt.receipt) q.quit[id] = static_cast<uint8_t>(opt.lease + 1);
  return true;
}

bool Moves::take_swap_done(const Message& m) {
  Replica& q = t_.replicas[m.to];
  if (q.lead != m.epoch || m.count != q.version + 1) return false;
  if (opt.named && q.len >= kLogMax) return false;
  q.version = m.count;
  q.set = m.commit;
  q.pending_in = q.pending_out = 0;
  name_record(q);
  return true;
}

// A leader that is shown a mark outside its log leads this epoch no more.
bool Moves::take_refusal(const Message& m) {
  Replica& q = t_.replicas[m.to];
  if (q.lead != m.epoch) return false;
  if (q.len >= m.count && epoch_of(q.log[m.count - 1]) == m.prev_epoch) return true;
  step_down(q);
  q.refused_by |= static_cast<uint8_t>(1 << m.from);
  return true;
}

// A member whose log ends below what was committed before this epoch was put back: it sets its data
// aside and joins with another disk. Where it holds proof of something that the leader lacks it
// refuses instead, and the leader stops.
void Moves::set_asides() {
  if (!opt.set_aside || !opt.marks || !fault_used(s_)) return;
  for (int i = 0; i < opt.replicas; ++i) {
    const Replica& leader = s_.replicas[i];
    if (!leader.lead || leader.floor == 0) continue;
    for (int f = 0; f < opt.replicas; ++f) {
      const Replica& r = s_.replicas[f];
      if (f == i || r.lead || r.promise != leader.lead || !has(leader.set, id_of(s_, f))) continue;
      const int floor_epoch = epoch_of(leader.log[leader.floor - 1]);
      const bool behind =
          last_epoch(r) < floor_epoch || (last_epoch(r) == floor_epoch && r.len < leader.floor);
      if (!behind) continue;
      start_over();
      const int mark = mark_of(r);
      const bool contained = mark == 0 || (leader.len >= mark && epoch_of(leader.log[mark - 1]) ==
                                                                     epoch_of(r.log[mark - 1]));
      if (!contained) {
        step_down(t_.replicas[i]);
        t_.replicas[i].refused_by |= static_cast<uint8_t>(1 << f);
      } else if (has(s_.wiped, f)) {
        continue;
      } else {
        if (r.mark && !has_prefix(leader, r.log, r.mark)) {
          broken("a replica sets aside what it knows committed and the leader lacks");
        }
        restart(t_, f);
        clear(t_.replicas[f]);
        t_.wiped |= static_cast<uint8_t>(1 << f);
      }
      emit(Move::kSetAside, f, i);
    }
  }
}

}  // namespace tandem::model
