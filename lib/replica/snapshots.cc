#include "replica/snapshots.h"

#include <atomic>
#include <functional>
#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace tandem::replica {
namespace {

// The newest, and the one before it: the log from there on brings most learners up without one.
constexpr size_t kKeep = 2;

using Stopping = std::function<bool()>;

// What is wrong with a row is of no interest where the bytes are not those that were written.
Status read_rows(storage::SnapshotReader& reader, const Stopping& stopping,
                 const repl::SnapshotRows::Take& take) {
  reader.rewind();
  std::string row;
  while (true) {
    if (stopping()) return fail(ErrorKind::kTimeout, "stopped");
    const auto more = reader.next_row(row);
    if (!more) return fail(more.error());
    if (!*more) return {};
    if (Status taken = take(row); !taken) {
      const Status whole = reader.verify(stopping);
      return whole ? taken : whole;
    }
  }
}

// The rows of a file for one who reads them on another thread.
class Rows : public repl::SnapshotRows {
 public:
  void stop() override { stopped_.store(true, std::memory_order_relaxed); }

 protected:
  Status read(storage::SnapshotReader& reader, const Take& take) const {
    return read_rows(
        reader, [this] { return stopped_.load(std::memory_order_relaxed); }, take);
  }

 private:
  std::atomic<bool> stopped_{false};
};

// Those of the newest, for as long as they are wanted.
class NewestRows final : public Rows {
 public:
  explicit NewestRows(std::shared_ptr<storage::SnapshotReader> reader)
      : reader_(std::move(reader)) {}
  Status for_each(const Take& take) override { return read(*reader_, take); }

 private:
  const std::shared_ptr<storage::SnapshotReader> reader_;
};

// What another moment mends.
bool passes(const Error& error) {
  return error.kind == ErrorKind::kNoSpace || error.kind == ErrorKind::kExhausted;
}

// Every byte, and every row as restoring would read it.
Status check_rows(storage::SnapshotReader& reader, repl::RowChecker* checker) {
  const Stopping never = [] { return false; };
  if (checker == nullptr) return reader.verify(never);
  const Status read =
      read_rows(reader, never, [checker](std::string_view row) { return checker->check(row); });
  return read ? checker->finish() : read;
}

// The older ones; the new one is there all the same.
void prune(const std::string& directory) {
  const Status pruned = storage::prune_snapshots(directory, kKeep);
  if (pruned) return;
  log::warning("an older snapshot cannot be removed", {{"error", pruned.error().message}});
}

struct Job {
  storage::SnapshotHeader header;
  repl::Picture picture;
  std::string directory;
  Status status;
  std::unique_ptr<storage::SnapshotReader> reader;

  void run() {
    auto writer = storage::SnapshotWriter::create(directory, header);
    if (!writer) {
      status = fail(writer.error());
      return;
    }
    picture.rows->write_rows([&](std::string_view row) { return (*writer)->add_row(row); });
    status = (*writer)->seal();
    picture.rows.reset();  // freeing what only the snapshot held takes time as well
    if (status) status = put_in_place(**writer);
    if (!status) reader.reset();
  }

  // The log before it and the older one go once it is there: so it has to be readable.
  Status put_in_place(storage::SnapshotWriter& writer) {
    auto opened = writer.read_back();
    if (!opened) return fail(opened.error());
    reader = std::move(*opened);
    if (Status good = check_rows(*reader, picture.checker.get()); !good) {
      return fail(good.error().kind,
                  "what was written cannot be read back: " + good.error().message);
    }
    if (Status finished = writer.finish(); !finished) return finished;
    prune(directory);
    return {};
  }
};

}  // namespace

Snapshots::Snapshots(loop::Loop& loop, std::string directory, Describe describe, Failed failed)
    : loop_(loop),
      directory_(std::move(directory)),
      describe_(std::move(describe)),
      failed_(std::move(failed)),
      background_(loop),
      self_(*this) {}

Snapshots::~Snapshots() = default;

Status Snapshots::open() {
  const Status removed = storage::remove_unfinished_snapshots(directory_);
  return removed ? find_newest() : removed;
}

Status Snapshots::find_newest() {
  const auto files = storage::list_snapshots(directory_);
  if (!files) return fail(files.error());
  for (const storage::SnapshotFile& file : *files) {
    auto reader = storage::SnapshotReader::open(file.path);
    Status status;
    if (!reader) {
      status = fail(reader.error());
    } else if ((*reader)->header().index != file.index) {
      status = fail(ErrorKind::kCorrupt, "it is of another index than its name says");
    }
    if (status) {
      newest_ = std::move(*reader);
      return {};
    }
    if (status.error().kind != ErrorKind::kCorrupt) return status;
    if (Status aside = set_aside(file, status.error()); !aside) return aside;
  }
  return {};
}

Status Snapshots::set_aside(const storage::SnapshotFile& file, const Error& why) {
  any_unreadable_ = true;
  log::error("a snapshot cannot be used: it is set aside, the one before it is tried",
             {{"file", file.path}, {"error", why.message}});
  return storage::set_snapshot_aside(directory_, file.index);
}

Status Snapshots::set_newest_aside(const Error& why) {
  CHECK(newest_ != nullptr);
  Status aside = set_aside(index(), why);
  newest_.reset();
  return aside ? find_newest() : aside;
}

Status Snapshots::set_aside(uint64_t index, const Error& why) {
  const auto files = storage::list_snapshots(directory_);
  if (!files) return fail(files.error());
  for (const storage::SnapshotFile& file : *files) {
    if (file.index == index) return set_aside(file, why);
  }
  return {};  // it is no more
}

