// How long things took, counted in buckets, four to each power of two, as HDR histograms have them:
// the first four are 0, 1, 2 and 3 µs; bucket i from 4 on begins at (4 + i % 4) * 2^(i / 4 - 1) µs.
// Rates and percentiles of a time are told from the difference of two.
//
// A value: copies are independent, one thread at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace tandem {

class Durations {
 public:
  static constexpr size_t kBuckets =
      104;  // up to 2^27 µs, two minutes; what is longer is in the last

  static size_t bucket_of(int64_t us);
  // The shortest duration in µs that is in this bucket.
  static int64_t begin_us(size_t bucket);

  void add(int64_t us) {
    ++counts_[bucket_of(us)];
    total_us_ += us < 0 ? 0 : us;
  }
  // The buckets, without the empty ones at the end.
  std::span<const int64_t> counts() const;
  int64_t total_us() const { return total_us_; }

 private:
  std::array<int64_t, kBuckets> counts_{};
  int64_t total_us_ = 0;
};

}  // namespace tandem
