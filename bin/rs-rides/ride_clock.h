// The time after which rides are upcoming: now, or, so that collections of old requests can be
// replayed, before all rides (time.allow_past).
#pragma once

#include <cstdint>
#include <limits>

#include "base/clock.h"

namespace tandem::rs_rides {

class RideClock {
 public:
  // `clock` outlives this.
  RideClock(const Clock& clock, bool allow_past) : clock_(clock), allow_past_(allow_past) {}

  int64_t now_ms() const {
    return allow_past_ ? std::numeric_limits<int64_t>::min() : clock_.wall_ms();
  }

 private:
  const Clock& clock_;
  const bool allow_past_;
};

}  // namespace tandem::rs_rides
