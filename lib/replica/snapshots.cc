#include "replica/snapshots.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace tandem::replica {
namespace {

// The newest, and the one before it: the log from there on brings most learners up without one.
constexpr size_t kKeep = 2;

struct Job {
  storage::SnapshotHeader header;
  std::unique_ptr<repl::FrozenState> state;
  std::string directory;
  Status status;
  std::unique_ptr<storage::SnapshotReader> reader;

  void run() {
    auto writer = storage::SnapshotWriter::create(directory, header);
    if (!writer) {
      status = fail(writer.error());
      return;
    }
    state->write_rows([&](std::string_view row) { return (*writer)->add_row(row); });
    status = (*writer)->finish();
    state.reset();  // freeing what only the snapshot held takes time as well
    if (!status) return;
    auto newest = storage::newest_snapshot(directory);
    if (!newest) {
      status = fail(newest.error());
      return;
    }
    reader = std::move(*newest);
    status = storage::prune_snapshots(directory, kKeep);
  }
};

}  // namespace

Snapshots::Snapshots(loop::Loop& loop, std::string directory)
    : loop_(loop), directory_(std::move(directory)), self_(std::make_shared<Snapshots*>(this)) {}

Snapshots::~Snapshots() { *self_ = nullptr; }

Status Snapshots::open() {
  const Status removed = storage::remove_unfinished_snapshots(directory_);
  if (!removed) return removed;
  auto newest = storage::newest_snapshot(directory_);
  if (!newest) return fail(newest.error());
  newest_ = std::move(*newest);
  return {};
}

storage::SnapshotHeader Snapshots::header() const {
  return newest_ == nullptr ? storage::SnapshotHeader{} : newest_->header();
}

Status Snapshots::restore(repl::StateMachine& machine) {
  machine.reset();
  if (newest_ == nullptr) return machine.finish_restore();
  std::string row;
  while (true) {
    const auto more = newest_->next_row(row);
    if (!more) return fail(more.error());
    if (!*more) break;
    const Status restored = machine.restore_row(row);
    if (!restored) return restored;
  }
  return machine.finish_restore();
}

uint64_t Snapshots::size_bytes() const { return newest_ == nullptr ? 0 : newest_->size_bytes(); }

std::string Snapshots::read(uint64_t offset, size_t max_bytes) const {
  CHECK(newest_ != nullptr);
  auto bytes = newest_->read_raw(offset, max_bytes);
  if (!bytes) {
    log::error("cannot read a snapshot", {{"error", bytes.error().message}});
    return {};
  }
  return std::move(*bytes);
}

void Snapshots::write(const storage::SnapshotHeader& header,
                      std::unique_ptr<repl::FrozenState> state, UniqueFunction<void(Status)> done) {
  CHECK(!writing_);
  writing_ = true;
  auto job = std::make_unique<Job>();
  job->header = header;
  job->state = std::move(state);
  job->directory = directory_;
  Job* work = job.get();
  loop::run_work(
      loop_, [work] { work->run(); },
      [self = self_, job = std::move(job), done = std::move(done)]() mutable {
        if (*self == nullptr) return;
        Snapshots& snapshots = **self;
        snapshots.writing_ = false;
        if (job->reader != nullptr) snapshots.newest_ = std::move(job->reader);
        done(std::move(job->status));
      });
}

Result<bool> Snapshots::receive(uint64_t index, uint64_t offset, uint64_t total_bytes,
                                std::string_view data) {
  if (receiver_ == nullptr || receiver_->index() != index) {
    receiver_.reset();
    auto created = storage::SnapshotReceiver::create(directory_, index);
    if (!created) return fail(created.error());
    receiver_ = std::move(*created);
  }
  const Status written = receiver_->write(offset, data);
  if (!written) return fail(written.error());
  return receiver_->have_bytes() >= total_bytes;
}

uint64_t Snapshots::received_bytes() const {
  return receiver_ == nullptr ? 0 : receiver_->have_bytes();
}

Status Snapshots::finish_receiving() {
  CHECK(receiver_ != nullptr);
  const auto header = receiver_->finish();
  receiver_.reset();
  if (!header) return fail(header.error());
  auto newest = storage::newest_snapshot(directory_);
  if (!newest) return fail(newest.error());
  if (*newest == nullptr || (*newest)->header().index != header->index) {
    return fail(ErrorKind::kCorrupt, "the received snapshot is not the newest");
  }
  newest_ = std::move(*newest);
  return storage::prune_snapshots(directory_, kKeep);
}

}  // namespace tandem::replica
