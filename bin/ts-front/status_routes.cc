#include "status_routes.h"

#include <utility>

#include "http/route_table.h"

namespace tandem::front {

void StatusRoutes::add_routes(http::Router& router) {
  using http::Method;
  static constexpr http::RouteRow<StatusRoutes> kRows[] = {
      {Method::kGet, "/status", &StatusRoutes::status},
      {Method::kGet, "/events", &StatusRoutes::events, {{}, "samples"}},
      {Method::kGet, "/events/history", &StatusRoutes::history, {{}, "since limit"}},
  };
  http::add_routes(router, *this, kRows);
}

void StatusRoutes::status(const http::Request&, http::Responder responder) {
  report_status(reported_, [responder = std::move(responder)](const wire::Json& json) mutable {
    responder.json(200, json.dump());
  });
}

void StatusRoutes::events(const http::Request& request, http::Responder responder) {
  events_.stream(request, std::move(responder));
}

void StatusRoutes::history(const http::Request& request, http::Responder responder) {
  events_.list(request, std::move(responder));
}

}  // namespace tandem::front
