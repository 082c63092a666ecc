// A snapshot of the leader's that has come in whole, on its way to become the state: it is
// verified, and the state that it holds is built, beside the present one and on another thread.
// What of it is wrong shows there.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "repl/state_machine.h"
#include "storage/snapshot.h"

namespace tandem::replica {

class Incoming {
 public:
  // `state` is an empty one.
  Incoming(std::unique_ptr<storage::SnapshotReceiver> receiver,
           std::unique_ptr<repl::StateMachine> state)
      : receiver_(std::move(receiver)), state_(std::move(state)) {}

  uint64_t index() const { return receiver_->index(); }

  // Once, on any thread; ends early where `stopped` says so, or it is not wanted any more.
  void read(const std::function<bool()>& stopped);
  void drop() { dropped_.store(true, std::memory_order_relaxed); }
  // Whether read() has ended. What follows is for then.
  bool is_read() const { return read_.load(std::memory_order_acquire); }
  // kCorrupt: not usable, to be sent anew.
  const Status& status() const { return status_; }
  // Puts the file, which is synced, in its place, and gives it. REQUIRES: status().
  Result<std::unique_ptr<storage::SnapshotReader>> put_in_place();
  repl::StateMachine& state() { return *state_; }

 private:
  Status read_all(const std::function<bool()>& stopped);

  std::unique_ptr<storage::SnapshotReceiver> receiver_;
  std::unique_ptr<repl::StateMachine> state_;
  std::unique_ptr<storage::SnapshotReader> reader_;
  Status status_;
  std::atomic<bool> dropped_{false};
  std::atomic<bool> read_{false};
};

}  // namespace tandem::replica
