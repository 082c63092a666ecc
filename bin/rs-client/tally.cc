#include "tally.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace tandem::client {

using wire::Json;

void Latencies::add(const Latencies& others) {
  ns_.insert(ns_.end(), others.ns_.begin(), others.ns_.end());
}

Json Latencies::mean_ms() const {
  if (ns_.empty()) return {};
  const int64_t sum = std::accumulate(ns_.begin(), ns_.end(), int64_t{0});
  return ms_of(sum / static_cast<int64_t>(ns_.size()));
}

Json Latencies::quantile_ms(double quantile) const {
  if (ns_.empty()) return {};
  const auto rank = static_cast<size_t>(std::ceil(quantile * static_cast<double>(ns_.size())));
  const size_t at = std::clamp<size_t>(rank, 1, ns_.size()) - 1;
  std::vector<int64_t> ns = ns_;
  std::nth_element(ns.begin(), ns.begin() + static_cast<ptrdiff_t>(at), ns.end());
  return ms_of(ns[at]);
}

void Gap::answered(int64_t now_ns) {
  if (last_ns_ >= 0) longest_ns_ = std::max(longest_ns_, now_ns - last_ns_);
  last_ns_ = now_ns;
}

void Gap::add(const Gap& other) {
  longest_ns_ = std::max(longest_ns_, other.longest_ns_);
  last_ns_ = -1;
}

Json Gap::longest_ms() const { return longest_ns_ < 0 ? Json() : ms_of(longest_ns_); }

void Tally::add(const Tally& other) {
  latencies.add(other.latencies);
  errors += other.errors;
  out_of_stock += other.out_of_stock;
  mismatches += other.mismatches;
  retries += other.retries;
}

Json to_row(std::string_view kind, const Tally& tally) {
  Json row;
  row.set("kind", kind);
  row.set("count", tally.latencies.count());
  row.set("mean_ms", tally.latencies.mean_ms());
  row.set("p50_ms", tally.latencies.quantile_ms(0.5));
  row.set("p99_ms", tally.latencies.quantile_ms(0.99));
  row.set("errors", tally.errors);
  row.set("out_of_stock", tally.out_of_stock);
  row.set("mismatches", tally.mismatches);
  row.set("retries", tally.retries);
  row.set("longest_gap_ms", tally.gap.longest_ms());
  return row;
}

Json ms_of(int64_t ns) { return std::round(static_cast<double>(ns) / 1000) / 1000; }

}  // namespace tandem::client