void Snapshots::verify_newest(UniqueFunction<void()> lost) {
  if (newest_ == nullptr || newest_->verified()) return;
  const auto found = std::make_shared<Status>();
  background_.run(
      [this, found, reader = newest_] {
        *found = reader->verify([this] { return background_.stopping(); });
      },
      [this, found, reader = newest_, lost = std::move(lost)]() mutable {
        if (*found) return;
        const bool is_newest = reader == newest_;
        const Status aside = is_newest ? set_newest_aside(found->error())
                                       : set_aside(reader->header().index, found->error());
        if (!aside) return failed_(aside.error());
        if (!is_newest) return;
        lost();
        verify_newest(std::move(lost));
      });
}

void Snapshots::close() {
  newest_.reset();
  any_unreadable_ = false;
}

std::shared_ptr<repl::SnapshotRows> Snapshots::rows() const {
  if (newest_ == nullptr) return nullptr;
  return std::make_shared<NewestRows>(newest_);
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

storage::SnapshotHeader Snapshots::complete(storage::SnapshotHeader header,
                                            const repl::Picture& picture,
                                            const std::optional<repl::Record>& newest_record) {
  header.index = picture.index;
  header.time_ms = picture.time_ms;
  if (newest_record) header.record = repl::to_text(*newest_record);
  return header;
}

void Snapshots::write(repl::Picture picture, const std::optional<repl::Record>& newest_record,
                      UniqueFunction<void(Status)> done) {
  const auto header = complete(describe_(picture.index), picture, newest_record);
  write(header, std::move(picture), std::move(done));
}

void Snapshots::write(const storage::SnapshotHeader& header, repl::Picture picture,
                      UniqueFunction<void(Status)> done) {
  CHECK(!writing_);
  writing_ = true;
  auto job = std::make_unique<Job>();
  job->header = header;
  job->picture = std::move(picture);
  job->directory = directory_;
  Job* work = job.get();
  loop::run_work(
      loop_, [work] { work->run(); },
      [self = self_.ref(), job = std::move(job), done = std::move(done)]() mutable {
        if (!self) return;
        Snapshots& snapshots = *self;
        snapshots.writing_ = false;
        if (job->reader != nullptr) snapshots.newest_ = std::move(job->reader);
        if (job->status) {
          log::info("wrote a snapshot",
                    {{"index", job->header.index}, {"bytes", snapshots.size_bytes()}});
        } else {
          log::error("cannot write a snapshot", {{"error", job->status.error().message}});
        }
        done(std::move(job->status));
      });
}

// A snapshot of the leader's that has come in whole. What of it is damaged shows when it is read.
class Snapshots::Received final : public Rows {
 public:
  explicit Received(std::unique_ptr<storage::SnapshotReceiver> receiver)
      : receiver_(std::move(receiver)) {}

  Status for_each(const Take& take) override {
    auto reader = receiver_->read_back();
    if (!reader) return fail(reader.error());
    reader_ = std::move(*reader);
    Status taken = read(*reader_, take);
    return taken ? receiver_->sync() : taken;
  }

  uint64_t index() const { return receiver_->index(); }
  Result<std::unique_ptr<storage::SnapshotReader>> put_in_place() {
    if (Status placed = receiver_->put_in_place(); !placed) return fail(std::move(placed.error()));
    return std::move(reader_);
  }

 private:
  std::unique_ptr<storage::SnapshotReceiver> receiver_;
  std::unique_ptr<storage::SnapshotReader> reader_;
};

Snapshots::Incoming Snapshots::receive(const repl::SnapshotChunk& chunk) {
  if (receiver_ == nullptr || receiver_->index() != chunk.index) {
    receiver_.reset();
    auto created = storage::SnapshotReceiver::create(directory_, chunk.index, chunk.total_bytes);
    if (!created) return judge(created.error());
    receiver_ = std::move(*created);
  }
  const Status written = receiver_->write(chunk.offset, chunk.data);
  if (!written) return judge(written.error());
  return receiver_->have_bytes() >= chunk.total_bytes ? Incoming::kWhole : Incoming::kPart;
}

uint64_t Snapshots::received_bytes() const {
  return receiver_ == nullptr ? 0 : receiver_->have_bytes();
}

std::shared_ptr<repl::SnapshotRows> Snapshots::received() {
  CHECK(receiver_ != nullptr);
  received_ = std::make_shared<Received>(std::move(receiver_));
  return received_;
}

void Snapshots::stop_receiving() {
  receiver_.reset();
  received_.reset();
}

// What the leader sends it has read back itself: damage was done on the way, or on its disk since
// then, and then it ends with the next snapshot that it takes.
Snapshots::Incoming Snapshots::judge(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kBadInput:
      return Incoming::kUnusable;
    case ErrorKind::kCorrupt:
      log::error("a received snapshot is not usable", {{"error", error.message}});
      return Incoming::kUnusable;
    default:
      break;
  }
  if (!passes(error)) failed_(error);
  // Once, and again where it is for another reason: it is tried every second, and with each
  // snapshot that the leader takes.
  if (std::exchange(told_, error.kind) != error.kind) {
    log::warning("cannot receive a snapshot now", {{"error", error.message}});
  }
  return Incoming::kLater;
}

Snapshots::Incoming Snapshots::put_in_place() {
  const std::shared_ptr<Received> received = std::exchange(received_, nullptr);
  if (received->index() <= index()) {
    return judge(Error{ErrorKind::kCorrupt, "it is not the newest"});
  }
  auto reader = received->put_in_place();
  if (!reader) return judge(reader.error());
  newest_ = std::move(*reader);
  told_.reset();
  prune(directory_);
  return Incoming::kWhole;
}

}  // namespace tandem::replica
