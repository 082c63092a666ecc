// One replica: a process that comes and goes, and its disk. Carries the effects of the protocol
// core out in the simulated world, as lib/replica does in the real one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "repl/exactly_once.h"
#include "repl/replica.h"
#include "sim/disk.h"
#include "sim/network.h"
#include "sim/objects.h"
#include "sim/record_store.h"
#include "sim/world.h"

namespace tandem::sim {

// What a client asks for, as often as it likes; each time is a try.
struct Request {
  uint32_t client = 0;
  uint64_t number = 0;  // of the client's requests
  std::string key;      // of a command; a read has none
  std::string payload;
  std::string object;  // to read
  history::Level level = history::Level::kLinearizable;
  repl::Index floor = 0;  // what a read has to show, but for an eventual one
};

struct Answer {
  repl::Applied applied;
  Objects::Values values;  // that were read
  repl::Index index = 0;   // of the state that answers
};

class Node {
 public:
  using Reply = UniqueFunction<void(const Request&, const Answer&)>;

  Node(World& world, Network& network, RecordStore& store, repl::ReplicaId id, Reply reply);

  void start();
  void crash();  // starts again after a while
  void wipe();
  void
  change_disk();  // to an empty one, or back to the former. REQUIRES: !up()      // REQUIRES: !up()
  bool flip_bit();             // REQUIRES: !up()
  void pause(int64_t for_ns);  // from the next event on
  void fill_disk(int64_t for_ns) { full_until_ns_ = world_.now() + for_ns; }
  void fail_next_sync() { next_sync_fails_ = true; }
  void heal();
  void receive(const repl::Message& message);
  void ask(const Request& request);

  bool up() const { return core_ != nullptr; }
  bool leading() const { return up() && core_->leading(); }
  const repl::Replica& core() const { return *core_; }
  repl::Member member() const { return {id_, disk_->storage_id()}; }
  uint64_t session() const { return session_; }  // of the last start
  repl::Index applied() const { return applied_; }
  const Objects::Map& objects() const { return objects_.all(); }

 private:
  // Does `work` after `delay_ns` if this process still lives then, or when it wakes up.
  void later(int64_t delay_ns, UniqueFunction<void()> work);
  void run(uint64_t session, UniqueFunction<void()> work);
  // The clock of this machine: it has an offset and a rate of its own.
  int64_t clock() const {
    const int64_t rate = kPpm + clock_ppm_;
    return clock_offset_ns_ + world_.now() / kPpm * rate + world_.now() % kPpm * rate / kPpm;
  }
  bool full() const { return world_.now() < full_until_ns_; }
  void step(repl::Event event);
  void carry_out(repl::Effects& effects);
  void write(repl::Ticket ticket, Disk::What what);
  void begin_sync();
  void synced(size_t count);
  void release_held();
  void look_at_commit();
  void read_record();
  void take_chunk(const repl::SnapshotChunk& chunk);
  void restore(const Snapshot& snapshot);
  void end_turn();
  void apply_committed();
  void take_snapshot_if_due();
  void save(const Snapshot& snapshot);
  void tick();

  void begin_read(const Request& request);
  void read_at(repl::Index index, const Request& request);
  void answer_reads();
  void read_again_from(repl::Index cut);

  static constexpr int64_t kPpm = 1'000'000;

  World& world_;
  Network& network_;
  RecordStore& store_;
  const repl::ReplicaId id_;
  const int64_t clock_ppm_;
  int64_t clock_offset_ns_;  // another one after the machine was started again
  Reply reply_;
  std::unique_ptr<Disk> disk_;
  std::unique_ptr<Disk> former_disk_;
  uint64_t session_ = 0;
  int64_t pause_ns_ = 0;  // that begins with the next event
  int64_t paused_until_ns_ = 0;
  int64_t full_until_ns_ = 0;
  bool next_sync_fails_ = false;
  uint64_t watched_version_ = 1;  // of the record: the newest when the store could be reached
  Objects objects_{world_.checks};
  repl::ExactlyOnce machine_{objects_};

  // What dies with the process.
  std::unique_ptr<repl::Replica> core_;
  struct Life {
    repl::Ticket durable = 0;
    std::vector<repl::Send> held;
    std::map<repl::Index, Request> commands;    // proposed here, by their index
    std::multimap<repl::Index, Request> reads;  // that wait for an index to be applied
    std::map<uint64_t, Request> asking;         // reads that wait for an index, by token
    uint64_t last_token = 0;
    int64_t turn_clock_ns = 0;  // when the turn began
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
