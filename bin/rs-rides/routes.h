// The calls of rs-rides beside those that all services have.
#pragma once

#include "handlers.h"
#include "http/router.h"

// `handlers` outlives the router.
void add_ride_routes(tandem::http::Router& router, RideHandlers& handlers);
