#include "repl/memory_applier.h"

#include <utility>

#include "base/check.h"

namespace tandem::repl {
namespace {

// In slices: heartbeats, leases and reads go on between them.
constexpr int64_t kSliceNs = 4'000'000;

}  // namespace

void MemoryApplier::apply(std::vector<wire::Entry> batch) {
  CHECK(long_command_ == nullptr);
  const int64_t began = clock_.boot_ns();
  for (const wire::Entry& entry : batch) {
    if (!apply(entry)) return;
    if (clock_.boot_ns() - began >= kSliceNs) break;
  }
  owner_->batch_ended();
}

// False where it takes long: then it has only begun.
bool MemoryApplier::apply(const wire::Entry& entry) {
  CHECK(entry.index == index_ + 1);
  if (entry.type != wire::EntryType::kCommand) {
    machine_.opened(entry);
    applied(entry, std::nullopt);
    return true;
  }
  Applying begun = machine_.begin(entry);
  if (auto* command = std::get_if<std::unique_ptr<LongCommand>>(&begun)) {
    begin(entry, std::move(*command));
    return false;
  }
  applied(entry, std::get<Applied>(std::move(begun)));
  return true;
}

void MemoryApplier::applied(const wire::Entry& entry, const std::optional<Applied>& answer) {
  index_ = entry.index;
  time_ms_ = entry.time_ms;
  owner_->applied(entry, answer);
}

void MemoryApplier::begin(const wire::Entry& entry, std::unique_ptr<LongCommand> command) {
  long_command_ = std::make_shared<Long>(Long{entry, std::move(command)});
  std::shared_ptr<Long> job = long_command_;
  jobs_.run([job](const Jobs::Stopping& stopping) { job->command->run(stopping); },
            [this, job]() mutable {
              if (long_command_ == job) end_long_command();
              // What it holds now takes long to free.
              jobs_.run([job = std::move(job)](const Jobs::Stopping&) mutable { job.reset(); }, {});
            });
}

void MemoryApplier::end_long_command() {
  const std::shared_ptr<Long> job = std::exchange(long_command_, nullptr);
  applied(job->entry, job->command->finish());
  owner_->batch_ended();
}

void MemoryApplier::picture(UniqueFunction<void(Result<Picture>)> done) {
  done(Picture{index_, time_ms_, machine_.freeze(), machine_.row_checker()});
}

void MemoryApplier::restore(Index index, int64_t time_ms, SnapshotRows& rows,
                            UniqueFunction<void(Status)> done) {
  done(restore_now(index, time_ms, rows));
}

Status MemoryApplier::restore_now(Index index, int64_t time_ms, SnapshotRows& rows) {
  CHECK(long_command_ == nullptr);
  machine_.reset();
  const Status read =
      rows.for_each([this](std::string_view row) { return machine_.restore_row(row); });
  if (!read) return read;
  index_ = index;
  time_ms_ = time_ms;
  return machine_.finish_restore();
}

}  // namespace tandem::repl
