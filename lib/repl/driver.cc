#include "repl/driver.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace tandem::repl {
namespace {

// While something waits that has a deadline of its own, and where the core has something to look at
// again and again; otherwise the core's next deadline tells when.
constexpr int64_t kTickNs = 10'000'000;
constexpr size_t kApplyBytes = 1 << 20;
constexpr int64_t kApplyNsPerTurn = 4'000'000;
constexpr uint64_t kMaxPinnedSnapshots = 8;
constexpr int64_t kOversleepNs = 50'000'000;  // planted

}  // namespace

// --- the process ---

void Driver::start(UniqueFunction<void()> started) {
  started_ = std::move(started);
  begin_state();
}

void Driver::begin_state() {
  around_.applier.begin(*this, [this](const Result<Index>& begun) {
    if (!stopping_) state_begun(begun);
  });
}

void Driver::state_begun(const Result<Index>& begun) {
  if (!begun && begun.error().kind == ErrorKind::kCorrupt) {
    const Status aside = around_.recovery.set_origin_aside(begun.error());
    return aside ? begin_state() : around_.people.give_up(aside.error());
  }
  if (!begun) return around_.people.give_up(begun.error());
  Result<Start> start = around_.recovery.settle();
  if (!start) return around_.people.give_up(start.error());
  joins_anew_ = start->joins_anew;
  applied_ = seen_applied_ = *begun;
  begins_empty_ = *begun == 0;
  start->recovered.applied = std::max(start->recovered.applied, applied_);
  core_ =
      std::make_unique<Replica>(start->options, start->recovered, around_.log, around_.snapshots);
  something_happened();
  look_whether_it_has_started();
}

void Driver::look_whether_it_has_started() {
  if (!started_ || stopping_ || applied_ < core_->commit()) return;
  std::exchange(started_, {})();
  tick();
}

void Driver::registered() {
  is_registered_ = true;
  read_record();
}

void Driver::stop() {
  stopping_ = true;
  if (core_ == nullptr) return;
  // What was logged is durable or will be found torn; its clients ask again with the same key.
  const bool refuses = planted(Bug::kRefuseWhatWaits);
  writers_.fail_all(Error{refuses ? ErrorKind::kUnavailable : ErrorKind::kUnknown,
                          "this replica is being stopped: the outcome is unknown, ask again with "
                          "the same key"});
  tell_takes_writes();
  step(Stopping{});  // the log writes what is queued before it closes
  const Error stops{ErrorKind::kUnavailable, "this replica is being stopped"};
  readers_.fail_above(0, stops);
  index_waiters_.fail_all(stops);
}

// --- the core and its effects ---

void Driver::step(Event event) {
  Effects effects;
  core_->set_able(around_.log.has_space(), around_.applier.trouble().empty());
  core_->step(std::move(event), now_ns(), effects);
  something_happened();
  carry_out(std::move(effects));
}

void Driver::something_happened() {
  if (std::exchange(dirty_, true)) return;
  if (planted(Bug::kClockBeforeRequest)) turn_began_ns_ = now_ns();
  around_.alarm.end_turn();
}

void Driver::carry_out(Effects effects) {
  for (const std::string& notice : effects.notices) around_.people.tell(notice);
  if (effects.stepped_down && !planted(Bug::kKeepWriters)) {
    const bool refuses = planted(Bug::kRefuseDeposed);
    writers_.fail_all(Error{refuses ? ErrorKind::kUnavailable : ErrorKind::kUnknown,
                            "leadership was lost: the outcome is unknown, ask again with the same "
                            "key"});
  }
  for (Persist& item : effects.persists) persist(item);
  for (Send& send : effects.sends) sends_.send(std::move(send));
  if (effects.swap) swap_record(*effects.swap);
  if (effects.read_record) read_record();
  if (effects.snapshot_chunk) incoming_.take(*effects.snapshot_chunk, picturing_);
  if (effects.went_back) around_.people.went_back(*effects.went_back);
  for (const IndexFound& found : effects.indexes_found) index_found(found);
  if (joins_anew_) tell_where_caught_up();
}

// What was told of this disk as lost, or was never there, is here.
void Driver::tell_where_caught_up() {
  if (!core_->in_sync()) return;
  joins_anew_ = false;
  if (core_->leading()) return;
  around_.people.tell("caught up from replica " + std::to_string(core_->leader_id()) +
                      ": everything that was answered is here");
}

