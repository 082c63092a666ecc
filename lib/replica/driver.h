// The driver of one replica: carries the effects of the protocol core (lib/repl) out on a real
// disk, network and coordination service, applies what is committed to the state machine, and takes
// writes and reads.
//
// From a message to the disk and back: rpc gives bytes to on_peer() → core step(MessageIn) →
// Effects → persists go to the log's writer thread, sends wait in `held_` for the ticket they
// depend on → on_durable() → core step(Persisted) → what waited leaves. At the end of each loop
// turn the core gets EndOfTurn, so that everything that came in one turn goes out as one batch.
//
// Runs on the loop's thread. Any failed write or fsync ends the process at once (exit 74), and
// leaves a mark in the directory: what is on such a disk is not known (storage/set_aside.h). A full
// disk, or no descriptor left, is waited out where nothing was promised, and else ends it with 69.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "coord/coord.h"
#include "daemon/part.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "repl/exactly_once.h"
#include "repl/replica.h"
#include "repl/state_machine.h"
#include "replica/incoming.h"
#include "replica/peers.h"
#include "replica/snapshots.h"
#include "replica/waiters.h"
#include "rpc/server.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/log.h"
#include "storage/set_aside.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::replica {

struct DriverOptions {
  std::string group;
  repl::ReplicaId id = 0;
  std::string directory;
  size_t max_in_sync = 3;
  size_t max_writers = 16384;        // writes without an outcome; more are refused (503)
  size_t max_readers = 16384;        // reads that wait for the state to catch up
  repl::KeyLimits keys = {};         // that are remembered; new ones are refused (503)
  size_t max_entry_bytes = 8 << 20;  // of a command with its key; a segment must hold one
  uint64_t segment_bytes = 16 << 20;
  // A snapshot is taken when so much was logged since the last, or as much as that one is large.
  uint64_t snapshot_log_bytes = 16 << 20;
};

class Driver final : public daemon::Part {
 public:
  // `machine` and `coord` outlive the driver. open() first, then start().
  Driver(loop::Loop& loop, DriverOptions options, repl::StateMachine& machine, coord::Coord& coord);
  ~Driver() override;

  // Locks the directory, recovers log and snapshot, restores the state machine; blocks. Errors:
  // kBusy (another process has the directory), kCorrupt, kIo, kPermission, …
  Status open();
  // Where other processes reach this one by rpc. REQUIRES: before start().
  void announce(std::string address) { address_ = std::move(address); }

