// Puts results that come in any order back into the order of the questions. Pure. Holds as many as
// lie between the oldest question without a result and the newest one; its owner bounds that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>

#include "base/check.h"

namespace tandem::client {

template <typename T>
class OrderedResults {
 public:
  // A new question; gives its ticket.
  uint64_t open() {
    slots_.emplace_back();
    return first_ + slots_.size() - 1;
  }

  void put(uint64_t ticket, T result) {
    CHECK(ticket >= first_ && ticket - first_ < slots_.size());
    std::optional<T>& slot = slots_[ticket - first_];
    CHECK(!slot);
    slot = std::move(result);
  }

  // The oldest result, or nothing where the oldest question has none yet.
  std::optional<T> take() {
    if (slots_.empty() || !slots_.front()) return std::nullopt;
    std::optional<T> result = std::move(slots_.front());
    slots_.pop_front();
    ++first_;
    return result;
  }

  // Questions whose results were not taken.
  size_t size() const { return slots_.size(); }

 private:
  std::deque<std::optional<T>> slots_;
  uint64_t first_ = 0;
};

}  // namespace tandem::client
