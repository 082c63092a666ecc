#include "daemon/http_metrics.h"

#include "http/health.h"

namespace tandem::daemon {
namespace {

constexpr const char* kClassNames[] = {"other", "1xx", "2xx", "3xx", "4xx", "5xx"};

constexpr size_t kServerErrors = 5;  // of kClassNames

constexpr const char* kRefused = "tandem_http_refused_total";
constexpr const char* kRefusedHelp = "Requests and connections for which there was no room.";

void raise_to(Counter& counter, uint64_t value) {
  counter.add(static_cast<double>(value) - counter.value());
}

size_t status_class(int status) {
  return status >= 100 && status < 600 ? static_cast<size_t>(status / 100) : 0;
}

}  // namespace

HttpMetrics::HttpMetrics(Metrics& metrics)
    : metrics_(metrics),
      connections_(metrics.gauge("tandem_http_connections", "Open connections of clients.")),
      buffered_bytes_(metrics.gauge("tandem_http_buffered_bytes",
                                    "Bytes held of requests being read and answers being sent.")),
      refused_for_buffers_(metrics.counter(kRefused, kRefusedHelp, {{"reason", "buffers"}})),
      refused_for_connections_(
          metrics.counter(kRefused, kRefusedHelp, {{"reason", "connections"}})) {}

void HttpMetrics::update(const http::Server* server) {
  if (server == nullptr) return;
  connections_.set(static_cast<double>(server->connection_count()));
  buffered_bytes_.set(static_cast<double>(server->buffers().used()));
  raise_to(refused_for_buffers_, server->buffers().refused());
  raise_to(refused_for_connections_, server->turned_away());
}

void HttpMetrics::on_finished(const http::Finished& finished) {
  if (RouteMetrics* route = of(finished); route != nullptr) {
    const size_t status = status_class(finished.status);
    const auto method = static_cast<size_t>(finished.method);
    std::optional<Counter>& requests = route->requests[method * kStatusClasses + status];
    if (!requests) {
      const auto make = [&](size_t of) {
        return metrics_.counter("tandem_http_requests_total", "HTTP requests answered.",
                                {{"route", std::string(finished.pattern)},
                                 {"method", std::string(http::method_name(finished.method))},
                                 {"status", kClassNames[of]}});
      };
      requests = make(status);
      // Prometheus sees no rise of what begins with its first event.
      make(kServerErrors);
    }
    requests->add();
    route->duration.observe(static_cast<double>(finished.duration_ns) / 1e9);
    route->bytes.add(static_cast<double>(finished.bytes));
  }
  if (next_ != nullptr) next_->on_finished(finished);
}

HttpMetrics::RouteMetrics* HttpMetrics::of(const http::Finished& finished) {
  if (finished.route == nullptr) return of_pattern(finished.pattern);
  const size_t index = finished.route->index;
  if (index >= routes_.size()) routes_.resize(index + 1);
  KnownRoute& known = routes_[index];
  if (!known.looked_up) known = {true, of_pattern(finished.pattern)};
  return known.metrics;
}

HttpMetrics::RouteMetrics* HttpMetrics::of_pattern(std::string_view pattern) {
  if (http::is_health_pattern(pattern)) return nullptr;
  const auto found = patterns_.find(pattern);
  if (found != patterns_.end()) return &found->second;
  const std::string route(pattern);
  return &patterns_
              .emplace(route,
                       RouteMetrics{metrics_.histogram("tandem_http_request_duration_seconds",
                                                       "From a request's last byte to its answer.",
                                                       duration_buckets(), {{"route", route}}),
                                    metrics_.counter("tandem_http_response_bytes_total",
                                                     "Bytes of answers, heads included.",
                                                     {{"route", route}}),
                                    {}})
              .first->second;
}

}  // namespace tandem::daemon
