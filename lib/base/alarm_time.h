// When one alarm rings that several deadlines share. It only ever moves to an earlier time: what is
// called then looks at everything that is due and asks anew. Deadlines mostly move on with each
// message, and an alarm that rings too early now and then costs less than setting it each time.
// Pure; times are in whatever unit and of whatever clock its owner has.
#pragma once

#include <cstdint>
#include <optional>

namespace tandem {

class AlarmTime {
 public:
  // Whether the alarm is to be set for `at` now: not where it rings by then anyhow.
  bool bring_forward(int64_t at) {
    if (at_ && *at_ <= at) return false;
    at_ = at;
    return true;
  }
  // It has rung, or was stopped.
  void clear() { at_.reset(); }

 private:
  std::optional<int64_t> at_;
};

}  // namespace tandem
