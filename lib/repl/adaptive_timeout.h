// How long to wait for somebody's words before their absence means something. On an overloaded
// machine everything is late, and lateness is no death: the limit is three times the longest wait
// of the last seconds, between the limit that is set and four times that. (Failure detectors that
// learn from the times between arrivals: Chen, Toueg and Aguilera, 2002; Hayashibara et al., 2004.
// The maximum stands for the distribution.) Where somebody is known to be dead or stopped nobody
// waits for this limit.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tandem::repl {

class AdaptiveTimeout {
 public:
  // What was waited for came, after so long.
  void waited(int64_t wait_ns, int64_t now) {
    if (now - window_since_ns_ >= kWindowNs) {
      const bool recent = now - window_since_ns_ < 2 * kWindowNs;
      before_ns_ = recent ? longest_ns_ : 0;
      longest_ns_ = 0;
      window_since_ns_ = now;
    }
    longest_ns_ = std::max(longest_ns_, wait_ns);
  }

  // The limit, where `set_ns` is the one that is set.
  int64_t ns(int64_t set_ns) const {
    return std::clamp(3 * std::max(longest_ns_, before_ns_), set_ns, 4 * set_ns);
  }

 private:
  static constexpr int64_t kWindowNs = 5'000'000'000;

  int64_t window_since_ns_ = 0;
  int64_t longest_ns_ = 0;  // in this window
  int64_t before_ns_ = 0;   // in the one before it
};

}  // namespace tandem::repl
