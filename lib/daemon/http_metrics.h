// The metrics of an HTTP server, fed by its observer hook:
//
//   tandem_http_requests_total{route,method,status}     status as a class: "2xx"
//   tandem_http_request_duration_seconds{route}         until the answer was made
//   tandem_http_response_bytes_total{route}
//   tandem_http_connections                            open now
//   tandem_http_buffered_bytes                         see http.max_buffered
//   tandem_http_refused_total{reason}                  "buffers", "connections"
//
// The route is the pattern, "" for paths without one, so a client cannot make up labels. Health
// and metrics requests are not counted.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/metrics.h"
#include "http/observer.h"
#include "http/server.h"

namespace tandem::daemon {

class HttpMetrics final : public http::Observer {
 public:
  // `metrics` outlives this. Serves one router: a route is known by its index there.
  explicit HttpMetrics(Metrics& metrics);

  // An observer that is told after this one has counted, health requests included; or nullptr. It
  // outlives this.
  void pass_on_to(http::Observer* next) { next_ = next; }

  void on_finished(const http::Finished& finished) override;
  // Before the text is written. nullptr: it does not listen yet.
  void update(const http::Server* server);

 private:
  static constexpr size_t kStatusClasses = 6;  // other, 1xx … 5xx

  struct RouteMetrics {
    Histogram duration;
    Counter bytes;
    std::array<std::optional<Counter>, http::kMethodCount * kStatusClasses> requests;
  };
  // nullptr for health routes. A route is looked up by name once and by its index from then on.
  RouteMetrics* of(const http::Finished& finished);
  RouteMetrics* of_pattern(std::string_view pattern);

  Metrics& metrics_;
  Gauge connections_;
  Gauge buffered_bytes_;
  Counter refused_for_buffers_;
  Counter refused_for_connections_;
  http::Observer* next_ = nullptr;
  std::map<std::string, RouteMetrics, std::less<>> patterns_;
  struct KnownRoute {
    bool looked_up = false;
    RouteMetrics* metrics = nullptr;
  };
  std::vector<KnownRoute> routes_;  // by http::Route::index
};

}  // namespace tandem::daemon
