#include "storage/segment_maker.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "storage/log_format.h"
#include "storage/signals.h"

namespace tandem::storage {

Status write_zeros(File& file, uint64_t from, uint64_t to) {
  static const std::string zeros(1 << 20, '\0');
  while (from < to) {
    const size_t size = std::min<uint64_t>(zeros.size(), to - from);
    if (Status written = file.write_at(from, std::string_view(zeros).substr(0, size)); !written) {
      return written;
    }
    from += size;
  }
  return {};
}

SegmentMaker::SegmentMaker(Disk& disk, std::string directory, uint64_t segment_bytes,
                           uint64_t retry_ms)
    : disk_(disk),
      directory_(std::move(directory)),
      segment_bytes_(segment_bytes),
      retry_ms_(retry_ms),
      thread_(start_thread([this] { run(); })) {}

SegmentMaker::~SegmentMaker() {
  stop();
  thread_.join();
  if (prepared_ && *prepared_) static_cast<void>(disk_.remove((*prepared_)->path));
}

void SegmentMaker::request() {
  const std::lock_guard lock(mutex_);
  ++wanted_;
  changed_.notify_all();
}

Result<PreparedSegment> SegmentMaker::take() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return prepared_ || stopping_; });
  if (!prepared_) return fail(ErrorKind::kUnavailable, "the log is being closed");
  if (!*prepared_) return fail(prepared_->error());
  Result<PreparedSegment> segment = std::move(*prepared_);
  prepared_.reset();
  changed_.notify_all();
  return segment;
}

void SegmentMaker::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void SegmentMaker::run() {
  std::unique_lock lock(mutex_);
  for (uint64_t number = 1;; ++number) {
    changed_.wait(lock, [this] { return stopping_ || (wanted_ > 0 && !prepared_); });
    if (stopping_) return;
    lock.unlock();
    Result<PreparedSegment> made = make(number);
    lock.lock();
    // Both pass by themselves, and nothing was written where it counts.
    const bool full = !made && (made.error().kind == ErrorKind::kNoSpace ||
                                made.error().kind == ErrorKind::kExhausted);
    if (full == has_space()) {
      if (full) {
        log::warning("no room for the next log segment", {{"error", made.error().message}});
      } else {
        log::info("there is room for the next log segment again");
      }
    }
    has_space_.store(!full, std::memory_order_relaxed);
    if (full) {
      changed_.wait_for(lock, std::chrono::milliseconds(retry_ms_), [this] { return stopping_; });
      continue;
    }
    --wanted_;
    prepared_ = std::move(made);
    changed_.notify_all();
  }
}

Result<PreparedSegment> SegmentMaker::make(uint64_t number) {
  // A number in the name: the one before may wait to be renamed.
  PreparedSegment segment;
  segment.path = directory_ + "/" + next_segment_name(number);
  auto file = disk_.open(segment.path, OpenMode::kReplace);
  if (!file) return fail(file.error());
  segment.file = std::move(*file);
  Status status = write_zeros(*segment.file, 0, segment_bytes_);
  if (status) status = segment.file->sync();
  if (status) return segment;
  // Best effort: it gives the space back, and open() removes what is left over.
  static_cast<void>(disk_.remove(segment.path));
  return fail(status.error());
}

}  // namespace tandem::storage
