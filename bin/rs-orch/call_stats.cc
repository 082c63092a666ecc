#include "call_stats.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace tandem::orch {
namespace {

constexpr int64_t kSmall = 4;  // below, a bucket is one µs
constexpr int kServerError = 500;

}  // namespace

size_t duration_bucket(int64_t us) {
  if (us < kSmall) return static_cast<size_t>(std::max<int64_t>(us, 0));
  const auto number = static_cast<uint64_t>(us);
  const auto octave = static_cast<size_t>(std::bit_width(number)) - 1;
  const size_t bucket = 4 * (octave - 1) + ((number >> (octave - 2)) & 3);
  return std::min(bucket, CallStats::kBuckets - 1);
}

void CallStats::ended(Kind kind, int status, int64_t us) {
  Calls& calls = kind == Kind::kRead ? reads_ : writes_;
  ++(status >= kServerError ? calls.failed : calls.answered);
  ++calls.us[duration_bucket(us)];
}

wire::Json CallStats::json_of(const Calls& calls) {
  const auto last =
      std::find_if(calls.us.rbegin(), calls.us.rend(), [](int64_t n) { return n != 0; });
  wire::Json::Array us(calls.us.begin(), last.base());
  wire::Json json;
  json.set("answered", calls.answered).set("failed", calls.failed);
  json.set("us", wire::Json(std::move(us)));
  return json;
}

wire::Json CallStats::json() const {
  wire::Json json;
  json.set("reads", json_of(reads_));
  json.set("writes", json_of(writes_));
  return json;
}

}  // namespace tandem::orch
