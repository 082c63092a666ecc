#include "handlers.h"

#include <optional>
#include <utility>

#include "base/ids.h"
#include "base/json_string.h"
#include "input.h"
#include "send.h"
#include "toys/price.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

using http::Request;
using http::Responder;
using wire::Json;

constexpr uint64_t kMaxOrders = INT64_MAX;
constexpr std::string_view kAccepted = "application/json, application/x-www-form-urlencoded";

std::string to_body(const toys::Purchase& purchase) {
  Json json;
  return json.set("name", purchase.name).set("quantity", purchase.quantity).dump();
}

// With the price as text: as a double it might get another last digit on its way.
std::string to_body(const std::string& name, int64_t price_cents,
                    std::optional<int64_t> quantity = {}) {
  std::string body = "{\"name\":";
  append_json_string(body, name);
  body += ",\"price\":" + toys::format_price(price_cents);
  if (quantity) body += ",\"quantity\":" + std::to_string(*quantity);
  return body + "}";
}

}  // namespace

Handlers::Handlers(loop::Loop& loop, const Clock& clock, ProductPage& product_page,
                   store::Gateway& catalog, store::Gateway& orders, OrderReplicas& replicas,
                   const Renderer& renderer, uint32_t timeout_ms)
    : product_page_(product_page),
      catalog_(catalog),
      orders_(orders),
      catalog_changes_(clock, catalog, random_id),
      order_changes_(clock, orders, random_id),
      replicas_(replicas),
      renderer_(renderer),
      listings_(loop, timeout_ms, [this](Responder& responder) {
        send(responder, renderer_.error(503, "the catalog could not answer in time"));
      }) {}

// --- products ---

void Handlers::list_products(const Request& request, Responder responder) {
  listings_.answer(
      "", std::move(responder), [this, id = std::string(request.request_id)](auto done) mutable {
        wire::Request list;
        list.method = wire::Method::kCatalogList;
        list.request_id = id;
        catalog_.submit(list, [this, done = std::move(done)](const wire::Response& r) mutable {
          done([answer = renderer_.products(r)](Responder& each) { send(each, answer); });
        });
      });
}

void Handlers::get_product(const Request& request, Responder responder) {
  product_page_.answer(request, std::move(responder));
}

void Handlers::add_product(const Request& request, Responder responder) {
  if (refused_type(request, responder)) return;
  const auto toy = read_new_toy(request);
  if (!toy) return send(responder, renderer_.error(toy.error()));
  change_product(request, wire::Method::kCatalogAdd,
                 to_body(toy->name, toy->price_cents, toy->quantity), std::move(responder));
}

void Handlers::set_price(const Request& request, Responder responder) {
  const std::string_view name = request.param("name");
  if (!toys::check_name(name)) return send(responder, renderer_.error(404, kNoProduct));
  if (refused_type(request, responder)) return;
  const auto price = read_price(request, name);
  if (!price) return send(responder, renderer_.error(price.error()));
  change_product(request, wire::Method::kCatalogPrice, to_body(price->name, price->price_cents),
                 std::move(responder));
}

void Handlers::restock(const Request& request, Responder responder) {
  const std::string_view name = request.param("name");
  if (!toys::check_name(name)) return send(responder, renderer_.error(404, kNoProduct));
  if (refused_type(request, responder)) return;
  const auto restock = read_restock(request, name);
  if (!restock) return send(responder, renderer_.error(restock.error()));
  change_product(request, wire::Method::kCatalogRestock, to_body(*restock), std::move(responder));
}

bool Handlers::refused_type(const Request& request, Responder& responder) const {
  if (is_readable(request)) return false;
  const Answer answer =
      renderer_.error(415, "the body must be JSON or a form (" + std::string(kAccepted) + ")");
  responder.text(answer.status, answer.content_type, answer.body, {{"Accept", kAccepted}});
  return true;
}

void Handlers::change_product(const Request& request, wire::Method method, const std::string& body,
                              Responder responder) {
  const auto key = read_key(request);
  if (!key) return send(responder, renderer_.error(key.error()));
  wire::Request change;
  change.method = method;
  change.request_id = request.request_id;
  change.key = *key;
  change.body = body;
  catalog_changes_.submit(change, [this, responder = std::move(responder)](
                                      const wire::Response& r, const std::string& used) mutable {
    send_change(responder, renderer_.product(r), r.status, used);
  });
}

// --- orders ---

void Handlers::buy(const Request& request, Responder responder) {
  if (refused_type(request, responder)) {
    ++purchases_.refused;
    return;
  }
  const auto purchase = read_purchase(request);
  const auto key = read_key(request);
  if (!purchase || !key) {
    ++purchases_.refused;
    const Error& error = purchase ? key.error() : purchase.error();
    return send(responder, renderer_.error(error));
  }
  const std::string body = to_body(*purchase);
  wire::Request place;
  place.method = wire::Method::kOrderPlace;
  place.request_id = request.request_id;
  place.key = *key;
  place.body = body;
  order_changes_.submit(place, [this, responder = std::move(responder)](
                                   const wire::Response& r, const std::string& used) mutable {
    bought(r);
    send_change(responder, renderer_.purchase(r), r.status, used);
  });
}

void Handlers::bought(const wire::Response& response) {
  const bool is_out_of_stock = response.status == 400 && message_of(response) == kOutOfStock;
  uint64_t& figure = response.status == 200   ? purchases_.bought
                     : response.status == 404 ? purchases_.not_found
                     : response.status == 504 ? purchases_.unknown
                     : response.status >= 500 ? purchases_.unavailable
                     : is_out_of_stock        ? purchases_.out_of_stock
                                              : purchases_.refused;
  ++figure;
}

void Handlers::get_order(const Request& request, Responder responder) {
  const auto number = parse_order_number(request.param("number"));
  if (!number) return send(responder, renderer_.error(400, kInvalidOrder));
  if (*number > kMaxOrders) return send(responder, renderer_.error(404, kNoOrder));
  const std::string body = "{\"number\":" + std::to_string(*number) + "}";
  wire::Request get;
  get.method = wire::Method::kOrderGet;
  get.request_id = request.request_id;
  get.body = body;
  orders_.submit(get, [this, responder = std::move(responder)](const wire::Response& r) mutable {
    send(responder, renderer_.order(r));
  });
}

void Handlers::list_replicas(const Request&, Responder responder) {
  report_replicas(replicas_, renderer_, std::move(responder));
}

}  // namespace tandem::front
