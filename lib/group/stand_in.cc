#include "group/stand_in.h"

#include <algorithm>

namespace tandem::group {

namespace {

constexpr int64_t kLongestPauseNs = 60'000'000'000;
constexpr int64_t kLongLedNs = 60'000'000'000;

}  // namespace

bool StandIn::look(bool led, int64_t now_ns) {
  if (after_ns_ == 0) return false;
  if (since_ns_ == 0 || led != led_) since_ns_ = now_ns;
  led_ = led;
  const int64_t for_ns = now_ns - since_ns_;
  if (led) {
    stands_in_ = false;
    if (for_ns >= kLongLedNs) wait_ns_ = after_ns_;
  } else if (!stands_in_ && for_ns >= wait_ns_) {
    stands_in_ = true;
    wait_ns_ = std::min(2 * wait_ns_, kLongestPauseNs);
  }
  return stands_in_;
}

}  // namespace tandem::group
