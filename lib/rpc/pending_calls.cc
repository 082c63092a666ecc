#include "rpc/pending_calls.h"

#include <algorithm>

namespace tandem::rpc {

PendingCalls::PendingCalls(uint64_t now_ms) : tick_(now_ms / kTickMs) { buckets_.fill(kNone); }

uint64_t PendingCalls::add(Call call, uint64_t now_ms, uint64_t timeout_ms) {
  if (free_ == kNone) {
    free_ = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
  }
  const uint32_t index = free_;
  Slot& slot = slots_[index];
  free_ = slot.next;

  slot.call = std::move(call);
  slot.used = true;
  slot.generation = (slot.generation + 1) & 0x7fffffff;
  if (slot.generation == 0) slot.generation = 1;
  // One tick later than the division says: never early. A tick that has been expired already would
  // only come round again with the wheel.
  constexpr uint64_t kLongestTimeoutMs = uint64_t{1} << 48;
  slot.due_tick = std::max((now_ms + std::min(timeout_ms, kLongestTimeoutMs)) / kTickMs, tick_) + 1;

  uint32_t& head = buckets_[slot.due_tick % kBuckets];
  slot.previous = kNone;
  slot.next = head;
  if (head != kNone) slots_[head].previous = index;
  head = index;
  ++size_;
  return uint64_t{slot.generation} << 32 | index;
}

PendingCalls::Slot* PendingCalls::slot_of(uint64_t id) {
  const auto index = static_cast<uint32_t>(id);
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.used && slot.generation == id >> 32 ? &slot : nullptr;
}

PendingCalls::Call* PendingCalls::find(uint64_t id) {
  Slot* slot = slot_of(id);
  return slot == nullptr ? nullptr : &slot->call;
}

std::optional<PendingCalls::Call> PendingCalls::take(uint64_t id) {
  if (slot_of(id) == nullptr) return std::nullopt;
  return release(static_cast<uint32_t>(id));
}

PendingCalls::Call PendingCalls::release(uint32_t index) {
  Slot& slot = slots_[index];
  if (slot.previous != kNone) {
    slots_[slot.previous].next = slot.next;
  } else {
    buckets_[slot.due_tick % kBuckets] = slot.next;
  }
  if (slot.next != kNone) slots_[slot.next].previous = slot.previous;
  slot.used = false;
  slot.next = free_;
  free_ = index;
  --size_;
  return std::exchange(slot.call, {});
}

// The next bucket with anything in it, be it of a later round of the wheel.
uint64_t PendingCalls::next_expiry_ms() const {
  if (size_ == 0) return UINT64_MAX;
  for (uint64_t tick = tick_ + 1; tick < tick_ + kBuckets; ++tick) {
    if (buckets_[tick % kBuckets] != kNone) return tick * kTickMs;
  }
  return (tick_ + kBuckets) * kTickMs;
}

std::vector<PendingCalls::Call> PendingCalls::expire(uint64_t now_ms) {
  std::vector<Call> due;
  const uint64_t now_tick = now_ms / kTickMs;
  if (now_tick <= tick_) return due;
  const uint64_t turns = std::min<uint64_t>(now_tick - tick_, kBuckets);
  for (uint64_t turn = 0; turn < turns; ++turn) {
    uint32_t index = buckets_[(now_tick - turn) % kBuckets];
    while (index != kNone) {
      const uint32_t next = slots_[index].next;
      if (slots_[index].due_tick <= now_tick) due.push_back(release(index));
      index = next;
    }
  }
  tick_ = now_tick;
  return due;
}

template <typename Predicate>
std::vector<PendingCalls::Call> PendingCalls::take_if(Predicate predicate) {
  std::vector<Call> taken;
  for (uint32_t index = 0; index < slots_.size(); ++index) {
    if (slots_[index].used && predicate(slots_[index].call)) taken.push_back(release(index));
  }
  return taken;
}

std::vector<PendingCalls::Call> PendingCalls::take_batched() {
  return take_if([](const Call& call) { return call.batch != 0; });
}

std::vector<PendingCalls::Call> PendingCalls::take_all() {
  return take_if([](const Call&) { return true; });
}

}  // namespace tandem::rpc
