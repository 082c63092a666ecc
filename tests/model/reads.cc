// Time, leases and one linearizable read at a time. A tick lets every lease run down by one.
#include <algorithm>

#include "moves.h"

namespace tandem::model {
namespace {

void run_down(uint8_t& left) {
  if (left) --left;
}

bool has_barrier(const Replica& r) {
  return std::any_of(r.log, r.log + r.len, [](Entry e) { return value_of(e) == kBarrier; });
}

void end_read(State& s) {
  s.read_phase = s.read_at = s.read_by = s.read_needs = s.read_waits = s.read_answer = 0;
}

}  // namespace

void Moves::tick() {
  start_over();
  for (Replica& r : t_.replicas) {
    run_down(r.lease);
    run_down(r.answered);
    for (int id = 0; id < kIds; ++id) {
      run_down(r.credit[id]);
      run_down(r.stamp[id]);
      run_down(r.granted[id]);
      run_down(r.quit[id]);
    }
  }
  for (Message& m : t_.messages) {
    if (m.type != kAppend && m.type != kAck) continue;
    run_down(m.stamp);
    if (!opt.receipt || m.type != kAppend) run_down(m.grant);
  }
  if (!same_bytes(t_, s_)) emit(Move::kTick);
}

// A second controller passes reads on: with a barrier index, or with an entry of its own.
void Moves::second_controller() {
  if (s_.second_active) return;
  if (opt.orchs == 2 && opt.rule != 2) {
    start_over();
    t_.second_active = 1;
    t_.barrier[1] = s_.committed;
    emit(Move::kSecondController);
  }
  for (int i = 0; i < kReplicas && opt.rule == 2; ++i) {
    const Replica& r = s_.replicas[i];
    if (!r.lead || r.commit < r.first || r.len >= kLogMax || is_busy(i) || has_barrier(r)) continue;
    start_over();
    Replica& q = t_.replicas[i];
    append(q, make_entry(q.lead, kBarrier));
    q.durable = q.len;
    emit(Move::kSecondController, i);
  }
}

void Moves::reads() {
  tick();
  second_controller();
  read_begins();
  if (s_.read_phase && s_.read_phase != 5) read_goes_on();
}

void Moves::read_begins() {
  const int needs = std::max(s_.committed, s_.shown);
  const bool may_begin = s_.read_phase == 0 && s_.reads_done < opt.read_count;
  if (opt.check_before == 2) {
    for (int f = 0; may_begin && f < opt.replicas; ++f) {
      if (s_.replicas[f].lead || !s_.replicas[f].lease) continue;
      start_over();
      t_.read_phase = 5;
      t_.read_at = static_cast<uint8_t>(f);
      emit(Move::kClockThenPause, f);
    }
    if (s_.read_phase != 5) return;
    start_over();
    ++t_.reads_done;
    t_.read_phase = 4;
    t_.read_waits = s_.replicas[s_.read_at].len;
    t_.read_needs = static_cast<uint8_t>(needs);
    emit(Move::kReadBegins, s_.read_at);
    return;
  }
  for (int by = 0; may_begin && by < opt.orchs; ++by) {
    if (by == 1 && !s_.second_active) continue;
    for (int f = 0; f < opt.replicas; ++f) {
      start_over();
      ++t_.reads_done;
      t_.read_phase = 1;
      t_.read_at = static_cast<uint8_t>(f);
      t_.read_by = static_cast<uint8_t>(by);
      t_.read_needs = static_cast<uint8_t>(needs);
      t_.read_waits = opt.rule == 1 ? 0 : s_.barrier[by];
      emit(Move::kReadBegins, f, by);
    }
  }
}

void Moves::read_goes_on() {
  const int f = s_.read_at;
  const Replica& r = s_.replicas[f];
  const bool can = !r.lead || (opt.leader_reads && (r.commit >= r.first || opt.serve_early));
  const int lease = !r.lead ? r.lease : opt.no_leader_lease ? 1 : leader_lease(s_, f);
  const uint8_t end = r.lead ? r.commit : r.len;
  if (s_.read_phase == 1 && can && (!opt.check_before || lease)) {
    start_over();
    t_.read_phase = 3;
    if (opt.rule == 1) {
      if (!opt.check_before) t_.read_waits = end;
      emit(Move::kReadFirstHalf, f);
    } else if (!(opt.rule == 2 && s_.read_by == 0 && has_barrier(r)) && r.commit >= s_.read_waits) {
      t_.read_answer = r.commit;
      emit(Move::kReadFirstHalf, f, r.commit);
    }
  }
  if (s_.read_phase == 3 && (lease || opt.check_before)) {
    if (opt.rule == 1) {
      start_over();
      if (opt.check_before) t_.read_waits = end;
      t_.read_phase = 4;
      emit(Move::kReadSecondHalf, f);
    } else {
      read_ends(s_.read_answer);
    }
  }
  if (s_.read_phase == 4 && r.commit >= s_.read_waits) read_ends(r.commit);
  start_over();
  end_read(t_);
  emit(Move::kReadGivenUp);
}

void Moves::read_ends(int index) {
  start_over();
  if (index < s_.read_needs && !s_.lost) {
    broken("a linearizable read is older than what was acknowledged or shown before it began");
  }
  t_.shown = static_cast<uint8_t>(std::max<int>(s_.shown, index));
  end_read(t_);
  emit(Move::kReadAnswer, s_.read_at, index);
}

}  // namespace tandem::model
