// How many reads and writes this process has answered since it started, and how long they took: for
// the status page and the samples, which tell rates and percentiles from the difference of two.
// Pure.
#pragma once

#include <cstdint>

#include "base/durations.h"
#include "wire/json.h"

namespace tandem::group {

class CallStats {
 public:
  enum class Kind { kRead, kWrite };
  void ended(Kind kind, int status, int64_t us);

  // {"reads":{"answered":N,"failed":N,"us":[…]},"writes":{…}}: failed are those without an outcome
  // to rely on, 5xx; "us" has the buckets of base/durations.h.
  wire::Json json() const;

 private:
  struct Calls {
    int64_t answered = 0;
    int64_t failed = 0;
    Durations took;
  };
  static wire::Json json_of(const Calls& calls);

  Calls reads_;
  Calls writes_;
};

}  // namespace tandem::group
