// GET /products/{name}: the requests of clients as queries of a product, and what clients are shown
// of it. What is shown, the cache's product or the catalog's, store/product_queries.h decides;
// with Cache-Control: no-cache the cache is left out.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/timers.h"
#include "http/request.h"
#include "http/responder.h"
#include "render.h"
#include "store/product_queries.h"
#include "store/surroundings.h"
#include "toys/product_cache.h"

namespace tandem::front {

class ProductPage final : private store::ProductView {
 public:
  // All of them outlive this.
  ProductPage(const Time& time, toys::ProductCache& cache, store::Gateway& catalog,
              const Renderer& renderer, uint32_t timeout_ms)
      : renderer_(renderer), queries_(timeout_ms, time, cache, catalog, *this) {}

  void answer(const http::Request& request, http::Responder responder);

  store::ProductQueries& queries() { return queries_; }

 private:
  store::Shown product(std::string_view name, const wire::Response& response) const override;
  store::Shown no_such_product() const override;
  store::Shown too_late() const override;

  const Renderer& renderer_;
  store::ProductQueries queries_;
};

}  // namespace tandem::front
