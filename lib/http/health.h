// The paths that every service has beside its own:
//
//   GET /livez, /healthz   200 {"status":"ok"}: the process is alive
//   GET /readyz            200 {"status":"ok"}, or 503 with the reason in the error object
//   GET /readyz?verbose    the same with "dependencies":{"database":"ok"}: ok, or what is wrong
//                          Ready, and something is wrong all the same: "warning":"…" besides
//   GET /metrics           Prometheus text format 0.0.4
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "http/router.h"

namespace tandem::http {

// Tells readiness, once, now or later: an Error's message is the reason why not.
using ReadyAnswer = UniqueFunction<void(Status)>;

using MetricsAnswer = UniqueFunction<void(std::string_view text)>;

// Something that requests need.
struct Dependency {
  std::string name;
  // Does a real round trip, bounded by a deadline of its own.
  UniqueFunction<void(ReadyAnswer)> check;
};

struct HealthSource {
  // Whether the process itself takes requests; empty: it does.
  UniqueFunction<Status()> check_self;
  // Ready means all of them; the first that is not is the reason.
  std::vector<Dependency> dependencies;
  // What is wrong though requests are served, for people; empty: nothing.
  UniqueFunction<std::string()> warn;
  // Gives the metrics' text, once, now or later.
  UniqueFunction<void(MetricsAnswer)> write_metrics;
};

// What GET /readyz says, to who asks in this process. `source` outlives the answer.
void check_ready(HealthSource& source, ReadyAnswer answer);

// `source` outlives the router, and is complete when the first request comes.
void add_health_routes(Router& router, HealthSource& source);

// True for the patterns above: they are not counted as requests.
bool is_health_pattern(std::string_view pattern);

}  // namespace tandem::http
