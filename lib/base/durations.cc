#include "base/durations.h"

#include <algorithm>
#include <bit>

namespace tandem {

size_t Durations::bucket_of(int64_t us) {
  if (us < 4) return static_cast<size_t>(std::max<int64_t>(us, 0));
  const auto number = static_cast<uint64_t>(us);
  const auto octave = static_cast<size_t>(std::bit_width(number)) - 1;
  const size_t bucket = 4 * (octave - 1) + ((number >> (octave - 2)) & 3);
  return std::min(bucket, kBuckets - 1);
}

int64_t Durations::begin_us(size_t bucket) {
  if (bucket < 4) return static_cast<int64_t>(bucket);
  return static_cast<int64_t>(4 + bucket % 4) << (bucket / 4 - 1);
}

std::span<const int64_t> Durations::counts() const {
  const auto last =
      std::find_if(counts_.rbegin(), counts_.rend(), [](int64_t n) { return n != 0; });
  return {counts_.begin(), last.base()};
}

}  // namespace tandem
