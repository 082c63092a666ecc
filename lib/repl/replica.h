// The protocol core of one replica: a pure machine. No I/O, no clock, no threads, no randomness;
// time comes with each step. The driver (driver.h) carries its effects out, in the programs and in
// the simulator.
//
// A replica follows or leads. It leads an epoch only when a record with a higher epoch than its
// durable promise names it, and raises the promise itself: a restarted leader never goes on in its
// old epoch. See tandem-replication(7) for the rules and why each is there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "repl/context.h"
#include "repl/events.h"
#include "repl/index_finder.h"
#include "repl/leader.h"
#include "repl/types.h"

namespace tandem::repl {

// What was found on this replica's disk at start.
struct Recovered {
  uint64_t lineage = 0;  // 0: an empty directory
  Epoch promise = 0;
  bool cut_tail = false;         // a torn tail was cut
  Position committed;            // the mark: what an earlier life knew committed
  std::optional<Record> record;  // the newest that log and snapshot tell of
  Index applied = 0;             // in the snapshot, or in an earlier life: it is committed
  int64_t last_time_ms = 0;      // log time of the last entry (or of the snapshot)
  uint64_t pid = 0;              // told to controllers
};

class Replica {
 public:
  // `log` and `snapshots` outlive the replica. The log's end is what recovery left.
  Replica(const ReplicaOptions& options, const Recovered& recovered, const LogView& log,
          const SnapshotView& snapshots);

  // Takes one event at boot-time `now_ns` (never going back) and adds to `effects`, which are to be
  // carried out before the next step. End each loop turn with EndOfTurn.
  void step(Event event, int64_t now_ns, Effects& effects);

  // When something comes to be due by itself (the clock of step()): until then Tick and EndOfTurn
  // bring about nothing, and need not be given where nothing else is. In the past where it has to
  // be looked at again and again. To be asked after EndOfTurn.
  int64_t next_deadline_ns() const;

  bool leading() const { return leader_ != nullptr; }
  bool opened() const { return leader_ != nullptr && leader_->opened(); }
  // The entry that opened the epoch that this replica leads. REQUIRES: leading().
  Index epoch_start() const { return leader_->first(); }
  // The index that a linearizable read has to wait for to be applied, where this replica knows by
  // itself: a leader with a lease what is committed; a follower with a lease the end of its own
  // log, which holds whatever was answered. nullopt: ask with a FindIndex event. `now_ns` has to be
  // sampled after the request was there: a clock from before says nothing of the present leader.
  std::optional<Index> read_index(int64_t now_ns) const;
  // Until when (own clock) no later leader answers anybody, as far as is known at `now_ns`: what
  // this leader grants others has to end by then. 0 where it does not lead or has not opened its
  // epoch; a time that has passed where it has no lease.
  int64_t leader_lease_until(int64_t now_ns) const;
  // When it promised the epoch that it leads, 0 where it does not lead: one lease length later
  // nothing that an earlier leader granted holds any more.
  int64_t leading_since_ns() const;
  // Whether the disk of the log has space, and the applier can apply, as told to controllers.
  void set_able(bool has_space, bool able) {
    has_space_ = has_space && able;
    able_ = able;
  }
  // Whether this replica is in the in-sync set of the newest record that it knows.
  bool in_sync() const;
  ReplicaId leader_id() const { return leader_id_; }
  Epoch epoch() const { return context_.promise; }
  Index last_index() const { return context_.last_index; }
  // Entries up to here may be applied: committed, and present in the own log.
  Index commit() const { return context_.commit; }
  uint64_t lineage() const { return context_.lineage; }
  uint64_t lineage_of(Epoch epoch) const {
    const auto& record = context_.newest_record;
    return record ? record->lineage_of(epoch) : context_.lineage;
  }
  const std::optional<Record>& record() const { return record_; }
  // The newest that this replica has ever seen: snapshots keep it, as logs are cut short.
  const std::optional<Record>& newest_record() const { return context_.newest_record; }
  // The lowest index that an in-sync member still has to get: the log is kept from there on.
  Index pinned_index() const;
  // Whether this leader is sending its snapshot: a newer one would make it start over.
  bool sends_snapshot() const { return leader_ != nullptr && leader_->sends_snapshot(); }
  // Followers as the leader sees them; empty elsewhere.
  std::vector<PeerView> peers() const;
  bool cut_tail() const { return cut_tail_; }
  // See Memory.
  bool caught_up() const { return caught_up_ || opened(); }

 private:
  void on(MessageIn& event);
  void on(Persisted& event);
  void on(RecordRead& event);
  void on(SwapDone& event);
  void on(Propose& event);
  void on(FindIndex& event);
  void on(SnapshotChunkWritten& event);
  void on(SnapshotInstalled& event);
  void on(Stopping& event);
  void on(Tick& event);
  void on(EndOfTurn& event);

  bool addressed_to_me(const Message& m);
  void learn_record(const Record& record);
  void raise_promise(Epoch epoch, ReplicaId leader);
  void adopt_lineage(uint64_t lineage);
  void become_leader(const Record& record);
  void start_epoch();
  void step_down();
  bool accept_leader(const Message& m);
  void on_append(const Message& m);
  void reject_append(const Message& m);
  void refuse(const Message& m, Index agreed);
  void on_refuse(const Message& m);
  void on_went_back(const Message& m);
  void look_whether_caught_up(const Message& append);
  bool led_by_another(const Message& m) const;
  bool makes_me_leader(const Record& record) const;
  void write_mark(bool now);
  int64_t next_mark_ns() const;
  void take_lease(const Message& m);
  void acknowledge();
  void serve_reads();
  void on_snapshot_chunk(const Message& m);
  void on_hello(const Message& m);
  void answer_state(const Message& m);
  ReplicaState state() const;
  Memory memory() const;
  void say_hello(ReplicaId to, uint64_t to_session);

  struct Incoming {  // a snapshot on its way in
    Index index = 0;
    uint64_t have_bytes = 0;
    bool writing = false;
  };

  Context context_;
  bool cut_tail_;
  uint64_t pid_;
  std::optional<Record> record_;  // the newest that this replica knows
  ReplicaId leader_id_ = 0;
  uint64_t leader_session_ = 0;
  std::unique_ptr<Leader> leader_;

  Ticket promise_ticket_ = 0;  // of the present epoch
  IndexFinder index_finder_{context_};
  bool has_space_ = true;
  bool able_ = true;
  bool has_read_record_ = false;  // itself, since this process was registered

  Index verified_ = 0;  // the own log matches the leader's up to here, shown in this epoch
  bool ack_due_ = false;
  int64_t heard_sent_ns_ = 0;   // the leader's clock: when the newest append that came was sent
  int64_t lease_until_ns_ = 0;  // own clock
  int64_t last_stamp_ns_ = 0;   // own clock: of the last acknowledgement
  int64_t last_contact_ns_ = 0;
  int64_t last_hello_ns_ = 0;
  int64_t last_record_read_ns_ = 0;
  bool foreign_record_told_ = false;

  // What is known of the past.
  int64_t last_mark_ns_ = 0;
  Index marked_up_to_ = 0;         // the commit index when the mark was written
  bool caught_up_ = false;         // see Memory
  bool has_seen_earlier_ = false;  // a record, or that there is none: a later one is of this life
  uint64_t refusal_told_ = 0;      // the session of the leader that was refused last
  Incoming incoming_;
};

}  // namespace tandem::repl
