// The snapshots of a replica: taken, sent over, restored.
#include <algorithm>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "sim/node.h"

namespace tandem::sim {
namespace {

constexpr std::string_view kEndOfRows = "#end";

}  // namespace

void Node::take_chunk(const repl::SnapshotChunk& chunk) {
  Snapshot& incoming = life_.incoming;
  if (incoming.index != chunk.index || chunk.offset == 0) {
    incoming = Snapshot{chunk.index, chunk.epoch, 0, {}};
  }
  if (chunk.offset != incoming.rows.size() || full() || world_.strikes(world_.plan.failed_chunk)) {
    incoming = {};
    step(repl::SnapshotChunkWritten{chunk.index, 0});
    return;
  }
  incoming.rows += chunk.data;
  step(repl::SnapshotChunkWritten{chunk.index, incoming.rows.size()});
  if (incoming.rows.size() < chunk.total_bytes) return;
  if (chunk.index <= applied_ || chunk.index > world_.checks.committed().size()) {
    violated("a snapshot is installed below what is applied, or beyond what is committed");
  }
  incoming.time_ms = world_.checks.committed()[chunk.index - 1].time_ms;
  world_.trace.note("install id index:", {id_, chunk.index});
  life_.installing = true;
  life_.writers.clear();
  disk_->save_snapshot(std::exchange(incoming, {}));
  restore(disk_->snapshot());
  write_disk(0, RestartLog{disk_->snapshot().index, disk_->snapshot().epoch});
  read_again_from(applied_ + 1);
  answer_reads();
}

void Node::restore(const Snapshot& snapshot) {
  machine_->reset();
  std::string_view rows = snapshot.rows;
  while (snapshot.index > 0 && rows != kEndOfRows) {
    const size_t end = rows.find('\n');
    if (end == std::string_view::npos) violated("a snapshot is incomplete");
    if (!machine_->restore_row(rows.substr(0, end))) violated("a snapshot has a malformed row");
    rows.remove_prefix(end + 1);
  }
  CHECK(machine_->finish_restore());
  applied_ = seen_commit_ = snapshot.index;
  applied_time_ms_ = snapshot.time_ms;
}

std::string Node::rows() const {
  std::string rows;
  machine_->freeze()->write_rows([&rows](std::string_view row) {
    rows.append(row).push_back('\n');
    return true;
  });
  return rows.append(kEndOfRows);
}

void Node::take_snapshot_if_due() {
  const uint32_t every = world_.plan.snapshot_every;
  if (every == 0 || life_.saving || life_.installing || full()) return;
  if (applied_ < disk_->index() + every) return;
  life_.saving = true;
  Snapshot snapshot{applied_, disk_->log().epoch_at(applied_), applied_time_ms_, rows(),
                    core_->newest_record()};
  later(world_.between_ns(kMs, 100 * kMs),
        [this, snapshot = std::move(snapshot)] { save(snapshot); });
}

void Node::save(const Snapshot& snapshot) {
  life_.saving = false;
  if (life_.installing || snapshot.index <= disk_->index()) return;  // a later one came meanwhile
  const repl::Index before = disk_->index();
  disk_->save_snapshot(snapshot);
  const repl::Index keep = world_.random.chance(500) ? snapshot.index : before;
  write_disk(0, DropLog{std::min(keep, core_->pinned_index()) + 1});
  world_.trace.note("snapshot id index first:", {id_, snapshot.index, disk_->log().first_index()});
}

}  // namespace tandem::sim
