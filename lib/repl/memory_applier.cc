#include "repl/memory_applier.h"

#include <utility>

#include "base/check.h"

namespace tandem::repl {
namespace {

// In slices: heartbeats, leases and reads go on between them.
constexpr int64_t kSliceNs = 4'000'000;

Status read_into(StateMachine& machine, SnapshotRows& rows, const Jobs::Stopping& stopping) {
  machine.reset();
  const Status read = rows.for_each([&](std::string_view row) -> Status {
    if (stopping()) return fail(ErrorKind::kTimeout, "stopped");
    return machine.restore_row(row);
  });
  return read ? machine.finish_restore() : read;
}

}  // namespace

// --- the state to begin with ---

void MemoryApplier::begin(Owner& owner, UniqueFunction<void(Result<Index>)> done) {
  CHECK(long_command_ == nullptr && beginning_ == nullptr);
  owner_ = &owner;
  Origin origin = owner.origin();
  const Index index = origin.position.index;
  if (index == 0) {
    machine_.reset();
    index_ = 0;
    time_ms_ = 0;
    return done(index);
  }
  beginning_ =
      make(index, std::move(origin.rows),
           [this, index, time_ms = origin.time_ms, done = std::move(done)](Status made) mutable {
             if (!made) {
               drop(beginning_);
               return done(fail(std::move(made.error())));
             }
             take(beginning_, time_ms);
             done(index);
           });
}

// --- batches ---

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

// --- snapshots ---

void MemoryApplier::picture(UniqueFunction<void(Result<Picture>)> done) {
  done(Picture{index_, time_ms_, machine_.freeze(), machine_.row_checker()});
}

void MemoryApplier::prepare(Index index, std::shared_ptr<SnapshotRows> rows,
                            UniqueFunction<void(Status)> done) {
  CHECK(prepared_ == nullptr);
  prepared_ = make(index, std::move(rows), std::move(done));
}

void MemoryApplier::drop_prepared() { drop(prepared_); }

void MemoryApplier::install(int64_t time_ms, UniqueFunction<void(Status)> done) {
  CHECK(long_command_ == nullptr && prepared_ != nullptr && prepared_->status);
  take(prepared_, time_ms);
  done({});
}

MemoryApplier::Preparing MemoryApplier::make(Index index, std::shared_ptr<SnapshotRows> rows,
                                             UniqueFunction<void(Status)> done) {
  auto prepared = std::make_shared<Prepared>();
  prepared->index = index;
  prepared->rows = std::move(rows);
  prepared->state = machine_.make_empty();
  jobs_.run(
      [job = prepared](const Jobs::Stopping& stopping) {
        job->status = read_into(*job->state, *job->rows, stopping);
      },
      [job = prepared, done = std::move(done)]() mutable {
        if (!job->dropped) done(job->status);
      });
  return prepared;
}

// Freed where nobody waits for that.
void MemoryApplier::drop(Preparing& prepared) {
  if (prepared == nullptr) return;
  prepared->dropped = true;
  prepared->rows->stop();
  jobs_.run([job = std::exchange(prepared, nullptr)](
                const Jobs::Stopping&) mutable { job->state.reset(); },
            {});
}

void MemoryApplier::take(Preparing& prepared, int64_t time_ms) {
  machine_.swap_state(*prepared->state);
  index_ = prepared->index;
  time_ms_ = time_ms;
  drop(prepared);
}

}  // namespace tandem::repl
