#include "replica/incoming.h"

#include <string>
#include <utility>

#include "replica/snapshots.h"

namespace tandem::replica {

void Incoming::read(const std::function<bool()>& stopped) {
  status_ = read_all(stopped);
  read_.store(true, std::memory_order_release);
}

Status Incoming::read_all(const std::function<bool()>& stopped) {
  auto reader = receiver_->read_back();
  if (!reader) return fail(reader.error());
  reader_ = std::move(*reader);
  const auto ends = [&] { return dropped_.load(std::memory_order_relaxed) || stopped(); };
  if (Status restored = restore_from(*reader_, *state_, ends); !restored) return restored;
  return receiver_->sync();
}

Result<std::unique_ptr<storage::SnapshotReader>> Incoming::put_in_place() {
  if (Status placed = receiver_->put_in_place(); !placed) return fail(std::move(placed.error()));
  return std::move(reader_);
}

}  // namespace tandem::replica
