#include "routes.h"

#include "http/route_table.h"

namespace tandem::rs_rides {
namespace {

using http::Method;

constexpr http::RouteRow<RideHandlers> kRows[] = {
    {Method::kPost,
     "/api/v1/rides",
     &RideHandlers::create,
     {"created_by timestamp source destination"}},
    {Method::kGet, "/api/v1/rides", &RideHandlers::search, {{}, "source destination consistency"}},
    {Method::kGet, "/api/v1/areas", &RideHandlers::areas, {{}, ""}},
    {Method::kGet, "/api/v1/rides/count", &RideHandlers::count, {{}, "consistency"}},
    {Method::kGet, "/api/v1/rides/{rideId}", &RideHandlers::show, {{}, "consistency"}},
    {Method::kPost, "/api/v1/rides/{rideId}", &RideHandlers::join, {"username"}},
    {Method::kDelete, "/api/v1/rides/{rideId}", &RideHandlers::remove},
};

}  // namespace

void add_ride_routes(http::Router& router, RideHandlers& handlers) {
  http::add_routes(router, handlers, kRows);
}

}  // namespace tandem::rs_rides
