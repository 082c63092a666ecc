#include "loop/alarm.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace tandem::loop {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;

}  // namespace

Alarm::Alarm(Loop& loop, UniqueFunction<void()> callback)
    : loop_(loop), callback_(std::move(callback)), timer_(loop, [this] {
        time_.clear();
        callback_();
      }) {}

void Alarm::ring_by_ms(uint64_t loop_ms) {
  const auto at_ms = static_cast<int64_t>(std::min<uint64_t>(loop_ms, INT64_MAX));
  ring_by(at_ms, at_ms - static_cast<int64_t>(loop_.now_ms()));
}

void Alarm::ring_by_ns(int64_t boot_ns) {
  // Rounded up: what is due then is not due a moment earlier.
  ring_by(boot_ns, (boot_ns - system_clock().boot_ns() + kNsPerMs - 1) / kNsPerMs);
}

// No less than a millisecond: what is not done in time must not keep the loop from everything else.
void Alarm::ring_by(int64_t at, int64_t delay_ms) {
  if (time_.bring_forward(at)) timer_.start(static_cast<uint64_t>(std::max<int64_t>(delay_ms, 1)));
}

void Alarm::stop() {
  time_.clear();
  timer_.stop();
}

}  // namespace tandem::loop
