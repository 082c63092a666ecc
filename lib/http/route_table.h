// The calls of a process as a table: each row names a method, a path and the member function that
// answers it.
#pragma once

#include <cstddef>
#include <utility>

#include "http/router.h"
#include "http/strict.h"

namespace tandem::http {

template <typename Handlers>
struct RouteRow {
  Method method;
  const char* pattern;  // as Router::add() takes it
  void (Handlers::*handler)(const Request&, Responder);
  Known known = {};  // what strict clients may send
  Effect effect = Effect::kChanges;
};

// `handlers` outlives the router.
template <typename Handlers, size_t kRows>
void add_routes(Router& router, Handlers& handlers, const RouteRow<Handlers> (&rows)[kRows]) {
  for (const RouteRow<Handlers>& row : rows) {
    router.add(
        row.method, row.pattern,
        strictly(row.known,
                 [&handlers, handler = row.handler](const Request& request, Responder responder) {
                   (handlers.*handler)(request, std::move(responder));
                 }),
        row.effect);
  }
}

}  // namespace tandem::http
