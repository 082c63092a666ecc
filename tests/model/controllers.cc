// The record and those who elect by it: elections, the repair of a record that went back, and
// compare-and-swaps that arrive or are lost.
//
// A controller reads the record, asks, and sends its swap at once; the swap arrives whenever it
// likes. Which replicas answer is open, but for those that opt.silent leaves out.
#include <algorithm>
#include <bit>

#include "moves.h"

namespace tandem::model {
namespace {

int last_of(const Replica& r) { return r.len ? epoch_of(r.log[r.len - 1]) * 16 + r.len : 0; }
int mark_key(const Replica& r) {
  const int mark = mark_of(r);
  return mark ? epoch_of(r.log[mark - 1]) * 16 + mark : 0;
}

int everybody_there() { return ((1 << opt.replicas) - 1) & ~opt.dead; }

// The replicas whose present disk is a member of `set`.
int members_there(const State& s, int set) {
  int mask = 0;
  for (int i = 0; i < opt.replicas; ++i) {
    if (has(set, id_of(s, i))) mask |= 1 << i;
  }
  return mask;
}

bool possible_answers(int mask) {
  const int there = everybody_there();
  return (mask & ~there) == 0 && ((mask | opt.silent) & there) == there;
}

// By what the answers tell: the epoch at the index of the mark.
bool contains_mark(const Replica& r, const Replica& of) {
  const int mark = mark_of(of);
  return mark == 0 || (r.len >= mark && epoch_of(r.log[mark - 1]) == epoch_of(of.log[mark - 1]));
}

Message swap_done(const Swap& swap) {
  Message m;
  clear(m);
  m.type = kSwapDone;
  m.to = static_cast<uint8_t>(swap.from - 1);
  m.from = 9;
  m.epoch = swap.epoch;
  m.count = static_cast<uint8_t>(swap.expected_version + 1);
  m.commit = swap.set;
  return m;
}

}  // namespace

// Whether the answers rule out that the record read is the newest.
bool Moves::knows_higher(int answers, int set) const {
  const int asked = opt.ask_all ? answers : answers & members_there(s_, set);
  for (int i = 0; i < opt.replicas; ++i) {
    if (!has(asked, i)) continue;
    if (newer(known_record(s_, i), known_of(s_.record))) return true;
    if (s_.replicas[i].promise > s_.record.epoch) return true;
    if (opt.tell_pending && s_.replicas[i].pending_in) return true;
  }
  return false;
}

// Whether one of these members, who answer, has everything if not all of min_set disks went back.
// A member whose disk is gone is not waited for.
bool Moves::enough_to_be_sure(int set, int members) const {
  for (int i = 0; i < opt.replicas; ++i) {
    if (has(members, i) && s_.replicas[i].verified) return true;
  }
  const auto count = [](int mask) { return std::popcount(static_cast<unsigned>(mask)); };
  return count(members) >= std::min(int{opt.min_set}, count(members_there(s_, set)));
}

// Whether `id`, a member of `set`, may be chosen on these answers.
bool Moves::may_lead(int id, int set, int answers) const {
  const int k = replica_of(id);
  const Replica& candidate = s_.replicas[k];
  const int members = answers & members_there(s_, set);
  const int asked = opt.ask_all ? answers : members;
  if (opt.enough && !enough_to_be_sure(set, members)) return false;
  for (int i = 0; i < opt.replicas; ++i) {
    if (!has(asked, i)) continue;
    const Replica& r = s_.replicas[i];
    if (opt.marks && opt.heed_mark == 2 && !contains_mark(candidate, r)) return false;
    if (opt.marks && opt.heed_mark == 1 && last_of(candidate) < mark_key(r)) return false;
    if (opt.marks && opt.heed_mark == 1 && has(candidate.refused_by, i)) return false;
    if (!opt.heed_longest || candidate.verified || !has(members, i)) continue;
    if (last_of(candidate) < last_of(r)) return false;
  }
  return true;
}

// What must not happen, whatever the rules say: the chosen one lacks what an answer could have
// told.
void Moves::check_choice(int id, int answers, int members, bool everybody) {
  if (!fault_used(s_)) return;
  const Replica& chosen = s_.replicas[replica_of(id)];
  const bool lacks = !s_.lost && !has_prefix(chosen, s_.log, s_.committed);
  if (lacks && opt.min_set > opt.rollbacks && opt.go_backs == 0) {
    broken("chosen, and lacks an entry, though fewer disks than min_set went back");
  }
  for (int i = 0; i < opt.replicas; ++i) {
    if (!has(answers | members, i)) continue;
    const Replica& r = s_.replicas[i];
    if (!has_prefix(chosen, r.log, mark_of(r))) {
      broken("chosen, and lacks what a replica that answers knows committed");
    }
    if (!lacks) continue;
    const Known known = known_record(s_, i);
    const bool higher = known.epoch * 16 + known.version > s_.record.epoch * 16 + s_.record.version;
    if (higher && everybody) {
      broken("chosen by a record older than a replica that answers knows, and lacks an entry");
    }
    const bool truly_in_sync = has(s_.top.set, id_of(s_, i));
    if (opt.silent == 0 && truly_in_sync && has_prefix(r, s_.log, s_.committed)) {
      broken("chosen, and lacks an entry of an in-sync member that answers");
    }
  }
}

void Moves::elections() {
  if (s_.record.epoch == 0 || s_.record.version >= opt.versions) return;
  for (int id = 0; id < kIds; ++id) {
    if (!is_current(s_, id) || replica_of(id) >= opt.replicas) continue;
    const bool member = has(s_.record.set, id);
    if (!member && (!opt.outside || s_.replicas[replica_of(id)].len == 0)) continue;
    elect(id);
  }
}

void Moves::elect(int id) {
  const int full = s_.record.set | 1 << id;
  const int epoch = (opt.unique ? std::max(s_.top_epoch, s_.record.epoch) : s_.record.epoch) + 1;
  if (epoch > opt.epochs) return;
  bool chosen = !opt.asking;
  broken_ = nullptr;
  if (opt.asking) {
    for (int answers = 0; answers < 1 << opt.replicas; ++answers) {
      if (!possible_answers(answers) || !has(answers, replica_of(id))) continue;
      if (!opt.believe_old && knows_higher(answers, full)) continue;
      if (!may_lead(id, full, answers)) continue;
      chosen = true;
      check_choice(id, answers, 0, true);
    }
  }
  if (!chosen) return;
  const char* what = broken_;
  for (int set = opt.swap_on_drop ? 1 : full; set <= full; ++set) {
    if ((set & full) != set || !has(set, id)) continue;
    if (set != full && std::popcount(static_cast<unsigned>(set)) < opt.min_set) continue;
    start_over();
    broken_ = what;
    send_choice(id, set, epoch, Move::kElect);
  }
}

void Moves::send_choice(int id, int set, int epoch, Move move) {
  const Swap swap{s_.record.version,
                  s_.record.epoch,
                  static_cast<uint8_t>(epoch),
                  static_cast<uint8_t>(id),
                  static_cast<uint8_t>(set),
                  0,
                  1};
  if (put(t_, swap)) emit(move, id, set);
}

void Moves::repairs() {
  if (!opt.asking || !opt.repair || s_.go_backs == 0) return;
  if (s_.record.version >= opt.versions) return;
  for (int answers = 1; answers < 1 << opt.replicas; ++answers) {
    if (possible_answers(answers)) repair_by(answers);
  }
}

// Every member of the set of the highest record known answers: that record again, one epoch later.
void Moves::repair_by(int answers) {
  Known highest = known_of(s_.record);
  int epoch = s_.record.epoch;
  for (int i = 0; i < opt.replicas; ++i) {
    const bool counts = opt.ask_all || has(s_.record.set, id_of(s_, i)) || s_.record.epoch == 0;
    if (!has(answers, i) || !counts) continue;
    const Known known = known_record(s_, i);
    if (newer(known, highest)) highest = known;
    epoch = std::max<int>(epoch, s_.replicas[i].promise);
  }
  const bool went_back = newer(highest, known_of(s_.record)) || epoch > s_.record.epoch;
  if (!went_back || highest.set == 0) return;
  epoch = std::max({epoch, highest.epoch, opt.unique ? int{s_.top_epoch} : 0}) + 1;
  if (epoch > opt.epochs) return;
  const int members = members_there(s_, highest.set);
  const bool all = std::popcount(static_cast<unsigned>(members)) ==
                   std::popcount(static_cast<unsigned>(highest.set));
  if (opt.repair_all && (!all || (members & ~answers))) return;
  for (int i = 0; i < opt.replicas; ++i) {
    if (!has(members & answers, i) || !may_lead(id_of(s_, i), highest.set, answers)) continue;
    start_over();
    check_choice(id_of(s_, i), answers, members, false);
    send_choice(id_of(s_, i), highest.set, epoch, Move::kRepair);
  }
}

void Moves::swaps() {
  for (int k = 0; k < kSwaps; ++k) {
    if (!s_.swaps[k].epoch) continue;
    apply_swap(k);
    start_over();
    clear(t_.swaps[k]);
    emit(Move::kLoseSwap, k);
  }
}

void Moves::apply_swap(int k) {
  const Swap swap = s_.swaps[k];
  const bool same_epoch = !opt.swap_text || swap.expected_epoch == s_.record.epoch;
  if (swap.expected_version != s_.record.version || !same_epoch) return;
  // A choice draws an epoch that no other one has; where two were drawn before one applied, and the
  // record went back in between, it is another number here.
  const bool used = !swap.from && opt.unique == 2 && swap.epoch <= s_.top_epoch;
  const int epoch = used ? s_.top_epoch + 1 : swap.epoch;
  if (epoch > opt.epochs) return;
  start_over();
  clear(t_.swaps[k]);
  Record& r = t_.record;
  r.epoch = static_cast<uint8_t>(epoch);
  r.version = static_cast<uint8_t>(swap.expected_version + 1);
  r.leader = swap.leader;
  r.set = swap.set;
  r.session = swap.session;
  if (r.epoch < s_.record.epoch) broken("the epoch of the record falls by a swap");
  t_.top_epoch = std::max(t_.top_epoch, r.epoch);
  if (r.epoch * 16 + r.version > t_.top.epoch * 16 + t_.top.version) t_.top = r;
  t_.top.session = t_.top.leader = 0;
  for (int i = 0; opt.in_sync_check && i < opt.replicas; ++i) {
    if (!has(r.set, id_of(s_, i))) continue;
    if (!has_prefix(t_.replicas[i], t_.log, t_.committed)) {
      broken("an in-sync member lacks a committed entry");
    }
  }
  if (!swap.from || put(t_, swap_done(swap))) emit(Move::kSwap, k);
}

}  // namespace tandem::model
