#include "state.h"

#include <algorithm>
#include <cstdlib>

namespace tandem::model {
namespace {

template <typename T>
void order(T* items, int count, uint8_t T::*used) {
  std::qsort(items, static_cast<size_t>(count), sizeof(T),
             [](const void* a, const void* b) { return -std::memcmp(a, b, sizeof(T)); });
  int kept = 0;
  for (int k = 0; k < count; ++k) {
    if (!(items[k].*used) || (kept > 0 && same_bytes(items[k], items[kept - 1]))) continue;
    items[kept++] = items[k];
  }
  for (; kept < count; ++kept) clear(items[kept]);
}

bool may_roll_back(const State& s, int i) {
  return s.rollbacks < opt.rollbacks && has(opt.rollers, i);
}

bool has_no_effect(const State& s, const Message& m) {
  const Replica& to = s.replicas[m.to];
  switch (m.type) {
    case kAppend:
      return m.epoch < to.promise && !opt.no_promise && !may_roll_back(s, m.to);
    case kAck:
      if (to.lead != m.epoch) return !opt.reuse;
      return !opt.reads && to.match[m.from] >= m.count && !opt.any_disk;
    case kSwapDone:
      return to.lead != m.epoch || m.count <= to.version;
    default:
      return to.lead != m.epoch;
  }
}

bool cannot_apply(const State& s, const Swap& swap) {
  if (s.go_backs < opt.go_backs) return false;
  if (!opt.swap_text || s.go_backs == 0) return swap.expected_version < s.record.version;
  if (swap.expected_epoch != s.record.epoch) return swap.expected_epoch < s.record.epoch;
  return swap.expected_version < s.record.version;
}

}  // namespace

State first_state() {
  State s;
  clear(s);
  const int set = opt.first_set;
  const auto version = static_cast<uint8_t>(opt.first_version);
  s.record = Record{1, version, 0, static_cast<uint8_t>(set), 1};
  s.top = Record{1, version, 0, static_cast<uint8_t>(set), 0};
  s.top_epoch = 1;
  const Entry open = opt.named ? make_entry(1, kOpen, version, set) : make_entry(1, kOpen);
  for (int i = 0; i < kReplicas; ++i) {
    if (!has(set, i)) continue;
    Replica& r = s.replicas[i];
    r.promise = r.len = r.durable = r.commit = 1;
    r.log[0] = open;
    if (opt.marks) r.mark = 1;
    if (opt.asking) r.verified = 1;
    if (opt.rollbacks) s.images[i] = Image{1, 1, r.mark, 0, {open}};
  }
  if (opt.go_backs && !opt.gone) s.record_image = s.record;
  Replica& leader = s.replicas[0];
  leader.lead = leader.first = 1;
  leader.version = version;
  leader.named = opt.named ? 1 : 0;
  leader.set = static_cast<uint8_t>(set);
  leader.elected_from = opt.reads ? leader.set : 0;
  for (int k = 1; k < kReplicas; ++k) leader.match[k] = has(set, k) ? 1 : 0;
  s.committed = 1;
  s.log[0] = open;
  s.barrier[0] = 1;
  s.shown = 1;
  if (opt.cold) step_down(leader);
  normalize(s);
  return s;
}

void normalize(State& s) {
  for (Message& m : s.messages) {
    if (m.type && has_no_effect(s, m)) clear(m);
  }
  for (Swap& swap : s.swaps) {
    if (swap.epoch && cannot_apply(s, swap)) clear(swap);
  }
  order(s.messages, kMessages, &Message::type);
  order(s.swaps, kSwaps, &Swap::epoch);
}

bool newer(const Known& a, const Known& b) {
  if (opt.known_order && a.epoch != b.epoch) return a.epoch > b.epoch;
  return a.version > b.version;
}

Known known_record(const State& s, int i) {
  const Replica& r = s.replicas[i];
  Known best;
  for (int k = 0; k < r.len; ++k) {
    const Known named{epoch_of(r.log[k]), version_of(r.log[k]), set_of(r.log[k])};
    if (named.version && newer(named, best)) best = named;
  }
  const Known own{r.lead, r.version, r.set};
  return r.lead && newer(own, best) ? own : best;
}

bool has_prefix(const Replica& r, const Entry* log, int count) {
  if (r.len < count) return false;
  for (int k = 0; k < count; ++k) {
    if (r.log[k] != log[k]) return false;
  }
  return true;
}

void step_down(Replica& r) {
  if (opt.reads && r.lead && !opt.self_renew) r.answered = static_cast<uint8_t>(opt.lease);
  r.lead = r.first = r.named = r.version = r.set = r.floor = 0;
  r.pending_in = r.pending_out = r.elected_from = 0;
  clear(r.match);
  clear(r.credit);
  clear(r.stamp);
  clear(r.granted);
  clear(r.quit);
  if (!opt.ack_early) r.durable = r.len;
}

void restart(State& s, int i) {
  Replica& r = s.replicas[i];
  const uint8_t durable = r.durable;
  step_down(r);
  r.len = r.durable = durable;
  std::fill(r.log + durable, r.log + kLogMax, Entry{0});
  r.commit = r.lease = r.verified = r.refused_by = 0;
  r.answered = static_cast<uint8_t>(opt.reads ? opt.lease : 0);
  if (opt.no_promise) r.promise = 0;
  if (s.read_phase >= 2 && s.read_at == i) {
    s.read_phase = s.read_at = s.read_by = s.read_needs = s.read_waits = s.read_answer = 0;
  }
  if (!opt.session && !opt.go_backs && !opt.rollbacks) return;
  const int id = id_of(s, i);
  for (Record* record : {&s.record, &s.record_image}) {
    if (record->leader == id) record->session = 0;
  }
  for (Swap& swap : s.swaps) {
    if (swap.leader == id) swap.session = 0;
  }
}

}  // namespace tandem::model
