// The calls of rs-users beside those that all services have.
#pragma once

#include "handlers.h"
#include "http/router.h"

namespace tandem::rs_users {

// `handlers` outlives the router.
void add_user_routes(http::Router& router, UserHandlers& handlers);

}  // namespace tandem::rs_users
