#include "storage/promise_file.h"

#include <algorithm>

#include "storage/log_format.h"

namespace tandem::storage {
namespace {

std::string promise_path(const std::string& directory) {
  return directory + "/" + std::string(kPromiseName);
}

}  // namespace

Result<PromiseSlots> read_promise_file(Disk& disk, const std::string& directory) {
  const Result<std::string> content = read_file(disk, promise_path(directory));
  if (!content) return fail(content.error());
  PromiseSlots slots;
  for (uint64_t slot = 0; slot < 2; ++slot) {
    if (content->size() < (slot + 1) * kSlotBytes) break;
    uint64_t sequence = 0;
    PromiseState state;
    if (!decode_slot(std::string_view(*content).substr(slot * kSlotBytes, kSlotBytes), sequence,
                     state)) {
      continue;
    }
    slots.promise = std::max(slots.promise, state.promise);
    if (sequence > slots.sequence) {
      slots.sequence = sequence;
      slots.state = state;
    }
  }
  return slots;
}

Status PromiseFile::create(Disk& disk, const std::string& directory, const PromiseState& state) {
  // The slot of an even sequence number is the first one.
  return replace_file(disk, directory, std::string(kPromiseName),
                      encode_slot(2, state) + encode_slot(1, state));
}

Result<std::unique_ptr<PromiseFile>> PromiseFile::open(Disk& disk, const std::string& directory,
                                                       uint64_t sequence) {
  auto file = disk.open(promise_path(directory), OpenMode::kReadWrite);
  if (!file) return fail(file.error());
  // NOLINTNEXTLINE: the constructor is private
  return std::unique_ptr<PromiseFile>(new PromiseFile(std::move(*file), sequence));
}

Status PromiseFile::write(const PromiseState& state) {
  ++sequence_;
  const uint64_t offset = (sequence_ % 2) * kSlotBytes;
  if (Status written = file_->write_at(offset, encode_slot(sequence_, state)); !written) {
    return written;
  }
  // A full sync: the slot may lie in a file that was damaged, thus shorter than it should be.
  return file_->sync();
}

Status PromiseFile::write_both(const PromiseState& state) {
  if (Status written = write(state); !written) return written;
  return write(state);
}

}  // namespace tandem::storage
