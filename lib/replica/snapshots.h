// The snapshots of one replica: the newest one as the protocol core reads it, writing a new one on
// another thread, and receiving one from the leader.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"
#include "repl/state_machine.h"
#include "repl/types.h"
#include "replica/incoming.h"
#include "storage/snapshot.h"

namespace tandem::replica {

// Brings `machine` to what the rows say; kTimeout where `stopped` says so before their end.
Status restore_from(storage::SnapshotReader& reader, repl::StateMachine& machine,
                    const std::function<bool()>& stopped = {});

class Snapshots final : public repl::SnapshotView {
 public:
  Snapshots(loop::Loop& loop, std::string directory);
  ~Snapshots() override;
  Snapshots(const Snapshots&) = delete;
  Snapshots& operator=(const Snapshots&) = delete;

  // Brings `machine` to what the newest snapshot holds that can be read and restored; to nothing
  // where there is none. Those that cannot are set aside, with an error in the log. Blocks on the
  // disk.
  Status open(repl::StateMachine& machine);
  // Whether open() set any aside: what the log goes on from may be among them.
  bool any_unreadable() const { return any_unreadable_; }
  // The header of the newest; index 0 where there is none.
  storage::SnapshotHeader header() const;

  repl::Index index() const override { return header().index; }
  repl::Epoch epoch() const override { return header().epoch; }
  uint64_t size_bytes() const override;
  std::string read(uint64_t offset, size_t max_bytes) const override;

  // Writes `state` on another thread, reads it back there with `checker` (nullptr: only its
  // checksum), and makes it the newest; `done` on the loop, not after this is gone. Where that
  // fails nothing has changed; kCorrupt: it could not be read back. Keeps the one before it as
  // well. REQUIRES: not writing().
  void write(const storage::SnapshotHeader& header, std::unique_ptr<repl::FrozenState> state,
             std::unique_ptr<repl::RowChecker> checker, UniqueFunction<void(Status)> done);
  bool writing() const { return writing_; }

  // A piece of an incoming snapshot. True once all of `total_bytes` is there.
  Result<bool> receive(uint64_t index, uint64_t offset, uint64_t total_bytes,
                       std::string_view data);
  uint64_t received_bytes() const;
  // What came in whole.
  std::unique_ptr<storage::SnapshotReceiver> take_received() { return std::move(receiver_); }
  // Makes it the newest, once it was read. kCorrupt: it is older than what is here.
  Status put_in_place(Incoming& incoming);
  void stop_receiving() { receiver_.reset(); }

 private:
  loop::Loop& loop_;
  const std::string directory_;
  std::unique_ptr<storage::SnapshotReader> newest_;
  std::unique_ptr<storage::SnapshotReceiver> receiver_;
  bool writing_ = false;
  bool any_unreadable_ = false;
  // Shared with the completion of run_work, which comes even after this object is gone.
  std::shared_ptr<Snapshots*> self_;
};

}  // namespace tandem::replica
