// The metrics of an HTTP server, fed by its observer hook:
//
//   tandem_http_requests_total{route,method,status}     status as a class: "2xx"
//   tandem_http_request_duration_seconds{route}         until the answer was made
//   tandem_http_response_bytes_total{route}
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

#include "daemon/metrics.h"
#include "http/observer.h"

namespace tandem::daemon {

class HttpMetrics final : public http::Observer {
 public:
  // `metrics` outlives this.
  explicit HttpMetrics(Metrics& metrics);

  // An observer that is told after this one has counted, health requests included; or nullptr. It
  // outlives this.
  void pass_on_to(http::Observer* next) { next_ = next; }

  void on_finished(const http::Finished& finished) override;

 private:
  static constexpr size_t kStatusClasses = 6;  // other, 1xx … 5xx

  struct RouteMetrics {
    Histogram duration;
    Counter bytes;
    std::array<std::optional<Counter>, http::kMethodCount * kStatusClasses> requests;
  };
  RouteMetrics& of(std::string_view pattern);

  Metrics& metrics_;
  http::Observer* next_ = nullptr;
  std::map<std::string, RouteMetrics, std::less<>> routes_;
};

}  // namespace tandem::daemon
