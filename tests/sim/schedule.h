// Simulated time: what happens next, in one order that the seed decides.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/function.h"

namespace tandem::sim {

class Schedule {
 public:
  int64_t now() const { return now_; }
  void after(int64_t delay_ns, UniqueFunction<void()> work) {
    queue_.emplace(std::pair{now_ + delay_ns, ++number_}, std::move(work));
  }
  // Does what comes next. REQUIRES: something was scheduled.
  void run_one() {
    auto next = queue_.extract(queue_.begin());
    now_ = next.key().first;
    next.mapped()();
  }
  bool empty() const { return queue_.empty(); }
  // Forgets everything, so that what the work refers to may go.
  void clear() { queue_.clear(); }

 private:
  int64_t now_ = 1'000'000'000;
  uint64_t number_ = 0;  // what is due at the same time happens in the order of scheduling
  std::map<std::pair<int64_t, uint64_t>, UniqueFunction<void()>> queue_;
};

}  // namespace tandem::sim
