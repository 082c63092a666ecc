#include "loop/turns.h"

#include <algorithm>

namespace tandem::loop {
namespace {

constexpr int64_t kMinuteNs = 60'000'000'000;

int64_t now() { return static_cast<int64_t>(uv_hrtime()); }

}  // namespace

Turns::Turns(Loop& loop)
    : loop_(loop),
      last_ns_(now()),
      last_idle_ns_(uv_metrics_idle_time(loop.raw())),
      minute_ns_(last_ns_),
      prepare_(loop, [this] { end(); }) {}

int64_t Turns::longest_ns() {
  forget_the_old(now());
  return std::max(longest_ns_, longest_before_ns_);
}

void Turns::end() {
  const int64_t now_ns = now();
  const uint64_t idle_ns = uv_metrics_idle_time(loop_.raw());
  forget_the_old(now_ns);
  longest_ns_ =
      std::max(longest_ns_, now_ns - last_ns_ - static_cast<int64_t>(idle_ns - last_idle_ns_));
  last_ns_ = now_ns;
  last_idle_ns_ = idle_ns;
}

void Turns::forget_the_old(int64_t now_ns) {
  if (now_ns - minute_ns_ < kMinuteNs) return;
  longest_before_ns_ = now_ns - minute_ns_ < 2 * kMinuteNs ? longest_ns_ : 0;
  longest_ns_ = 0;
  minute_ns_ = now_ns;
}

}  // namespace tandem::loop
