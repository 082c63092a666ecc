// The process around the driver of one replica (repl/driver.h): its directory with log, snapshots
// and identity, the links to its peers, its place in the registry, and the loop's turns and time.
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
#include <vector>

#include "base/clock.h"
#include "base/function.h"
#include "base/result.h"
#include "base/self.h"
#include "coord/coord.h"
#include "daemon/part.h"
#include "loop/loop.h"
#include "repl/driver.h"
#include "replica/disk_log.h"
#include "replica/peers.h"
#include "replica/snapshots.h"
#include "rpc/server.h"
#include "storage/directory.h"
#include "storage/identity.h"
#include "storage/log.h"
#include "storage/set_aside.h"
#include "wire/json.h"

namespace tandem::replica {

struct HostOptions {
  std::string group;
  repl::ReplicaId id = 0;
  std::string directory;
  size_t max_in_sync = 3;
  uint64_t segment_bytes = 16 << 20;  // of the log; one must hold an entry
  repl::DriverLimits limits = {};
};

class Host final : public daemon::Part,
                   private repl::Outbox,
                   private repl::RecordKeeper,
                   private repl::Alarm,
                   private repl::Operator,
                   private repl::Recovery {
 public:
  // `applier` and `coord` outlive the host. open() first, then start().
  Host(loop::Loop& loop, HostOptions options, repl::Applier& applier, coord::Coord& coord);
  ~Host() override;

  // Locks the directory, recovers its log and finds its snapshot; blocks. Errors: kBusy (another
  // process has the directory), kCorrupt, kIo, kPermission, …
  Status open();
  // REQUIRES: open() was without error. It stays the same.
  repl::Driver& driver() { return *driver_; }
  // Where other processes reach this one by rpc. REQUIRES: before start().
  void announce(std::string address) { address_ = std::move(address); }

  const std::string& address() const { return address_; }
  const std::string& group() const { return options_.group; }
  repl::ReplicaId id() const { return options_.id; }
  const std::string& directory() const { return options_.directory; }
  // Of a snapshot with what is in the picture. kUnavailable: the log does not reach there any more.
  Result<storage::SnapshotHeader> header_of(const repl::Picture& picture) const;
  // Ready: it has a state, and others find it; else why not.
  Status readiness() const;

  std::string_view name() const override { return "replica"; }
  // Has the applier begin, which takes as long as the snapshot is large, then registers. The
  // process answers meanwhile, and can be told to end.
  void start(UniqueFunction<void(Status)> done) override;
  std::string waits_for() const override;
  void drain(UniqueFunction<void()> done) override;

  // --- what rpc brings ---
  void on_peer(std::string_view payload);                       // repl::Message, one way
  void on_control(rpc::Reply reply, std::string_view payload);  // repl::Message of a controller

  // Role, epoch, indexes: what worker/status shows.
  wire::Json status() const;
  // Whether its disk holds nothing of a group. REQUIRES: open() succeeded.
  bool is_empty() const { return log_->last_index() == 0 && snapshots_->index() == 0; }

 private:
  struct Question {
    uint64_t number = 0;        // ours
    uint64_t asked_number = 0;  // the controller's
    rpc::Reply reply;
  };

  Status open_directory();
  void mark_if_failed(const Error& error);
  Status look_for_distrust();
  Status keep_as_found(const std::string& reason);
  void list_set_aside();
  void prune_set_aside();
  Status renew_identity(uint64_t lineage);
  Status open_log();
  storage::SnapshotHeader header_at(repl::Index index) const;
  Status open_snapshots();
  Status look_for_snapshot();
  bool lacks_snapshot() const;
  bool log_fits() const;
  Status start_empty();
  int64_t last_log_time() const;
  std::optional<repl::Record> newest_record() const;
  void make_driver();

  // What the driver asks for.
  void send(const repl::Message& message) override;
  void answer(const repl::Message& message);
  void swap(const repl::Swap& swap, UniqueFunction<void(bool)> done) override;
  void read(UniqueFunction<void(const Result<std::optional<repl::Record>>&)> done) override;
  void end_turn() override { end_of_turn_.start(); }
  void wake_at(int64_t boot_ns) override;
  void tell(const std::string& notice) override;
  [[noreturn]] void went_back(const std::string& reason) override;
  [[noreturn]] void give_up(const Error& error) override;
  repl::Origin origin() override;
  bool goes_on_from(const repl::Position& position) const override;
  Status set_origin_aside(const Error& why) override;
  Result<repl::Start> settle() override;

  void on_snapshot_lost();
  void on_end_of_turn();
  void on_ticker();
  template <typename T>
  void warn(const std::string& what, const Result<T>& outcome, std::string& told);
  void tell_swap(const Result<coord::SwapOutcome>& outcome);
  tl::unexpected<Error> damaged(const std::string& damage);
  Result<std::optional<repl::Record>> parse(const Result<coord::Versioned>& record);
  void stay_findable();
  void enter_registry();
  void enter(UniqueFunction<void(Status)> done);
  void enter_unless_in_sync(const coord::Member& earlier, UniqueFunction<void(Status)> done);
  void put_entry(UniqueFunction<void(Status)> done);
  void tell_replaced(const coord::Member& by, bool replaced);
  void register_self(UniqueFunction<void(Status)> done);
  void on_registered();
  void cannot_register(const Error& error);
  void take_members(const std::vector<coord::Member>& members);
  coord::Member own_member() const;

  loop::Loop& loop_;
  const HostOptions options_;
  repl::Applier& applier_;
  coord::Coord& coord_;
  std::string address_;
  const uint64_t session_;

  std::unique_ptr<storage::Directory> lock_;
  storage::Identity identity_;
  bool renewed_ = false;                      // it is another member since this start
  std::vector<storage::SetAside> set_aside_;  // in the directory, as seen last
  bool kept_as_found_ = false;                // what recovery would erase of
  bool pruning_ = false;                      // was begun

  // Idle callbacks run before all Prepare callbacks, in which rpc flushes: what the end of a turn
  // makes leaves in that turn, whatever was started first.
  loop::Idle end_of_turn_;
  loop::Timer ticker_;
  int64_t looked_ns_ = 0;  // boot clock: when stay_findable() last did
  std::unique_ptr<loop::Timer> register_again_;
  std::string told_register_;  // why it cannot
  bool started_ = false;
  bool registered_ = false;
  bool told_replaced_ = false;  // in the registry, by another directory
  bool draining_ = false;

  std::unique_ptr<storage::Log> log_;
  std::unique_ptr<Snapshots> snapshots_;
  std::unique_ptr<DiskLog> disk_log_;
  std::unique_ptr<Peers> peers_;
  std::unique_ptr<repl::Driver> driver_;
  std::unique_ptr<coord::Watch> watch_;  // of the record
  std::unique_ptr<coord::Watch> members_watch_;
  std::deque<Question> questions_;
  uint64_t last_question_ = 0;
  std::string told_swap_;    // of the record: why it could not be changed last
  std::string told_read_;    // ... read
  std::string told_damage_;  // ... used
  Self<Host> self_;          // last: goes first
};

}  // namespace tandem::replica
