#include "group/call_stats.h"

#include <utility>

namespace tandem::group {
namespace {

constexpr int kServerError = 500;

}  // namespace

void CallStats::ended(Kind kind, int status, int64_t us) {
  Calls& calls = kind == Kind::kRead ? reads_ : writes_;
  ++(status >= kServerError ? calls.failed : calls.answered);
  calls.took.add(us);
}

wire::Json CallStats::json_of(const Calls& calls) {
  const auto counts = calls.took.counts();
  wire::Json json;
  json.set("answered", calls.answered).set("failed", calls.failed);
  json.set("us", wire::Json(wire::Json::Array(counts.begin(), counts.end())));
  return json;
}

wire::Json CallStats::json() const {
  wire::Json json;
  json.set("reads", json_of(reads_));
  json.set("writes", json_of(writes_));
  return json;
}

}  // namespace tandem::group
