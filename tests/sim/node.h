// One replica: a process that comes and goes, its disk, and the driver of the protocol
// (repl/driver.h) in simulated surroundings. What is looked at whenever something leaves the driver
// is here; what the driver decides is not.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/function.h"
#include "history/history.h"
#include "repl/driver.h"
#include "repl/memory_applier.h"
#include "sim/disk.h"
#include "sim/engine.h"
#include "sim/network.h"
#include "sim/node_disk.h"
#include "sim/process.h"
#include "sim/program.h"
#include "sim/record_store.h"
#include "sim/world.h"

namespace tandem::sim {

class Node final : public Process,
                   private Clock,
                   private repl::Outbox,
                   private repl::RecordKeeper,
                   private repl::Alarm,
                   private repl::Operator,
                   private repl::Recovery,
                   private repl::Jobs {
 public:
  using Process::run;
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
  void lose_engine() { life_->engine.lose(); }  // REQUIRES: up()
  void end_in_order();                          // REQUIRES: up()
  void mend();  // the machine; where the set needs another disk it gets that, after a crash
  void heal();  // ... and is up
  void receive(const repl::Message& message);

  // --- for the program ---
  // Logs a command. `done` is not called where this process dies first, and where the command is
  // not taken.
  void write(const std::string& key, std::string command, Written done);
  // `done` may never be called.
  void read(Reader reader);
  // Has the driver do something, and looks at what it has become.
  template <typename Work>
  void drive(Work work) {
    work();
    if (up()) look();
  }
  // Somebody is shown the state as it is, who has to see this much.
  void shows(history::Level level, repl::Index floor);
  // Somebody is answered what came of the entry at this index, which has to have this key.
  void answers_key(repl::Index index, const std::string& key) const;
  const Clock& boot_clock() const { return *this; }

  bool leading() const { return up() && driver().leading(); }
  repl::Driver& driver() { return *life_->driver; }  // REQUIRES: up()
  const repl::Driver& driver() const { return *life_->driver; }
  const repl::Replica& core() const { return driver().core(); }  // REQUIRES: it has begun
  repl::ReplicaId id() const { return id_; }
  repl::Member member() const { return {id_, disk_->storage_id()}; }
  repl::Index applied() const { return driver().applied_index(); }
  Program& program() const { return *life_->program; }  // REQUIRES: up()
  // Whether it knows of this version of the record, or of a later one.
  bool has_seen(const repl::Record& record) const;
  // The state as a snapshot would hold it.
  std::string rows() { return life_->engine.rows(); }

 private:
  // What dies with the process.
  struct Life {
    explicit Life(Node& node);

    std::unique_ptr<Program> program;
    NodeLog log;
    NodeSnapshots snapshots;
    Engine engine;
    std::unique_ptr<repl::Driver> driver;
    repl::Index seen_commit = 0;
    repl::Index shown = 0;  // that somebody read
    int64_t wake_at_ns = 0;
    uint64_t wakes = 0;  // that were asked for
    bool turn_open = false;
    bool quiet = false;  // nothing is due: the driver has nothing to bring about
    bool syncing = false;
    bool ends = false;  // has been told to
  };
  friend class NodeLog;
  friend class NodeSnapshots;
  friend class Engine;

  bool full() const { return world_.now() < full_until_ns_; }
  repl::Recovered recovered() const;
  void look();
  void not_quiet() const;
  void begin_sync();
  void synced(size_t count);
  void begin_anew();
  void drained();
  void end_of_turn();
  void wake(uint64_t number);
  void look_around();
  void tick_too_early();

  // Clock
  int64_t boot_ns() const override { return clock(); }
  int64_t wall_ms() const override { return Process::wall_ms(); }
  // What the driver asks for.
  void send(const repl::Message& message) override;
  void swap(const repl::Swap& swap, UniqueFunction<void(bool)> done) override;
  void read(UniqueFunction<void(const Result<std::optional<repl::Record>>&)> done) override;
  void end_turn() override;
  void wake_at(int64_t boot_ns) override;
  void tell(const std::string& notice) override;
  void went_back(const std::string& reason) override;
  void give_up(const Error& error) override { violated(error.message); }
  repl::Origin origin() override;
  bool goes_on_from(const repl::Position& position) const override;
  Status set_origin_aside(const Error& why) override { violated(why.message); }
  Result<repl::Start> settle() override;
  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override;

  World& world_;
  Network& network_;
  RecordStore& store_;
  const repl::ReplicaId id_;
  const MakeProgram make_program_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Disk> former_disk_;
  std::unique_ptr<Disk> image_;  // of disk_
  Engine::Image engine_image_;
  bool disk_goes_on_ = true;  // it was not renewed when this life began
  int64_t full_until_ns_ = 0;
  bool next_sync_fails_ = false;
  uint64_t watched_version_ = 1;  // of the record: the newest when the store could be reached
  std::unique_ptr<Life> life_;    // while it is up
};

}  // namespace tandem::sim
