#include "routes.h"

#include <utility>

namespace tandem::front {
namespace {

using http::Method;

struct Row {
  Method method;
  const char* pattern;
  void (Handlers::*handler)(const http::Request&, http::Responder);
};

constexpr Row kRows[] = {
    {Method::kGet, "/products", &Handlers::list_products},
    {Method::kPost, "/products", &Handlers::add_product},
    {Method::kGet, "/products/{name}", &Handlers::get_product},
    {Method::kPatch, "/products/{name}", &Handlers::set_price},
    {Method::kPost, "/products/{name}/restock", &Handlers::restock},
    {Method::kPost, "/orders", &Handlers::buy},
    {Method::kGet, "/orders/{number}", &Handlers::get_order},
    {Method::kGet, "/replicas", &Handlers::list_replicas},
};

}  // namespace

void add_routes(http::Router& router, Handlers& handlers) {
  for (const Row& row : kRows) {
    router.add(row.method, row.pattern,
               [&handlers, handler = row.handler](const http::Request& request,
                                                  http::Responder responder) {
                 (handlers.*handler)(request, std::move(responder));
               });
  }
}

}  // namespace tandem::front
