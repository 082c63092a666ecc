// How many reads and writes this process has answered since it started, and how long they took: for
// the status page and the samples, which tell rates and percentiles from the difference of two.
// Pure.
//
// Durations are counted in buckets, four to each power of two, as HDR histograms have them: the
// first four are 0, 1, 2 and 3 µs; bucket i from 4 on begins at (4 + i % 4) * 2^(i / 4 - 1) µs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "wire/json.h"

namespace tandem::orch {

// Of a duration in µs; what is too long is in the last one.
size_t duration_bucket(int64_t us);

class CallStats {
 public:
  enum class Kind { kRead, kWrite };
  void ended(Kind kind, int status, int64_t us);

  // {"reads":{"answered":N,"failed":N,"us":[…]},"writes":{…}}: failed are those without an outcome
  // to rely on, 5xx; "us" has the buckets of all, without the empty ones at the end.
  wire::Json json() const;

 private:
  static constexpr size_t kBuckets = 104;  // up to 2^27 µs, two minutes
  friend size_t duration_bucket(int64_t us);
  struct Calls {
    int64_t answered = 0;
    int64_t failed = 0;
    std::array<int64_t, kBuckets> us{};
  };
  static wire::Json json_of(const Calls& calls);

  Calls reads_;
  Calls writes_;
};

}  // namespace tandem::orch
