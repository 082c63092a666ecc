// The paths that every service has beside its own:
//
//   GET /livez, /healthz   200 {"status":"ok"}: the process is alive
//   GET /readyz            200 {"status":"ok"}, or 503 with the reason in the error object
//   GET /metrics           Prometheus text format 0.0.4
#pragma once

#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "http/router.h"

namespace tandem::http {

// Tells readiness, once, now or later: an Error's message is the reason why not.
using ReadyAnswer = UniqueFunction<void(Status)>;

using MetricsAnswer = UniqueFunction<void(std::string_view text)>;

struct HealthSource {
  // Does a real round trip, bounded by a deadline of its own. Without one the service is ready.
  UniqueFunction<void(ReadyAnswer)> check_ready;
  // Gives the metrics' text, once, now or later.
  UniqueFunction<void(MetricsAnswer)> write_metrics;
};

// `source` outlives the router.
void add_health_routes(Router& router, HealthSource& source);

// True for the patterns above: they are not counted as requests.
bool is_health_pattern(std::string_view pattern);

}  // namespace tandem::http
