#include "repl/incoming_snapshot.h"

#include <utility>

namespace tandem::repl {
namespace {

constexpr int64_t kReceiveAgainNs = 1'000'000'000;

}  // namespace

void IncomingSnapshot::take(const SnapshotChunk& chunk, bool busy) {
  if (preparing_ && preparing_->index != chunk.index) drop();
  if (around_.snapshots.writing() || busy || (preparing_ && !preparing_->read)) {
    return owner_.have_of_snapshot(chunk.index, chunk.offset);
  }
  if (preparing_) return install(chunk);
  const auto received = around_.snapshots.receive(chunk);
  if (received == SnapshotStore::Incoming::kWhole) return prepare(chunk);
  if (received != SnapshotStore::Incoming::kPart) return receive_anew(chunk.index, received);
  owner_.have_of_snapshot(chunk.index, around_.snapshots.received_bytes());
}

void IncomingSnapshot::prepare(const SnapshotChunk& last) {
  preparing_ = Preparing{last.index};
  around_.applier.prepare(last.index, around_.snapshots.received(),
                          [this](Status read) { preparing_->read = std::move(read); });
  owner_.have_of_snapshot(last.index, last.offset);
}

void IncomingSnapshot::install(const SnapshotChunk& last) {
  const Status read = *preparing_->read;
  const auto placed =
      read ? around_.snapshots.put_in_place() : around_.snapshots.judge(read.error());
  if (placed != SnapshotStore::Incoming::kWhole) {
    drop();
    return receive_anew(last.index, placed);
  }
  owner_.have_of_snapshot(last.index, last.total_bytes);
  preparing_.reset();
  installing_ = true;
  around_.applier.drop_batch();  // what it changes is in the snapshot
  owner_.installs(last.index);
  around_.applier.install(around_.snapshots.time_ms(),
                          [this](const Status& status) { installed(status); });
}

void IncomingSnapshot::installed(const Status& status) {
  if (!status) return around_.people.give_up(status.error());
  const Index index = around_.snapshots.index();
  // Nothing else of the core may run between the log's restart and the step that tells of it.
  restart_ = Restart{around_.log.restart_after_snapshot(), index, around_.snapshots.time_ms()};
  owner_.state_replaced(index);
}

void IncomingSnapshot::durable(Ticket log) {
  if (!restart_ || restart_->ticket > log) return;
  const Restart restart = *std::exchange(restart_, {});
  installing_ = false;
  owner_.log_replaced(restart.index, restart.time_ms);
}

// What has come is given up, and the leader is asked to begin anew: at once, or a little later.
void IncomingSnapshot::receive_anew(Index index, SnapshotStore::Incoming why) {
  around_.snapshots.stop_receiving();
  if (why != SnapshotStore::Incoming::kLater) return owner_.have_of_snapshot(index, 0);
  again_ = Again{index, around_.clock.boot_ns() + kReceiveAgainNs};
}

void IncomingSnapshot::tick() {
  if (!again_ || around_.clock.boot_ns() < again_->at_ns) return;
  owner_.have_of_snapshot(std::exchange(again_, {})->index, 0);
}

void IncomingSnapshot::state_reached(Index applied) {
  if (preparing_ && preparing_->index <= applied) drop();
}

void IncomingSnapshot::drop() {
  preparing_.reset();
  around_.applier.drop_prepared();
  around_.snapshots.stop_receiving();
}

}  // namespace tandem::repl
