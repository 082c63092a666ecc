#include "storage/writer.h"

#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "storage/signals.h"

namespace tandem::storage {

Writer::Writer(Disk& disk, std::string directory, SegmentMaker& maker)
    : disk_(disk), directory_(std::move(directory)), maker_(maker) {}

Writer::~Writer() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    handed_over_.notify_one();
  }
  // Entries that wait for a segment which cannot be made were never durable: nobody was told so.
  maker_.stop();
  thread_.join();
}

void Writer::use(std::unique_ptr<File> segment, std::unique_ptr<PromiseFile> promise_file,
                 const PromiseState& state) {
  segment_ = std::move(segment);
  promise_file_ = std::move(promise_file);
  state_ = state;
}

void Writer::start(UniqueFunction<void()> wake) {
  wake_ = std::move(wake);
  thread_ = start_thread([this] { run(); });
}

std::string& Writer::records_at(uint64_t offset) {
  if (!queue_.empty()) {
    auto* last = std::get_if<WriteRecords>(&queue_.back());
    if (last != nullptr && last->offset + last->bytes.size() == offset) return last->bytes;
  }
  queue_.emplace_back(WriteRecords{offset, {}});
  return std::get<WriteRecords>(queue_.back()).bytes;
}

void Writer::hand_over(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  if (batch_.empty()) {
    batch_.swap(queue_);
  } else {
    for (WriteOp& op : queue_) batch_.push_back(std::move(op));
    queue_.clear();
  }
  batch_ticket_ = ticket;
  has_batch_ = true;
  handed_over_.notify_one();
}

Writer::Published Writer::published() {
  const std::lock_guard lock(mutex_);
  return published_;
}

Durations Writer::syncs() {
  const std::lock_guard lock(mutex_);
  return syncs_;
}

void Writer::run() {
  std::vector<WriteOp> batch;
  std::unique_lock lock(mutex_);
  while (true) {
    handed_over_.wait(lock, [this] { return stopping_ || has_batch_; });
    if (!std::exchange(has_batch_, false)) return;
    batch.clear();
    batch.swap(batch_);
    const uint64_t ticket = batch_ticket_;
    lock.unlock();
    Status status = carry_out(batch);
    if (status) publish(ticket, std::nullopt);
    // Neither the second slot is waited for, the first one is durable already, nor the mark.
    if (status && std::exchange(mirror_state_, false)) status = promise_file_->write(state_);
    if (!status) {
      publish(0, status.error());
      return;
    }
    lock.lock();
  }
}

void Writer::publish(uint64_t ticket, std::optional<Error> error) {
  {
    const std::lock_guard lock(mutex_);
    if (ticket != 0) published_.ticket = ticket;
    published_.error = std::move(error);
  }
  wake_();
}

Status Writer::carry_out(std::vector<WriteOp>& batch) {
  for (WriteOp& op : batch) {
    if (Status status = std::visit([this](auto& each) { return execute(each); }, op); !status)
      return status;
  }
  return sync_segment();
}

Status Writer::execute(WriteRecords& op) {
  dirty_ = true;
  return segment_->write_at(op.offset, op.bytes);
}

Status Writer::execute(NewSegment& op) { return begin_segment(op.header); }

Status Writer::execute(CutSegments& op) {
  // The intent first: a process that dies between the writes below would leave a log with a hole,
  // which recovery could not tell from lost data.
  PromiseState intent = state_;
  intent.synced_index = op.synced_index;
  intent.pending = PendingChange::kCut;
  intent.pending_index = op.from_index;
  if (Status status = promise_file_->write(intent); !status) return status;

  if (!op.remove.empty()) {
    if (Status status = sync_segment(); !status) return status;
    auto file = disk_.open(path_of(op.segment), OpenMode::kReadWrite);
    if (!file) return fail(file.error());
    segment_ = std::move(*file);
    if (Status status = remove_segments(op.remove); !status) return status;
  }
  dirty_ = true;
  if (Status status = write_zeros(*segment_, op.erase_from, op.erase_to); !status) return status;
  if (Status status = sync_segment(); !status) return status;

  // Were the intent left in one of the slots, losing the other would cut again later.
  return save_in_both_slots(op.synced_index);
}

Status Writer::execute(ResetSegments& op) {
  PromiseState intent = state_;
  intent.pending = PendingChange::kReset;
  intent.pending_index = op.header.first_index - 1;
  intent.pending_epoch = op.header.epoch_before;
  intent.pending_chain = op.header.chain_before;
  intent.synced_index = intent.pending_index;
  if (Status status = promise_file_->write(intent); !status) return status;
  if (Status status = remove_segments(op.remove); !status) return status;
  dirty_ = false;
  if (Status status = begin_segment(op.header); !status) return status;
  return save_in_both_slots(intent.synced_index);
}

Status Writer::execute(DropSegments& op) { return remove_segments(op.remove); }

Status Writer::execute(WritePromise& op) {
  state_.promise = op.epoch;
  state_.synced_index = op.synced_index;
  mirror_state_ = true;
  return promise_file_->write(state_);
}

// After the batch was published: until then what it holds may not be durable either.
Status Writer::execute(WriteCommitted& op) {
  state_.committed_epoch = op.epoch;
  state_.committed_index = op.index;
  state_.synced_index = op.synced_index;
  mirror_state_ = true;
  return {};
}

Status Writer::execute(OtherWrite& op) { return op.write(); }

Status Writer::execute(CloseLog& op) {
  if (Status status = sync_segment(); !status) return status;
  return save_in_both_slots(op.synced_index);
}

Status Writer::save_in_both_slots(uint64_t synced_index) {
  state_.synced_index = synced_index;
  mirror_state_ = false;
  return promise_file_->write_both(state_);
}

Status Writer::sync_segment() {
  if (!std::exchange(dirty_, false)) return {};
  const int64_t began_ns = system_clock().boot_ns();
  Status synced = segment_->sync_data();
  const std::lock_guard lock(mutex_);
  syncs_.add((system_clock().boot_ns() - began_ns) / 1000);
  return synced;
}

Status Writer::begin_segment(const SegmentHeader& header) {
  // That a segment exists says that everything before it is durable; recovery relies on it.
  if (Status status = sync_segment(); !status) return status;
  Result<PreparedSegment> prepared = maker_.take();
  if (!prepared) return fail(prepared.error());
  if (Status status = install(disk_, directory_, *prepared, header); !status) return status;
  segment_ = std::move(prepared->file);
  return {};
}

Status Writer::install(Disk& disk, const std::string& directory, PreparedSegment& segment,
                       const SegmentHeader& header) {
  if (Status s = segment.file->write_at(0, encode_segment_header(header)); !s) return s;
  if (Status s = segment.file->sync(); !s) return s;
  const std::string path = directory + "/" + segment_name(header.first_index);
  if (Status s = disk.rename(segment.path, path); !s) return s;
  return disk.sync_directory(directory);
}

// One after the other, each durable: a crash then never leaves a gap between segments.
Status Writer::remove_segments(const std::vector<uint64_t>& first_indexes) {
  for (const uint64_t first_index : first_indexes) {
    Status removed = remove_file(disk_, directory_, segment_name(first_index));
    if (!removed) return removed;
    if (Status status = disk_.sync_directory(directory_); !status) return status;
  }
  return {};
}

std::string Writer::path_of(uint64_t first_index) const {
  return directory_ + "/" + segment_name(first_index);
}

}  // namespace tandem::storage
