#include "replica/snapshots.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace tandem::replica {
namespace {

// The newest, and the one before it: the log from there on brings most learners up without one.
constexpr size_t kKeep = 2;

// Every row as restoring would read it.
Status check_rows(storage::SnapshotReader& reader, repl::RowChecker* checker) {
  if (checker == nullptr) return {};
  std::string row;
  while (true) {
    const auto more = reader.next_row(row);
    if (!more) return fail(more.error());
    if (!*more) break;
    if (Status good = checker->check(row); !good) return good;
  }
  reader.rewind();
  return checker->finish();
}

struct Job {
  storage::SnapshotHeader header;
  std::unique_ptr<repl::FrozenState> state;
  std::unique_ptr<repl::RowChecker> checker;
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
    status = (*writer)->seal();
    state.reset();  // freeing what only the snapshot held takes time as well
    if (status) status = put_in_place(**writer);
    if (!status) reader.reset();
  }

  // The log before it and the older one go once it is there: so it has to be readable.
  Status put_in_place(storage::SnapshotWriter& writer) {
    auto opened = writer.read_back();
    if (!opened) return fail(opened.error());
    reader = std::move(*opened);
    if (Status good = check_rows(*reader, checker.get()); !good) {
      return fail(good.error().kind,
                  "what was written cannot be read back: " + good.error().message);
    }
    if (Status finished = writer.finish(); !finished) return finished;
    return storage::prune_snapshots(directory, kKeep);
  }
};

}  // namespace

Status restore_from(storage::SnapshotReader& reader, repl::StateMachine& machine,
                    const std::function<bool()>& stopped) {
  machine.reset();
  std::string row;
  while (true) {
    if (stopped && stopped()) return fail(ErrorKind::kTimeout, "stopped");
    const auto more = reader.next_row(row);
    if (!more) return fail(more.error());
    if (!*more) break;
    const Status restored = machine.restore_row(row);
    if (!restored) return restored;
  }
  return machine.finish_restore();
}

Snapshots::Snapshots(loop::Loop& loop, std::string directory)
    : loop_(loop), directory_(std::move(directory)), self_(std::make_shared<Snapshots*>(this)) {}

Snapshots::~Snapshots() { *self_ = nullptr; }

Status Snapshots::open(repl::StateMachine& machine) {
  const Status removed = storage::remove_unfinished_snapshots(directory_);
  if (!removed) return removed;
  const auto files = storage::list_snapshots(directory_);
  if (!files) return fail(files.error());
  for (const storage::SnapshotFile& file : *files) {
    auto reader = storage::SnapshotReader::open(file.path);
    Status status;
    if (!reader) {
      status = fail(reader.error());
    } else if ((*reader)->header().index != file.index) {
      status = fail(ErrorKind::kCorrupt, "it is of another index than its name says");
    } else {
      status = restore_from(**reader, machine);
    }
    if (status) {
      newest_ = std::move(*reader);
      return {};
    }
    if (status.error().kind != ErrorKind::kCorrupt) return status;
    any_unreadable_ = true;
    log::error("a snapshot cannot be used: it is set aside, the one before it is tried",
               {{"file", file.path}, {"error", status.error().message}});
    const Status aside = storage::set_snapshot_aside(directory_, file.index);
    if (!aside) return aside;
  }
  machine.reset();
  return machine.finish_restore();
}

storage::SnapshotHeader Snapshots::header() const {
  return newest_ == nullptr ? storage::SnapshotHeader{} : newest_->header();
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
                      std::unique_ptr<repl::FrozenState> state,
                      std::unique_ptr<repl::RowChecker> checker,
                      UniqueFunction<void(Status)> done) {
  CHECK(!writing_);
  writing_ = true;
  auto job = std::make_unique<Job>();
  job->header = header;
  job->state = std::move(state);
  job->checker = std::move(checker);
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

Status Snapshots::put_in_place(Incoming& incoming) {
  if (incoming.index() <= index()) {
    return fail(ErrorKind::kCorrupt, "the received snapshot is not the newest");
  }
  auto reader = incoming.put_in_place();
  if (!reader) return fail(std::move(reader.error()));
  newest_ = std::move(*reader);
  return storage::prune_snapshots(directory_, kKeep);
}

}  // namespace tandem::replica