void Driver::persist(Persist& item) {
  Ticket ticket = 0;
  if (auto* append = std::get_if<AppendEntries>(&item.what)) {
    ticket = around_.log.append(append->entries);
  } else if (const auto* cut = std::get_if<CutLog>(&item.what)) {
    readers_.fail_above(cut->from - 1,
                        Error{ErrorKind::kUnavailable, "the log was cut: ask again"});
    ticket = around_.log.cut(cut->from);
  } else if (const auto* promise = std::get_if<SavePromise>(&item.what)) {
    ticket = around_.log.save_promise(promise->epoch);
  } else if (const auto* committed = std::get_if<SaveCommitted>(&item.what)) {
    ticket = around_.log.save_committed(committed->position);
  } else if (const auto* lineage = std::get_if<SaveLineage>(&item.what)) {
    ticket = around_.log.save_lineage(lineage->lineage);
  }
  sends_.wrote(item.ticket, ticket);
}

void Driver::durable(Ticket ticket) {
  if (const auto core = sends_.durable(ticket)) step(Persisted{*core});
  incoming_.durable(ticket);
}

void Driver::end_of_turn() {
  if (!dirty_) return;
  step(EndOfTurn{});  // what this brings about belongs to this turn
  dirty_ = false;
  apply_committed();
  look_whether_it_has_started();
  tell_takes_writes();
  around_.log.flush();
  take_snapshot_if_due();
  wake_when_due();
}

bool Driver::takes_writes() const {
  if (planted(Bug::kJudgeTooEarly)) return leading() && core_->opened() && !stopping_;
  return leading() && core_->opened() && applied_ >= core_->epoch_start() &&
         applied_ >= seen_applied_ && !stopping_;
}

void Driver::tell_takes_writes() {
  const Epoch now = takes_writes() ? core_->epoch() : 0;
  const Epoch before = std::exchange(told_epoch_, now);
  if (now == before || !on_takes_writes_) return;
  if (before != 0) on_takes_writes_(false);
  if (now != 0) on_takes_writes_(true);
}

// The core's time comes in ticks; each of them ends with a turn that sets the next.
void Driver::wake_when_due() {
  const int64_t now = now_ns();
  int64_t next = core_->next_deadline_ns() + (planted(Bug::kOversleep) ? kOversleepNs : 0);
  next = std::min(next, incoming_.next_deadline_ns());
  const bool waits = writers_.size() + readers_.size() + index_waiters_.size() > 0;
  if (next <= now) next = now + kTickNs;
  if (waits) next = std::min(next, now + kTickNs);
  if (wake_at_.bring_forward(next)) around_.alarm.wake_at(next);
}

void Driver::tick() {
  if (core_ == nullptr) return;
  const int64_t now = now_ns();
  wake_at_.clear();
  incoming_.tick();
  step(Tick{});
  writers_.expire(now);
  readers_.expire(now);
  index_waiters_.expire(now);
}

// --- messages ---

void Driver::receive(Message message) {
  if (!hears()) return;
  // What cannot be kept is not taken, and the leader goes on without this replica.
  if (!message.entries.empty() && !has_room_for(message.entries)) return;
  // It has left the registry: who looks there takes this process for dead.
  if (stopping_ && message.type == MessageType::kReadIndex) return;
  step(MessageIn{std::move(message)});
}

// On a full disk the end of the log's segment is kept for what opens an epoch and names a set: so
// that where all disks are full another leader can be chosen, and reads go on.
bool Driver::has_room_for(const std::vector<wire::Entry>& entries) const {
  if (around_.log.has_space()) return true;
  const bool opens = std::all_of(entries.begin(), entries.end(), [](const wire::Entry& entry) {
    return entry.type == wire::EntryType::kOpen;
  });
  return around_.log.fit_in_reserve(entries, !opens);
}

// --- the record ---

void Driver::swap_record(const Swap& swap) {
  around_.record.swap(swap, [this, expected = swap.expected_version](bool applied) {
    step(SwapDone{expected, applied});
  });
}

void Driver::read_record() {
  if (reading_record_) {
    read_record_again_ = true;  // the read under way may have begun before what prompted this one
    return;
  }
  reading_record_ = true;
  const int64_t asked_ns = is_registered_ ? now_ns() : 0;
  around_.record.read([this, asked_ns](const Result<std::optional<Record>>& record) {
    reading_record_ = false;
    if (record && hears() && !stopping_) step(RecordRead{*record, asked_ns});
    if (std::exchange(read_record_again_, false)) read_record();
  });
}

void Driver::record_seen(const std::optional<Record>& record) {
  if (hears() && !stopping_) step(RecordRead{record, 0});
}

// --- applying ---

