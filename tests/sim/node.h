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
#include "sim/journal.h"
#include "sim/world.h"

namespace tandem::sim {

class Node {
 public:
  // A client's command was applied while its leader still led.
  using Answer = UniqueFunction<void(const std::string& key)>;

  Node(World& world, repl::ReplicaId id, Answer answer);

  void start();
  void crash();
  void wipe();  // REQUIRES: !up()
  void pause(int64_t for_ns);
  void wake() { paused_until_ns_ = 0; }
  void receive(const repl::Message& message);
  // False: this replica does not lead.
  bool propose(const std::string& key, const std::string& payload);

  bool up() const { return core_ != nullptr; }
  bool leading() const { return up() && core_->leading(); }
  const repl::Replica& core() const { return *core_; }
  repl::Member member() const { return {id_, disk_->storage_id()}; }
  uint64_t session() const { return session_; }  // of the last start
  repl::Index applied() const { return applied_; }
  const std::vector<std::string>& lines() const { return journal_.lines(); }

 private:
  // Does `work` after `delay_ns` if this process still lives then, or when it wakes up.
  void later(int64_t delay_ns, UniqueFunction<void()> work);
  void run(uint64_t session, UniqueFunction<void()> work);
  void step(repl::Event event);
  void carry_out(repl::Effects& effects);
  void write(repl::Ticket ticket, Disk::What what);
  void begin_sync();
  void synced(size_t count);
  void release_held();
  void look_at_commit();
  void read_record();
  void record_was_read(uint64_t session, const std::optional<repl::Record>& record);
  void swap_done(uint64_t session, uint64_t expected_version, bool applied);
  void take_chunk(const repl::SnapshotChunk& chunk);
  void restore(const Snapshot& snapshot);
  void end_turn();
  void apply_committed();
  void take_snapshot_if_due();
  void save(const Snapshot& snapshot);
  void tick();

  World& world_;
  const repl::ReplicaId id_;
  Answer answer_;
  std::unique_ptr<Disk> disk_;
  uint64_t session_ = 0;
  int64_t paused_until_ns_ = 0;

  // What dies with the process.
  std::unique_ptr<repl::Replica> core_;
  Journal journal_;
  repl::ExactlyOnce machine_{journal_};
  repl::Ticket durable_ = 0;
  std::vector<repl::Send> held_;
  std::map<repl::Index, std::string> waiting_;  // commands proposed here: index → key
  repl::Index seen_commit_ = 0;
  repl::Index applied_ = 0;
  int64_t applied_time_ms_ = 0;
  Snapshot incoming_;
  bool installing_ = false;
  bool syncing_ = false;
  bool turn_open_ = false;
  bool reading_record_ = false;
  bool saving_ = false;
};

}  // namespace tandem::sim