  std::string_view name() const override { return "replica"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

  // --- what rpc brings ---
  void on_peer(std::string_view payload);
  bool has_room_for(const std::vector<wire::Entry>& entries) const;  // repl::Message, one way
  void on_control(rpc::Reply reply, std::string_view payload);  // repl::Message of a controller

  // --- what clients want ---
  // Logs a command and calls back once it is applied. Errors: kUnavailable (not the leader, or too
  // many wait: nothing was done), kNoSpace, kTooLarge, kBadInput (the state machine does not admit
  // the command or its key), kUnknown (ask again with the same key).
  void write(std::string command, std::string_view key, uint32_t budget_ms, Writers::Done done);
  // Calls back when the state machine may be read at this consistency. Errors: kUnavailable (this
  // replica cannot promise it), kTimeout, kBadInput (linearizable: there is no such index).
  void when_readable(wire::Consistency consistency, uint64_t min_index, uint32_t budget_ms,
                     Readers::Done done);

  // The same, for a leader, when everything that is in its log now is applied as well, committed or
  // not as it may be.
  void when_logged_is_readable(uint32_t budget_ms, Readers::Done done);

  // What a command with this key was answered, as of what is applied here; nullopt: it was not
  // carried out, or is forgotten.
  std::optional<repl::Applied> first_answer(std::string_view command, std::string_view key) const {
    return machine_.first_answer(command, key);
  }
  uint64_t applied_index() const { return applied_; }
  // Of the last entry of the log, committed or not.
  uint64_t logged_index() const { return core_ == nullptr ? 0 : core_->last_index(); }
  bool leading() const { return core_ != nullptr && core_->leading(); }
  // Leads, and its state holds everything that was written before its epoch: writes can be judged.
  bool takes_writes() const {
    return leading() && core_->opened() && applied_ >= core_->epoch_start() && !draining_;
  }
  // Told from the loop, at the end of a turn, when takes_writes() has changed; where it takes them
  // in a later epoch than it last did, both ends are told. REQUIRES: before start().
  void on_takes_writes(UniqueFunction<void(bool)> callback) {
    on_takes_writes_ = std::move(callback);
  }
  // Until when (boot clock, ns) no later leader answers anybody: what this leader grants others has
  // to end by then. 0 where it does not lead or has not opened its epoch.
  int64_t leader_lease_until() const;
  // When (boot clock, ns) it promised the epoch that it leads, 0 where it does not lead.
  int64_t leading_since_ns() const { return core_ == nullptr ? 0 : core_->leading_since_ns(); }
  // Of the data, 0 where there is none.
  uint64_t lineage() const { return core_ == nullptr ? 0 : core_->lineage(); }
  // The highest that it has promised: where it leads, that of its entries.
  repl::Epoch epoch() const { return core_ == nullptr ? 0 : core_->epoch(); }
  // Role, epoch, indexes: what worker/status shows.
  wire::Json status() const;

 private:
  class LogAdapter;

  // Numbers the core's writes as storage does: storage tickets and core tickets both rise.
  struct TicketPair {
    storage::Ticket storage = 0;
    repl::Ticket core = 0;
  };
  struct Question {
    uint64_t number = 0;        // ours
    uint64_t asked_number = 0;  // the controller's
    rpc::Reply reply;
  };
  struct LongCommand {  // runs in background_
    wire::Entry entry;
    std::unique_ptr<repl::LongCommand> command;
  };
  struct Install {  // a snapshot is on disk; the log restarts after it with this ticket
    storage::Ticket ticket = 0;
    repl::Index index = 0;
    int64_t time_ms = 0;
  };

  Status open_directory();
  void mark_if_failed(const Error& error);
  [[noreturn]] void give_up(const Error& error);
  Status look_for_distrust();
  Status keep_as_found(const std::string& reason);
  void list_set_aside();
  void prune_set_aside();
  Status renew_identity(uint64_t lineage);
  void tell_where_caught_up();
  Status open_log();
  Status restore();
  bool lacks_snapshot() const;
  Status start_empty();
  int64_t last_log_time() const;
  std::optional<repl::Record> newest_record() const;

  void step(repl::Event event);
  void carry_out(repl::Effects effects);
  void persist(repl::Persist& persist);
  void on_durable(storage::Ticket ticket);
  void release_held();
  void deliver(const repl::Message& message);
  void end_of_turn();
  void apply_committed();
  bool apply(const wire::Entry& entry);
  void applied(const wire::Entry& entry);
  void run_long_command();
  void end_long_command();
  void tell_takes_writes();
  void tick_when_due();
  void tick();
  void swap_record(const repl::Swap& swap);
  void read_record();
  bool tell_damage(const std::string& damage);
  void record_was_read(const Result<coord::Versioned>& record, int64_t asked_ns);
  void readable(const repl::Readable& read);
  void read_at(uint64_t index, int64_t deadline_ns, Readers::Done done);
  void read_linearizable(uint64_t min_index, uint64_t index, int64_t deadline_ns,
                         Readers::Done done);
  void take_chunk(const repl::SnapshotChunk& chunk);
  void receive_later(repl::Index index, const Error& error);
  void read_incoming(const repl::SnapshotChunk& last);
  void install_snapshot(const repl::SnapshotChunk& last);
  void drop_incoming();
  void take_snapshot_if_due();
  [[noreturn]] void begin_anew(const std::string& reason);
  void stay_findable();
  void enter_registry();
  void register_self(UniqueFunction<void(Status)> done);
  void on_registered();
  void refresh_members();
  coord::Member own_member() const;

  loop::Loop& loop_;
  const DriverOptions options_;
  repl::ExactlyOnce machine_;
  coord::Coord& coord_;
  std::string address_;
  const uint64_t session_;

  std::unique_ptr<storage::Directory> lock_;
  storage::Identity identity_;
  bool renewed_ = false;                      // it is another member since this start
  bool joins_anew_ = false;                   // ... and has not been in sync yet
  std::vector<storage::SetAside> set_aside_;  // in the directory, as seen last
  bool kept_as_found_ = false;                // what recovery would erase of
  bool pruning_ = false;                      // was begun
  std::unique_ptr<storage::Log> log_;
  std::unique_ptr<LogAdapter> log_view_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<repl::Replica> core_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<coord::Watch> watch_;

  repl::Index applied_ = 0;
  int64_t applied_time_ms_ = 0;
  // Everything known to be committed was applied at some time: before that a replica that starts
  // from nothing would answer as if there were no tables.
  bool has_state_ = false;
  uint64_t bytes_since_snapshot_ = 0;  // of entries that were applied
  Writers writers_;
  Readers readers_;
  IndexReaders index_readers_;

  std::deque<TicketPair> tickets_;
  repl::Ticket durable_ = 0;
  std::vector<repl::Send> held_;  // in the order in which they were sent
  std::deque<Question> questions_;
  uint64_t last_question_ = 0;
  int64_t lock_checked_ns_ = 0;
  int64_t tick_at_ns_ = 0;  // boot clock: when the ticker is set to go off
  // Shared with the job that reads it.
  std::shared_ptr<Incoming> incoming_;
  std::optional<Install> installing_;
  // Shared with the job that runs it, which looks whether it is still wanted.
  std::shared_ptr<LongCommand> long_command_;

  UniqueFunction<void(bool)> on_takes_writes_;
  repl::Epoch told_epoch_ = 0;  // in which it takes writes, as was told last; 0: it does not
  bool dirty_ = false;          // something happened in this turn
  std::string told_damage_;     // of the record
  bool registered_ = false;
  bool reading_record_ = false;
  bool read_record_again_ = false;
  bool draining_ = false;
  std::unique_ptr<loop::Timer> receive_again_;
  std::unique_ptr<loop::Timer> register_again_;
  std::unique_ptr<loop::Timer> ticker_;
  // Idle callbacks run before all Prepare callbacks, in which rpc flushes: what the end of a turn
  // makes leaves in that turn, whatever was started first.
  std::unique_ptr<loop::Idle> end_of_turn_;
  loop::Background background_;  // carries long commands out, and reads snapshots that come in
  // Completions of coordination calls may come after this object is gone: they look here first.
  // Shared with them, hence the shared_ptr.
  std::shared_ptr<Driver*> self_;
};

}  // namespace tandem::replica
