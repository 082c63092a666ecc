// The calls of a client that have no outcome yet, found by id in O(1), with their deadlines in a
// wheel of 5 ms ticks: adding, answering and expiring cost the same whatever the number of calls.
// No I/O and no clock: milliseconds come as arguments, never going back.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"

namespace tandem::rpc {

constexpr uint64_t kTickMs = 5;

class PendingCalls {
 public:
  using Completion = UniqueFunction<void(Result<std::string_view>)>;

  // A call taken out of the table: whoever takes it owes it an outcome.
  struct Call {
    Completion done;
    uint64_t batch = 0;   // the message it is in (Channel::last_batch), 0 while it waits for one
    std::string payload;  // only while it waits
  };

  explicit PendingCalls(uint64_t now_ms);

  // Ids are not 0, have their top bit unset, and come again only after 2^31 uses of one place.
  uint64_t add(Call call, uint64_t now_ms, uint64_t timeout_ms);
  Call* find(uint64_t id);  // nullptr where it has its outcome
  std::optional<Call> take(uint64_t id);
  // When expire() is to be called next, at the latest: nothing is due before. UINT64_MAX: there is
  // no call.
  uint64_t next_expiry_ms() const;
  // Takes out what is due.
  std::vector<Call> expire(uint64_t now_ms);
  // Takes out every call that is in a message, or every call.
  std::vector<Call> take_batched();
  std::vector<Call> take_all();
  size_t size() const { return size_; }

 private:
  static constexpr uint32_t kNone = 0xffffffff;
  static constexpr size_t kBuckets = 256;

  struct Slot {
    Call call;
    uint64_t due_tick = 0;
    uint32_t generation = 0;
    uint32_t next = kNone;  // in its bucket, or in the free list
    uint32_t previous = kNone;
    bool used = false;
  };

  Call release(uint32_t index);
  Slot* slot_of(uint64_t id);
  template <typename Predicate>
  std::vector<Call> take_if(Predicate predicate);

  std::vector<Slot> slots_;
  uint32_t free_ = kNone;
  std::array<uint32_t, kBuckets> buckets_{};
  uint64_t tick_;  // the last one that was expired
  size_t size_ = 0;
};

}  // namespace tandem::rpc
