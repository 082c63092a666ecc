// The driver of one replica: carries the effects of the protocol core (replica.h) out in its
// surroundings, has the applier carry out what is committed, and takes writes and reads. Pure as
// the core is: the processes and the simulator run this very code.
//
// From a message to the disk and back: receive() → core step(MessageIn) → Effects → persists go to
// the log, sends wait for the ticket they depend on (held_sends.h) → durable() → core step(Persisted)
// → what waited leaves. At the end of each turn of the loop the core gets EndOfTurn, so that
// everything that came in one turn goes out as one batch.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/alarm_time.h"
#include "base/function.h"
#include "base/result.h"
#include "repl/applier.h"
#include "repl/held_sends.h"
#include "repl/incoming_snapshot.h"
#include "repl/planted.h"
#include "repl/replica.h"
#include "repl/surroundings.h"
#include "repl/waiters.h"
#include "wire/envelope.h"

namespace tandem::repl {

struct DriverLimits {
  size_t max_writers = 16384;        // writes without an outcome; more are refused (503)
  size_t max_readers = 16384;        // reads that wait for the state to catch up
  size_t max_entry_bytes = 8 << 20;  // of a command with its key
  // A snapshot is taken when so much was logged since the last, or as much as that one is large.
  uint64_t snapshot_log_bytes = 16 << 20;
  // Of that one's size no more than this counts, or an eighth of it: for states that are kept over a
  // restart, which then takes as long as the log is.
  uint64_t snapshot_size_counts_bytes = std::numeric_limits<uint64_t>::max();
};

class Driver final : private Applier::Owner, private IncomingSnapshot::Owner {
 public:
  Driver(const DriverLimits& limits, const Surroundings& around)
      : limits_(limits), around_(around), sends_(around_.outbox), incoming_(*this, around_) {}
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  // --- the process ---
  // Has the applier bring about the state that is on the disk: that of the snapshot, and what the
  // log is known to hold committed beyond it. Calls `started` then; it may take long. Until then
  // nothing is said, taken or answered: one that joined earlier would be chosen to lead, and
  // nothing could be written while it applies what is left.
  void start(UniqueFunction<void()> started);
  bool begins() const { return core_ == nullptr || started_; }
  // Others find this replica from now on. Before that it says and learns nothing: a controller that
  // sees the session before it there takes this member for dead. REQUIRES: started.
  void registered();
  // The process is about to end: no writes and reads any more.
  void stop();
  // What was written up to this ticket of the log is on disk.
  void durable(Ticket ticket);
  // The newest snapshot was damaged, and is the newest no more: another one is due. REQUIRES: not
  // begins().
  void snapshot_lost();
  void end_of_turn();
  void tick();
  // Somebody saw this version of the record; it may be an old one.
  void record_seen(const std::optional<Record>& record);

  // --- messages ---
  bool hears() const {
    return is_registered_ && (!incoming_.installing() || planted(Bug::kHearWhileInstalling));
  }
  // What is lost is sent again: a message that comes at the wrong time, or cannot be kept, is not
  // taken.
  void receive(Message message);

  // --- what clients want ---
  // Logs a command and calls back once it is applied. Errors: kUnavailable (not the leader, or too
  // many wait: nothing was done), kNoSpace, kTooLarge, kBadInput (the state machine does not admit
  // the command or its key), kUnknown (ask again with the same key).
  void write(std::string command, std::string_view key, uint32_t budget_ms, Writers::Done done);
  // Calls back when the state may be read at this consistency. Errors: kUnavailable (this replica
  // cannot promise it), kTimeout, kBadInput (linearizable: there is no such index).
  void when_readable(wire::Consistency consistency, uint64_t min_index, uint32_t budget_ms,
                     Readers::Done done);
  // The same, for a leader, when everything that is in its log now is applied as well, committed or
  // not as it may be.
  void when_logged_is_readable(uint32_t budget_ms, Readers::Done done);
  // What a command with this key was answered: see Applier.
  void first_answer(std::string_view command, std::string_view key, Applier::FirstAnswer done) {
    around_.applier.first_answer(command, key, std::move(done));
  }

  // The state as of what is applied now, or later, to be read on any thread. kUnavailable: it has
  // none now. REQUIRES: not called from an applier's or an owner's callback.
  void picture(UniqueFunction<void(Result<Picture>)> done);

