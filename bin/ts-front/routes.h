// The calls of ts-front beside those that all services have.
#pragma once

#include "handlers.h"
#include "http/router.h"

namespace tandem::front {

// `handlers` outlives the router.
void add_routes(http::Router& router, Handlers& handlers);

}  // namespace tandem::front
