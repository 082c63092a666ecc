// What ts-front does with each call: reads the request, has a group of the store carry it out, and
// renders what that says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/shared_answers.h"
#include "loop/loop.h"
#include "product_page.h"
#include "render.h"
#include "replica_report.h"
#include "store/changes.h"
#include "store/surroundings.h"

namespace tandem::front {

// How purchases ended.
struct PurchaseFigures {
  uint64_t bought = 0;
  uint64_t not_found = 0;
  uint64_t out_of_stock = 0;
  uint64_t refused = 0;      // bad input, another body under the same key
  uint64_t unavailable = 0;  // nothing was done
  uint64_t unknown = 0;      // the client is to ask again
};

class Handlers {
 public:
  // All of them outlive this.
  Handlers(loop::Loop& loop, const Clock& clock, ProductPage& product_page, store::Gateway& catalog,
           store::Gateway& orders, OrderReplicas& replicas, const Renderer& renderer,
           uint32_t timeout_ms);

  void list_products(const http::Request& request, http::Responder responder);
  void get_product(const http::Request& request, http::Responder responder);
  void add_product(const http::Request& request, http::Responder responder);
  void set_price(const http::Request& request, http::Responder responder);
  void restock(const http::Request& request, http::Responder responder);
  void buy(const http::Request& request, http::Responder responder);
  void get_order(const http::Request& request, http::Responder responder);
  void list_replicas(const http::Request& request, http::Responder responder);

  const PurchaseFigures& purchases() const { return purchases_; }

 private:
  // Answers a body that nobody here reads; false where this one is read.
  bool refused_type(const http::Request& request, http::Responder& responder) const;
  void change_product(const http::Request& request, wire::Method method, const std::string& body,
                      http::Responder responder);
  void bought(const wire::Response& response);

  ProductPage& product_page_;
  store::Gateway& catalog_;
  store::Gateway& orders_;
  store::Changes catalog_changes_;
  store::Changes order_changes_;
  OrderReplicas& replicas_;
  const Renderer& renderer_;
  http::SharedAnswers listings_;
  PurchaseFigures purchases_;
};

}  // namespace tandem::front
