// How many slaves there are to be, by the number of reads: from the first read on, reads are
// counted for a window; at its end up to reads_per_slave reads mean one slave, up to twice as many
// two, and so on, within bounds; then the count starts again. Pure: time comes with each call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace tandem::orch {

struct ScalingRule {
  int64_t window_ms = 120000;
  uint32_t reads_per_slave = 20;
  uint32_t min_slaves = 1;
  uint32_t max_slaves = 8;
};

class Autoscaler {
 public:
  explicit Autoscaler(ScalingRule rule) : rule_(rule) {}
  void set_rule(ScalingRule rule) { rule_ = rule; }
  const ScalingRule& rule() const { return rule_; }

  void count_read(int64_t now_ms) {
    if (!window_end_ms_) window_end_ms_ = now_ms + rule_.window_ms;
    ++reads_;
  }

  struct Decision {
    uint64_t reads = 0;
    uint32_t slaves = 0;
  };
  // A decision where a window has ended.
  std::optional<Decision> tick(int64_t now_ms);
  uint64_t reads() const { return reads_; }
  // Of the present window; nullopt: the next read begins one.
  std::optional<int64_t> left_ms(int64_t now_ms) const {
    if (!window_end_ms_) return std::nullopt;
    return std::max<int64_t>(0, *window_end_ms_ - now_ms);
  }

 private:
  ScalingRule rule_;
  uint64_t reads_ = 0;
  std::optional<int64_t> window_end_ms_;  // unset: no read yet
};

}  // namespace tandem::orch
