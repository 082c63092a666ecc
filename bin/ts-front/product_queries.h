// GET /products/{name}: out of the cache where that may answer, else from the catalog, which is
// asked once for all queries of a product that come together (tandem-replication(7), "The cache of
// the fronts"). A query with Cache-Control: no-cache asks the catalog on its own.
//
// Each query is answered exactly once, within its deadline, which runs from when its request was
// there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "calls.h"
#include "http/request.h"
#include "http/responder.h"
#include "loop/loop.h"
#include "render.h"
#include "toys/product_cache.h"

namespace tandem::front {

class ProductQueries {
 public:
  // All of them outlive this.
  ProductQueries(loop::Loop& loop, const Clock& clock, toys::ProductCache& cache, Calls& catalog,
                 const Renderer& renderer, uint32_t timeout_ms);

  void answer(const http::Request& request, http::Responder responder);
  // Answers the queries whose time is over while they wait for another one's answer. The timer
  // calls it.
  void expire();

 private:
  struct Query {
    std::string request_id;
    http::Responder responder;
    int64_t deadline_ns = 0;
    uint64_t floor = 0;  // the lowest version that may answer it
  };

  void answer_past_cache(const http::Request& request, http::Responder& responder);
  void ask(const std::string& name, Query query);
  void ask_catalog(const std::string& name, Query query, bool fills, int64_t now);
  void answered(const std::string& name, Query query, bool fills, const wire::Response& response);
  void answer_waiting(const std::string& name, uint64_t version, const Answer* answer);

  const Clock& clock_;
  toys::ProductCache& cache_;
  Calls& catalog_;
  const Renderer& renderer_;
  const int64_t timeout_ns_;
  std::unordered_map<std::string, std::vector<Query>> waiting_;  // by name, for the fill of it
  loop::Timer expirer_;
};

}  // namespace tandem::front
