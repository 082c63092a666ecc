#include "routes.h"

#include <utility>

namespace {

using tandem::http::Method;
using tandem::http::Request;
using tandem::http::Responder;

struct Row {
  Method method;
  const char* pattern;
  void (UserHandlers::*handler)(const Request&, Responder);
};

constexpr Row kRows[] = {
    {Method::kPut, "/api/v1/users", &UserHandlers::create},
    {Method::kGet, "/api/v1/users", &UserHandlers::list},
    {Method::kDelete, "/api/v1/users/{username}", &UserHandlers::remove},
};

}  // namespace

void add_user_routes(tandem::http::Router& router, UserHandlers& handlers) {
  for (const Row& row : kRows) {
    router.add(row.method, row.pattern,
               [&handlers, handler = row.handler](const Request& request, Responder responder) {
                 (handlers.*handler)(request, std::move(responder));
               });
  }
}
