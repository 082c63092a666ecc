#include "routes.h"

#include <utility>

namespace {

using tandem::http::Method;
using tandem::http::Request;
using tandem::http::Responder;

struct Row {
  Method method;
  const char* pattern;
  void (RideHandlers::*handler)(const Request&, Responder);
};

constexpr Row kRows[] = {
    {Method::kPost, "/api/v1/rides", &RideHandlers::create},
    {Method::kGet, "/api/v1/rides", &RideHandlers::search},
    {Method::kGet, "/api/v1/rides/count", &RideHandlers::count},
    {Method::kGet, "/api/v1/rides/{rideId}", &RideHandlers::show},
    {Method::kPost, "/api/v1/rides/{rideId}", &RideHandlers::join},
    {Method::kDelete, "/api/v1/rides/{rideId}", &RideHandlers::remove},
};

}  // namespace

void add_ride_routes(tandem::http::Router& router, RideHandlers& handlers) {
  for (const Row& row : kRows) {
    router.add(row.method, row.pattern,
               [&handlers, handler = row.handler](const Request& request, Responder responder) {
                 (handlers.*handler)(request, std::move(responder));
               });
  }
}
