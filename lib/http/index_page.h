// GET /: what this service is, with links to what it has: for people who find a port, and for the
// default check of balancers. JSON, or a plain list in HTML where Accept prefers that.
#pragma once

#include <string>
#include <string_view>

#include "http/router.h"

namespace tandem::http {

struct ServiceName {
  std::string name;
  std::string version;
  // Whole, for who prefers HTML, instead of the list; it outlives the router. Its scripts, styles
  // and requests are of this service alone.
  std::string_view page = {};
};

// Lists the routes that the router has when it is asked. `router` and `service` outlive the routes.
void add_index_route(Router& router, const ServiceName& service);

// Whether HTML is preferred to JSON by an Accept header (RFC 9110, 12.5.1): it is where it has the
// higher weight. What makes no sense is passed over.
bool prefers_html(std::string_view accept);

}  // namespace tandem::http
