// The promise file: two checksummed slots, each in a sector-aligned block of 4 KiB of its own, so
// that writing one cannot damage the other. They are written in turn; the higher sequence number is
// the newer one. Format: storage/log_format.h.
//
// A slot also holds the mark: the highest command that is known to be committed. It is written
// lazily, and proves something of the past to whoever asks later; a program that does not know of
// it writes slots without one.
//
// Besides the promised epoch a slot says which change of the log that is more than one write is
// under way (a cut, a reset), so that recovery completes it instead of taking it for damage.
//
// A change that stays is written to both slots, one after the other, each synced: a slot that rots
// later then takes nothing with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "storage/disk.h"

namespace tandem::storage {

enum class PendingChange : uint8_t { kNone = 0, kCut = 1, kReset = 2 };

struct PromiseState {
  uint64_t promise = 0;
  uint64_t synced_index = 0;  // entries up to here were durable when the slot was written
  PendingChange pending = PendingChange::kNone;
  uint64_t pending_index = 0;  // kCut: first index to erase; kReset: the new base
  uint64_t pending_epoch = 0;  // kReset: epoch of the base
  uint32_t pending_chain = 0;  // kReset: chain value of the base
  uint64_t committed_epoch = 0;
  uint64_t committed_index = 0;  // 0: no mark
  bool operator==(const PromiseState&) const = default;
};

struct PromiseSlots {
  PromiseState state;     // of the newest valid slot
  uint64_t promise = 0;   // the highest of the valid slots
  uint64_t sequence = 0;  // of the newest valid slot; 0: both are broken
};

// kNotFound: there is nothing of its name; kCorrupt: what there is is no file.
Result<PromiseSlots> read_promise_file(Disk& disk, const std::string& directory);

class PromiseFile {
 public:
  // Makes the file with `state` in both slots, durably.
  static Status create(Disk& disk, const std::string& directory, const PromiseState& state);
  // `sequence`: as read_promise_file gave it.
  static Result<std::unique_ptr<PromiseFile>> open(Disk& disk, const std::string& directory,
                                                   uint64_t sequence);
  // Writes and syncs one slot, the older one.
  Status write(const PromiseState& state);
  // write() twice: both slots hold `state`.
  Status write_both(const PromiseState& state);

 private:
  PromiseFile(std::unique_ptr<File> file, uint64_t sequence)
      : file_(std::move(file)), sequence_(sequence) {}
  std::unique_ptr<File> file_;
  uint64_t sequence_;
};

}  // namespace tandem::storage
