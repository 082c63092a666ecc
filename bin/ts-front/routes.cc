#include "routes.h"

#include "http/route_table.h"

namespace tandem::front {
namespace {

using http::Method;

constexpr http::RouteRow<Handlers> kRows[] = {
    {Method::kGet, "/products", &Handlers::list_products},
    {Method::kPost, "/products", &Handlers::add_product, {"name price quantity"}},
    {Method::kGet, "/products/{name}", &Handlers::get_product},
    {Method::kPatch, "/products/{name}", &Handlers::set_price, {"price"}},
    {Method::kPost, "/products/{name}/restock", &Handlers::restock, {"quantity"}},
    {Method::kPost, "/orders", &Handlers::buy, {"name quantity"}},
    {Method::kGet, "/orders/{number}", &Handlers::get_order},
    {Method::kGet, "/replicas", &Handlers::list_replicas},
};

}  // namespace

void add_routes(http::Router& router, Handlers& handlers) {
  http::add_routes(router, handlers, kRows);
}

}  // namespace tandem::front
