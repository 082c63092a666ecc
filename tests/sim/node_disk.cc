#include "sim/node_disk.h"

#include <utility>

#include "sim/node.h"

namespace tandem::sim {
namespace {

constexpr std::string_view kEndOfRows = "#end";

}  // namespace

// --- the log ---

repl::Index NodeLog::first_index() const { return node_.disk_->log().first_index(); }
repl::Index NodeLog::last_index() const { return node_.disk_->log().last_index(); }
repl::Epoch NodeLog::epoch_at(repl::Index index) const {
  return node_.disk_->log().epoch_at(index);
}
std::vector<wire::Entry> NodeLog::read(repl::Index from, size_t max_bytes) const {
  return node_.disk_->log().read(from, max_bytes);
}

bool NodeLog::has_space() const { return !node_.full(); }

repl::Ticket NodeLog::write(Disk::What what) {
  node_.not_quiet();
  node_.disk_->write(++last_ticket_, std::move(what));
  node_.begin_sync();
  return last_ticket_;
}

repl::Ticket NodeLog::append(const std::vector<wire::Entry>& entries) {
  const repl::Index last = last_index();
  const repl::Ticket ticket = write(repl::AppendEntries{entries});
  node_.world_.checks.appended(node_.disk_->log(), last + 1);
  return ticket;
}

repl::Ticket NodeLog::cut(repl::Index from) {
  node_.world_.checks.cuts(node_.member(), node_.disk_->log(), from);
  return write(repl::CutLog{from});
}

repl::Ticket NodeLog::save_promise(repl::Epoch epoch) { return write(repl::SavePromise{epoch}); }

repl::Ticket NodeLog::save_committed(const repl::Position& position) {
  return write(repl::SaveCommitted{position});
}

repl::Ticket NodeLog::save_lineage(uint64_t lineage) { return write(repl::SaveLineage{lineage}); }

repl::Ticket NodeLog::restart_after_snapshot() {
  const Snapshot& snapshot = node_.disk_->snapshot();
  node_.life_->seen_commit = snapshot.index;
  return write(RestartLog{snapshot.index, snapshot.epoch});
}

void NodeLog::drop_before(repl::Index index) { write(DropLog{index}); }

// --- snapshots ---

Status SnapshotText::for_each(const Take& take) {
  std::string_view rows = text_;
  while (!rows.empty() && rows != kEndOfRows) {
    const size_t end = rows.find('\n');
    if (end == std::string_view::npos) violated("a snapshot is incomplete");
    if (Status taken = take(rows.substr(0, end)); !taken) return taken;
    rows.remove_prefix(end + 1);
  }
  return {};
}

std::string SnapshotText::of(const repl::FrozenState& state) {
  std::string text;
  state.write_rows([&text](std::string_view row) {
    text.append(row).push_back('\n');
    return true;
  });
  return text.append(kEndOfRows);
}

repl::Index NodeSnapshots::index() const { return node_.disk_->index(); }
repl::Epoch NodeSnapshots::epoch() const { return node_.disk_->epoch(); }
uint64_t NodeSnapshots::size_bytes() const { return node_.disk_->size_bytes(); }
std::string NodeSnapshots::read(uint64_t offset, size_t max_bytes) const {
  return node_.disk_->read(offset, max_bytes);
}
int64_t NodeSnapshots::time_ms() const { return node_.disk_->snapshot().time_ms; }

void NodeSnapshots::write(repl::Picture picture, const std::optional<repl::Record>& newest_record,
                          UniqueFunction<void(Status)> done) {
  if (writing_) violated("two snapshots are written at once");
  writing_ = true;
  Snapshot snapshot{picture.index, node_.disk_->log().epoch_at(picture.index), picture.time_ms,
                    SnapshotText::of(*picture.rows), newest_record};
  World& world = node_.world_;
  node_.later(world.between_ns(kMs, 100 * kMs),
              [this, &world, snapshot = std::move(snapshot), done = std::move(done)]() mutable {
                writing_ = false;
                const bool saved = !node_.full();
                world.trace.note("snapshot id index saved:", {node_.id_, snapshot.index, saved});
                if (saved) node_.disk_->save_snapshot(std::move(snapshot));
                node_.drive([&] { done(saved ? Status() : fail(ErrorKind::kNoSpace, "full")); });
              });
}

NodeSnapshots::Incoming NodeSnapshots::receive(const repl::SnapshotChunk& chunk) {
  if (incoming_.index != chunk.index || chunk.offset == 0) {
    incoming_ = Snapshot{chunk.index, chunk.epoch, 0, {}, {}};
  }
  World& world = node_.world_;
  if (chunk.offset != incoming_.rows.size() || node_.full() ||
      world.strikes(world.plan.failed_chunk)) {
    incoming_ = {};
    return node_.full() ? Incoming::kLater : Incoming::kUnusable;
  }
  incoming_.rows += chunk.data;
  return incoming_.rows.size() < chunk.total_bytes ? Incoming::kPart : Incoming::kWhole;
}

std::shared_ptr<repl::SnapshotRows> NodeSnapshots::received() {
  return std::make_shared<SnapshotText>(incoming_.rows);
}

NodeSnapshots::Incoming NodeSnapshots::put_in_place() {
  World& world = node_.world_;
  if (node_.full()) return Incoming::kLater;
  if (incoming_.index <= node_.applied() || incoming_.index > world.checks.committed().size()) {
    violated("a snapshot is installed below what is applied, or beyond what is committed");
  }
  incoming_.time_ms = world.checks.committed()[incoming_.index - 1].time_ms;
  world.trace.note("install id index:", {node_.id_, incoming_.index});
  node_.disk_->save_snapshot(std::exchange(incoming_, {}));
  return Incoming::kWhole;
}

}  // namespace tandem::sim
