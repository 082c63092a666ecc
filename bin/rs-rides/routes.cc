#include "routes.h"

#include "http/route_table.h"

namespace {

using tandem::http::Method;

constexpr tandem::http::RouteRow<RideHandlers> kRows[] = {
    {Method::kPost, "/api/v1/rides", &RideHandlers::create},
    {Method::kGet, "/api/v1/rides", &RideHandlers::search},
    {Method::kGet, "/api/v1/rides/count", &RideHandlers::count},
    {Method::kGet, "/api/v1/rides/{rideId}", &RideHandlers::show},
    {Method::kPost, "/api/v1/rides/{rideId}", &RideHandlers::join},
    {Method::kDelete, "/api/v1/rides/{rideId}", &RideHandlers::remove},
};

}  // namespace

void add_ride_routes(tandem::http::Router& router, RideHandlers& handlers) {
  tandem::http::add_routes(router, handlers, kRows);
}
