// Calls one after the other: each begins when the one before it has ended.
#pragma once

#include <deque>
#include <utility>

#include "base/function.h"
#include "base/self.h"

namespace tandem::consul {

class Lane {
 public:
  using Next = UniqueFunction<void()>;
  // To be begun with what is to be called when it has ended.
  using Work = UniqueFunction<void(Next)>;

  Lane() : self_(*this) {}

  void run(Work work) {
    waiting_.push_back(std::move(work));
    if (!std::exchange(busy_, true)) begin();
  }

 private:
  void begin() {
    if (waiting_.empty()) {
      busy_ = false;
      return;
    }
    Work work = std::move(waiting_.front());
    waiting_.pop_front();
    work([self = self_.ref()] {
      if (self) self->begin();
    });
  }

  std::deque<Work> waiting_;
  bool busy_ = false;
  Self<Lane> self_;  // last: goes first
};

}  // namespace tandem::consul