  Index applied_index() const { return applied_; }
  // Of the last entry of the log, committed or not.
  Index logged_index() const { return begins() ? 0 : core_->last_index(); }
  bool leading() const { return !begins() && core_->leading(); }
  // Leads, and its state holds everything that was written before its epoch: writes can be judged.
  bool takes_writes() const;
  // Told at the end of a turn when takes_writes() has changed; where it takes them in a later epoch
  // than it last did, both ends are told. REQUIRES: before start().
  void on_takes_writes(UniqueFunction<void(bool)> callback) {
    on_takes_writes_ = std::move(callback);
  }
  // Until when (boot clock, ns) no later leader answers anybody: what this leader grants others has
  // to end by then. 0 where it does not lead or has not opened its epoch.
  int64_t leader_lease_until() const { return begins() ? 0 : core_->leader_lease_until(now_ns()); }
  // When (boot clock, ns) it promised the epoch that it leads, 0 where it does not lead.
  int64_t leading_since_ns() const { return begins() ? 0 : core_->leading_since_ns(); }
  // Of the data, 0 where there is none.
  uint64_t lineage() const { return begins() ? 0 : core_->lineage(); }
  // Of the entries of that epoch: the same, or one that a restore took the place of.
  uint64_t lineage_of(Epoch epoch) const { return begins() ? 0 : core_->lineage_of(epoch); }
  // The highest that it has promised: where it leads, that of its entries.
  Epoch epoch() const { return begins() ? 0 : core_->epoch(); }
  const Replica& core() const { return *core_; }  // REQUIRES: !begins()

 private:
  void begin_state();
  void state_begun(const Result<Index>& begun);
  void look_whether_it_has_started();
  int64_t now_ns() const { return around_.clock.boot_ns(); }
  void step(Event event);
  void carry_out(Effects effects);
  void persist(Persist& item);
  void tell_where_caught_up();
  void something_happened();
  void tell_takes_writes();
  void wake_when_due();
  bool has_room_for(const std::vector<wire::Entry>& entries) const;
  void swap_record(const Swap& swap);
  void read_record();

  void apply_committed();
  void look_whether_there_is_a_state();
  void applied(const wire::Entry& entry, const std::optional<Applied>& answer) override;
  void batch_ended() override;
  void went_back(Index index) override;
  Origin origin() override { return around_.recovery.origin(); }
  bool goes_on_from(const Position& position) const override {
    return around_.recovery.goes_on_from(position) || planted(Bug::kGoOnFromAnything);
  }
  uint64_t snapshot_due_bytes() const;
  void take_snapshot_if_due();
  void write_snapshot(Result<Picture> picture);
  void forget_log_before(Index snapshot);
  void have_of_snapshot(Index index, uint64_t bytes) override;
  void installs(Index index) override;
  void state_replaced(Index index) override;
  void log_replaced(Index index, int64_t time_ms) override;

  void index_found(const IndexFound& found);
  void read_at(Index index, int64_t deadline_ns, Readers::Done done);
  void read_linearizable(uint64_t min_index, Index index, int64_t deadline_ns, Readers::Done done);

  const DriverLimits limits_;
  const Surroundings around_;
  std::unique_ptr<Replica> core_;  // once the state has begun

  bool is_registered_ = false;
  bool stopping_ = false;
  bool joins_anew_ = false;    // has not been in sync under its present storage_id, in this life
  bool dirty_ = false;         // something happened in this turn
  int64_t turn_began_ns_ = 0;  // of a planted bug
  AlarmTime wake_at_;
  bool reading_record_ = false;
  bool read_record_again_ = false;

  HeldSends sends_;
  IncomingSnapshot incoming_;

  Index applied_ = 0;
  Index seen_applied_ = 0;  // the highest that it was in this life: nobody reads an older state
  bool applying_ = false;   // a batch is under way
  bool in_apply_ = false;   // within Applier::apply()
  // Everything known to be committed was applied at some time, and where it began with nothing a
  // leader had told it all of that: before, it would answer as if there were no tables, or little
  // in them.
  bool has_state_ = false;
  bool begins_empty_ = false;
  uint64_t bytes_since_snapshot_ = 0;  // of entries that were applied
  bool picturing_ = false;             // a snapshot was begun

  Writers writers_;
  Readers readers_;
  IndexWaiters index_waiters_;
  UniqueFunction<void()> started_;  // while it begins
  UniqueFunction<void(bool)> on_takes_writes_;
  Epoch told_epoch_ = 0;  // in which it takes writes, as was told last; 0: it does not
};

}  // namespace tandem::repl
