// Makes the idempotency keys of requests that come without one, for the log of one group. Whoever
// answers writes tells it the indexes of their answers. A key that tells of such an index
// (base/ids.h) takes memory for minutes, not a day; but where it would tell of one from long ago,
// the group could not know any more whether it was carried out, and would refuse it: a maker that
// has heard nothing lately, by a clock that nobody sets, makes one that tells nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "base/ids.h"

namespace tandem::wire {

class KeyMaker {
 public:
  static constexpr int64_t kFreshNs = 60'000'000'000;

  // `random` gives a number that nobody else has, each time.
  explicit KeyMaker(std::function<uint64_t()> random = random_id) : random_(std::move(random)) {}

  // The index of an answer to a write, at its leader; 0: it told none. `now_ns`: of the boot clock.
  void heard(uint64_t index, int64_t now_ns) {
    if (index == 0 || index < index_) return;
    index_ = index;
    heard_ns_ = now_ns;
  }
  std::string make(int64_t now_ns) const {
    const bool fresh = index_ > 0 && now_ns - heard_ns_ <= kFreshNs;
    return fresh ? made_key(index_, random_()) : random_key(random_());
  }

 private:
  const std::function<uint64_t()> random_;
  uint64_t index_ = 0;
  int64_t heard_ns_ = 0;
};

}  // namespace tandem::wire
