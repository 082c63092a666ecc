#include "routes.h"

#include "http/route_table.h"

namespace {

using tandem::http::Method;

constexpr tandem::http::RouteRow<UserHandlers> kRows[] = {
    {Method::kPut, "/api/v1/users", &UserHandlers::create, {"username password"}},
    {Method::kGet, "/api/v1/users", &UserHandlers::list, {{}, "consistency"}},
    {Method::kDelete, "/api/v1/users/{username}", &UserHandlers::remove},
};

}  // namespace

void add_user_routes(tandem::http::Router& router, UserHandlers& handlers) {
  tandem::http::add_routes(router, handlers, kRows);
}
