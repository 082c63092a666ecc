// One replica: a process that comes and goes, and its disk. Carries the effects of the protocol
// core out in the simulated world, as lib/replica does in the real one, and takes the writes and
// reads of the program that runs on it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "history/history.h"
#include "repl/exactly_once.h"
#include "repl/replica.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/process.h"
#include "sim/program.h"
#include "sim/record_store.h"
#include "sim/world.h"

namespace tandem::sim {

class Node final : public Process {
 public:
  // A write was applied at `index`; nullptr: nothing is known of its outcome.
  using Written = UniqueFunction<void(const repl::Applied* answer, repl::Index index)>;

  struct Reader {
    history::Level level = history::Level::kLinearizable;
    // What the state has to show: of a session what it saw, of a linearizable read what was
    // committed when it was asked for. Only a session waits for it; the other one is checked by it.
    repl::Index floor = 0;
    UniqueFunction<void()> done;  // the state may be read now
  };

  Node(World& world, Network& network, RecordStore& store, repl::ReplicaId id, MakeProgram make);

  void start() override;
  void crash() override;
  void wipe();         // REQUIRES: !up()
  void change_disk();  // to an empty one, or back to the former. REQUIRES: !up()
  bool flip_bit();     // REQUIRES: !up()
  // The disk becomes an image of itself that was made earlier. False: there is none, one is made.
  bool go_back();  // REQUIRES: !up()
  void fill_disk(int64_t for_ns) { full_until_ns_ = world_.now() + for_ns; }
  void fail_next_sync() { next_sync_fails_ = true; }
  void mend();  // the machine; where the set needs another disk it gets that, after a crash
  void heal();  // ... and is up
  void receive(const repl::Message& message);

  // --- for the program ---
  // Logs a command. `done` is not called where this process dies first. False: it is not taken,
  // nothing was done. Where it is not applied within `budget_ns` (0: any time), its outcome is
  // unknown.
  bool write(const std::string& key, std::string command, Written done, int64_t budget_ns = 0);
  // `done` may never be called.
  void read(Reader reader);
  // Leads, and its state holds everything that was written before its epoch.
  bool takes_writes() const {
    return leading() && core_->opened() && applied_ >= core_->epoch_start();
  }

  bool leading() const { return up() && core_->leading(); }
  const repl::Replica& core() const { return *core_; }
  repl::ReplicaId id() const { return id_; }
  repl::Member member() const { return {id_, disk_->storage_id()}; }
  repl::Index applied() const { return applied_; }
  Program& program() const { return *program_; }  // REQUIRES: up()
  // Whether it knows of this version of the record, or of a later one.
  bool has_seen(const repl::Record& record) const;
  // The state as a snapshot would hold it.
  std::string rows() const;

 private:
  bool full() const { return world_.now() < full_until_ns_; }
  void step(repl::Event event);
  void carry_out(repl::Effects& effects);
  void write_disk(repl::Ticket ticket, Disk::What what);
  void begin_sync();
  void synced(size_t count);
  void release_held();
  void look_at_commit();
  void begin_anew();
  void read_record();
  void take_chunk(const repl::SnapshotChunk& chunk);
  void restore(const Snapshot& snapshot);
  void end_turn();
  void tell_takes_writes();
  void apply_committed();
  void take_snapshot_if_due();
  void save(const Snapshot& snapshot);
  bool sleeps();
  void tick();

  void expire(repl::Index index, uint64_t number);
  void read_at(repl::Index index, Reader reader);
  void answer_reads();
  void read_again_from(repl::Index cut);

  World& world_;
  Network& network_;
  RecordStore& store_;
  const repl::ReplicaId id_;
  const MakeProgram make_program_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Disk> former_disk_;
  std::unique_ptr<Disk> image_;  // of disk_
  int64_t full_until_ns_ = 0;
  bool next_sync_fails_ = false;
  uint64_t watched_version_ = 1;  // of the record: the newest when the store could be reached

  // What dies with the process.
  std::unique_ptr<Program> program_;
  std::unique_ptr<repl::ExactlyOnce> machine_;
  std::unique_ptr<repl::Replica> core_;
  struct Writer {
    uint64_t number = 0;  // of this life's
    std::string key;
    Written done;
  };
  struct Life {
    repl::Ticket durable = 0;
    std::vector<repl::Send> held;
    std::map<repl::Index, Writer> writers;     // proposed here, by their index
    std::multimap<repl::Index, Reader> reads;  // that wait for an index to be applied
    std::map<uint64_t, Reader> asking;         // reads that wait for an index, by token
    uint64_t last_token = 0;
    uint64_t last_writer = 0;
    int64_t turn_clock_ns = 0;   // when the turn began
    repl::Epoch told_epoch = 0;  // in which it takes writes, as was told last; 0: it does not
    Snapshot incoming;
    bool installing = false;
    bool syncing = false;
    bool turn_open = false;
    bool reading_record = false;
    bool saving = false;
  } life_;
  repl::Index seen_commit_ = 0;
  repl::Index applied_ = 0;
  int64_t applied_time_ms_ = 0;
};

}  // namespace tandem::sim
