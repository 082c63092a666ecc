// The calls of rs-users beside those that all services have.
#pragma once

#include "handlers.h"
#include "http/router.h"

// `handlers` outlives the router.
void add_user_routes(tandem::http::Router& router, UserHandlers& handlers);