void Driver::apply_committed() {
  const Index end = planted(Bug::kApplyUncommitted) ? core_->last_index() : core_->commit();
  const int64_t began = now_ns();
  const Index before = applied_;
  in_apply_ = true;
  while (!applying_ && !incoming_.installing() && applied_ < end) {
    std::vector<wire::Entry> batch = around_.log.read(applied_ + 1, kApplyBytes);
    while (!batch.empty() && batch.back().index > end) batch.pop_back();
    CHECK(!batch.empty());
    applying_ = true;
    around_.applier.apply(std::move(batch));
    if (now_ns() - began >= kApplyNsPerTurn) break;
  }
  in_apply_ = false;
  if (applied_ > before) readers_.reached(applied_);
  incoming_.state_reached(applied_);
  look_whether_there_is_a_state();
  if (applied_ < end && !applying_ && !incoming_.installing()) something_happened();
}

// What comes first of a long log is committed, and is no more than its beginning.
void Driver::look_whether_there_is_a_state() {
  if (has_state_ || applied_ == 0 || applied_ < std::max(core_->commit(), seen_applied_)) return;
  has_state_ = !begins_empty_ || core_->caught_up();
}

void Driver::applied(const wire::Entry& entry, const std::optional<Applied>& answer) {
  CHECK(entry.index == applied_ + 1);
  applied_ = entry.index;
  seen_applied_ = std::max(seen_applied_, applied_);
  bytes_since_snapshot_ += wire::encoded_size(entry);
  if (answer) writers_.applied(entry.index, *answer);
}

void Driver::batch_ended() {
  applying_ = false;
  if (in_apply_) return;
  readers_.reached(applied_);
  something_happened();
}

// What was answered is in the log, and applied again before anybody reads.
void Driver::went_back(Index index) {
  applying_ = false;
  if (incoming_.installing()) return;  // another state takes its place
  CHECK(index <= seen_applied_);
  if (planted(Bug::kReadWhatWentBack)) seen_applied_ = index;
  if (!planted(Bug::kForgetThatItWentBack)) applied_ = index;
  something_happened();
}

// --- snapshots of our own ---

// A large state is written less often: each snapshot costs as much as the state is large, so the cost
// for a logged byte stays the same, and a restart replays no more than it restores.
uint64_t Driver::snapshot_due_bytes() const {
  const uint64_t size = around_.snapshots.size_bytes();
  const uint64_t counts = std::min(size, std::max(limits_.snapshot_size_counts_bytes, size / 8));
  return std::max(limits_.snapshot_log_bytes, counts);
}

void Driver::take_snapshot_if_due() {
  const uint64_t due = snapshot_due_bytes();
  if (bytes_since_snapshot_ < due || around_.snapshots.writing() || picturing_) return;
  // A replica that gets the present one would start over; but the log does not grow for ever.
  if (core_->sends_snapshot() && bytes_since_snapshot_ < kMaxPinnedSnapshots * due) return;
  if (incoming_.installing() || applying_ || applied_ <= around_.snapshots.index()) return;
  bytes_since_snapshot_ = 0;
  picturing_ = true;
  around_.applier.picture([this](Result<Picture> picture) { write_snapshot(std::move(picture)); });
}

void Driver::snapshot_lost() {
  bytes_since_snapshot_ = std::numeric_limits<uint64_t>::max() / 2;
  something_happened();
}

void Driver::write_snapshot(Result<Picture> picture) {
  picturing_ = false;
  // The log goes on holding everything; the next one is tried when as much was logged again.
  if (!picture) {
    around_.people.tell("cannot take a snapshot: " + picture.error().message);
    return;
  }
  const Index before = around_.snapshots.index();
  if (incoming_.installing() || picture->index <= before) return;
  if (planted(Bug::kForgetLogEarly)) forget_log_before(picture->index);
  around_.snapshots.write(std::move(*picture), core_->newest_record(),
                          [this, before](const Status& written) {
                            if (written) forget_log_before(before);
                          });
}

// Down to the snapshot before the newest, and never what an in-sync member still has to get, or
// what went back has to get again.
void Driver::forget_log_before(Index snapshot) {
  around_.log.drop_before(std::min({snapshot, core_->pinned_index(), applied_}) + 1);
  something_happened();  // a learner may wait for the newest
}

// --- a snapshot of the leader's ---

void Driver::have_of_snapshot(Index index, uint64_t bytes) {
  step(SnapshotChunkWritten{index, bytes});
}

void Driver::installs(Index index) {
  CHECK_MSG(index > applied_, "a snapshot below what is applied");
  applying_ = false;
}

void Driver::state_replaced(Index index) {
  applied_ = index;
  seen_applied_ = std::max(seen_applied_, applied_);
  bytes_since_snapshot_ = 0;
  readers_.reached(applied_);
  readers_.fail_above(applied_, Error{ErrorKind::kUnavailable, "the log was replaced: ask again"});
}

void Driver::log_replaced(Index index, int64_t time_ms) { step(SnapshotInstalled{index, time_ms}); }

}  // namespace tandem::repl
