#include "routes.h"

#include "http/route_table.h"

namespace tandem::rs_users {
namespace {

using http::Method;

constexpr http::RouteRow<UserHandlers> kRows[] = {
    {Method::kPut, "/api/v1/users", &UserHandlers::create, {"username password"}},
    {Method::kGet, "/api/v1/users", &UserHandlers::list, {{}, "consistency"}},
    {Method::kDelete, "/api/v1/users/{username}", &UserHandlers::remove},
};

}  // namespace

void add_user_routes(http::Router& router, UserHandlers& handlers) {
  http::add_routes(router, handlers, kRows);
}

}  // namespace tandem::rs_users
