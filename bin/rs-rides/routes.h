// The calls of rs-rides beside those that all services have.
#pragma once

#include "handlers.h"
#include "http/router.h"

namespace tandem::rs_rides {

// `handlers` outlives the router.
void add_ride_routes(http::Router& router, RideHandlers& handlers);

}  // namespace tandem::rs_rides
