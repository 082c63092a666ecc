// What a request costs, counted while it is carried out, against what it may cost.
//
// The unit is a row looked at. One that is compared in many ways or with long texts counts more
// (Where::weight), so that a unit is never much more than a microsecond.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

namespace tandem::db {

class Meter {
 public:
  // `stopped` is asked now and then: whether nobody waits for the answer any more.
  explicit Meter(uint64_t allowed = UINT64_MAX, std::function<bool()> stopped = {})
      : allowed_(allowed), stopped_(std::move(stopped)) {}

  // False where the work is to be given up: what it has found is void then.
  bool spend(uint64_t cost) {
    used_ += cost;
    if (used_ > allowed_) over_ = true;
    if (stopped_ && used_ >= next_look_) look();
    return !ended();
  }
  // It cost more than it may.
  bool over() const { return over_; }
  // Over, or stopped.
  bool ended() const { return over_ || was_stopped_; }
  uint64_t used() const { return used_; }
  uint64_t allowed() const { return allowed_; }

 private:
  static constexpr uint64_t kLookEvery = 4096;

  void look() {
    next_look_ = used_ + kLookEvery;
    was_stopped_ = was_stopped_ || stopped_();
  }

  uint64_t allowed_;
  std::function<bool()> stopped_;
  uint64_t used_ = 0;
  uint64_t next_look_ = kLookEvery;
  bool over_ = false;
  bool was_stopped_ = false;
};

}  // namespace tandem::db
