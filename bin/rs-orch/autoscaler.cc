#include "autoscaler.h"

#include <algorithm>

namespace tandem::orch {

std::optional<Autoscaler::Decision> Autoscaler::tick(int64_t now_ms) {
  if (!window_end_ms_ || now_ms < *window_end_ms_) return std::nullopt;
  const uint64_t needed = (reads_ + rule_.reads_per_slave - 1) / rule_.reads_per_slave;
  Decision decision;
  decision.reads = reads_;
  decision.slaves =
      static_cast<uint32_t>(std::clamp<uint64_t>(needed, rule_.min_slaves, rule_.max_slaves));
  reads_ = 0;
  window_end_ms_ = now_ms + rule_.window_ms;
  return decision;
}

}  // namespace tandem::orch
