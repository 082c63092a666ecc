// Replica: what it knows of the past, for when a disk or the record goes back to an earlier state.
#include <algorithm>
#include <utility>

#include "repl/planted.h"
#include "repl/replica.h"

namespace tandem::repl {
namespace {

// What was committed so long ago at most is written down as such: another fsync now and then.
constexpr int64_t kMarkEveryNs = 100'000'000;
constexpr size_t kEndsTold = 16;

}  // namespace

Memory Replica::memory() const {
  Memory memory;
  memory.committed = context_.committed();
  memory.caught_up = caught_up();
  memory.record = context_.newest_record;
  const Index base = context_.log.first_index() - 1;
  Index end = context_.last_index;
  while (end > 0 && memory.ends.size() < kEndsTold) {
    const Epoch epoch = context_.log.epoch_at(end);
    memory.ends.push_back(Position{epoch, end});
    // Epochs rise along the log: half of what is left is looked at each time.
    Index below = base;
    Index first = end;
    while (below + 1 < first) {
      const Index middle = below + (first - below) / 2;
      (context_.log.epoch_at(middle) == epoch ? first : below) = middle;
    }
    if (first <= base + 1) break;
    end = first - 1;
  }
  std::reverse(memory.ends.begin(), memory.ends.end());
  return memory;
}

// Chosen in this life: an earlier one may have led this epoch, with a disk that knew more. Where
// the record does not tell whose life was chosen, it is this one where it was not so from the
// start.
bool Replica::makes_me_leader(const Record& record) const {
  if (record.leader != context_.options.self.id || !record.contains(context_.options.self)) {
    return false;
  }
  if (planted(Bug::kLeadUnchosen)) return true;
  if (record.leader_session != 0) return record.leader_session == context_.options.session;
  return has_seen_earlier_;
}

// An entry of the leader's own epoch is committed after all that was committed before it.
void Replica::look_whether_caught_up(const Message& append) {
  if (caught_up_ || append.commit == 0 || append.commit > verified_) return;
  const Index sent = append.commit - std::min(append.commit, append.prev_index);
  if (sent > 0 && sent <= append.entries.size()) {
    caught_up_ = append.entries[sent - 1].epoch == append.epoch;
  } else if (append.commit >= context_.log.first_index() &&
             append.commit <= context_.log.last_index()) {
    caught_up_ = context_.log.epoch_at(append.commit) == append.epoch;
  }
}

// A leader that lacks what is committed: its disk, or the record that it was chosen by, went back.
// What is known here must not be cut for it, whatever it is in need of. The same for one that leads
// an epoch which another process has led before.
void Replica::refuse(const Message& m, Index agreed) {
  Message refusal = context_.make(MessageType::kRefuse, m.from, m.session);
  refusal.prev_index = agreed;
  refusal.committed = context_.committed();
  refusal.proven = led_by_another(m);
  if (std::exchange(refusal_told_, m.session) != m.session) {
    context_.notice(
        "refuses the leader of epoch=" + std::to_string(m.epoch) + " id=" + std::to_string(m.from) +
        (refusal.proven ? std::string(": another process led this epoch")
                        : ": its log and this one agree up to index=" + std::to_string(agreed)) +
        "; committed here: " + to_text(refusal.committed));
  }
  context_.send(std::move(refusal), context_.last_ticket);
}

// Whether the epoch of this message was begun by another process. Epochs are used once; after a
// record went back where nobody that could be asked knew of it one may be used again.
bool Replica::led_by_another(const Message& m) const {
  const auto& newest = context_.newest_record;
  return newest && newest->epoch == m.epoch && newest->leader_session != 0 &&
         newest->leader_session != m.session;
}

// Such a leader does not go on: what it answers would be lost, or what it lacks. Where it has all
// the commands that the other one knows, that one may not cut what it took for committed in this
// life: it begins anew.
void Replica::on_refuse(const Message& m) {
  const Member member{m.from, m.storage_id};
  if (m.epoch != context_.promise || leader_->record().has_given_up(member)) return;
  if (context_.holds(m.committed) && !m.proven) {
    leader_->went_back(m);
    return;
  }
  context_.notice("stops leading: replica " + std::to_string(m.from) +
                  (m.proven ? " has seen another process lead epoch " + std::to_string(m.epoch)
                            : " knows that " + to_text(m.committed) +
                                  " is committed, which is not in the log here"));
  step_down();
}

// Said by a leader to a member of its set whose log, now that it is verified, turns out to have
// ended before what was committed with its acknowledgement.
void Replica::on_went_back(const Message& m) {
  if (leader_ != nullptr || m.epoch != context_.promise || m.from != leader_id_) return;
  if (m.to_session != context_.options.session) return;
  context_.out->went_back = "replica " + std::to_string(m.from) + ", the leader of epoch " +
                            std::to_string(m.epoch) + ", says that this disk had acknowledged " +
                            to_text(m.committed) + " and came back without it";
}

// Only what is on the own disk: the mark says what this disk can prove.
void Replica::write_mark(bool now) {
  if (std::min(context_.commit, context_.durable_index) <= marked_up_to_) return;
  if (planted(Bug::kNoMark)) return;
  if (!now && context_.now - last_mark_ns_ < kMarkEveryNs) return;
  last_mark_ns_ = context_.now;
  marked_up_to_ = std::min(context_.commit, context_.durable_index);
  const Position last = context_.last_command(marked_up_to_);
  if (last <= context_.mark) return;
  context_.mark = last;
  context_.persist(SaveCommitted{context_.mark});
}

void Replica::on(Stopping&) { write_mark(true); }

int64_t Replica::next_mark_ns() const {
  const bool unmarked = std::min(context_.commit, context_.durable_index) > marked_up_to_;
  return unmarked && !planted(Bug::kNoMark) ? last_mark_ns_ + kMarkEveryNs : INT64_MAX;
}

}  // namespace tandem::repl
