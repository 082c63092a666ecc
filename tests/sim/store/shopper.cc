#include "sim/store/shopper.h"

#include "base/ids.h"
#include "sim/checks.h"
#include "wire/json.h"

namespace tandem::sim {
namespace {

using wire::Json;
using wire::Method;

Json purchase_json(const toys::Purchase& purchase) {
  Json body;
  body.set("name", purchase.name);
  body.set("quantity", purchase.quantity);
  return body;
}

}  // namespace

Shopper::Shopper(Store& store, uint32_t id) : Process(store.universe, 0), store_(store), id_(id) {
  store_.wires.attach({Role::kShopper, id}, *this, nullptr);
}

void Shopper::start() {
  begin_life();
  pause();
}

void Shopper::pause() {
  later(store_.universe.between_ns(0, store_.plan.think_ns), [this] { begin(); });
}

// --- what to ask for ---

void Shopper::begin() {
  if (stopped_) return;
  if (!repeat()) choose();
  ++request_;
  waiting_ = true;
  const bool looks = call_.method == Method::kCatalogGet;
  patience_ = store_.universe.random.between<uint32_t>(1, looks ? 2 : 30);
  ask(request_);
}

// What was just answered once more, or its key with another body.
bool Shopper::repeat() {
  if (!answered_before_ || call_.key.empty() || !store_.universe.random.chance(250)) return false;
  forged_ = store_.universe.random.chance(300);
  if (forged_ && call_.method == Method::kOrderPlace) {
    toys::Purchase other = purchase_;
    ++other.quantity;
    call_.body = purchase_json(other).dump();
  } else {
    forged_ = false;
  }
  return true;
}

void Shopper::choose() {
  Random& random = store_.universe.random;
  call_ = {};
  answered_before_ = forged_ = false;
  if (id_ <= store_.plan.lookers || random.chance(store_.plan.queries)) {
    Json body;
    body.set("name", toy());
    call_.method = Method::kCatalogGet;
    call_.body = body.dump();
  } else if (!store_.ledger.told().empty() && random.chance(100)) {
    number_ = random.one_of(store_.ledger.told());
    Json body;
    body.set("number", number_);
    call_.method = Method::kOrderGet;
    call_.body = body.dump();
  } else if (random.chance(store_.plan.changes)) {
    choose_change();
  } else {
    choose_purchase();
  }
}

void Shopper::choose_purchase() {
  purchase_ = {toy(), store_.universe.random.between<int64_t>(1, 3)};
  call_.method = Method::kOrderPlace;
  call_.body = purchase_json(purchase_).dump();
  if (!store_.universe.random.chance(150)) call_.key = new_key();
}

void Shopper::choose_change() {
  Random& random = store_.universe.random;
  const uint64_t kind = random.below(4);
  const std::string name = toy();
  call_.key = new_key();
  if (kind == 0) {
    call_.method = Method::kCatalogRestock;
    call_.body = purchase_json({name, random.between<int64_t>(1, 10)}).dump();
    return;
  }
  Json body;
  body.set("name", name);
  body.set("price", random.between<int64_t>(0, 10'000));
  call_.method = Method::kCatalogPrice;
  if (kind == 1) {
    call_.method = Method::kCatalogAdd;
    body.set("quantity", random.between<int64_t>(0, 5));
  }
  call_.body = body.dump();
}

// One of those that there are at first, or that operators may have added.
std::string Shopper::toy() {
  return "toy" +
         std::to_string(store_.universe.random.below(store_.plan.toys + store_.plan.strange_toys));
}

std::string Shopper::new_key() {
  Universe& universe = store_.universe;
  if (universe.random.chance(500))
    return "s" + std::to_string(id_) + '-' + std::to_string(request_);
  return made_key(0, universe.new_id());
}

// --- asking and hearing ---

void Shopper::ask(uint64_t request) {
  if (!waiting_ || request_ != request) return;
  const bool only_once = call_.key.empty() && call_.method == Method::kOrderPlace;
  if (patience_-- == 0 && !stopped_) {
    waiting_ = answered_before_ = false;
    pause();
    return;
  }
  if (only_once) patience_ = 0;
  const bool looks = call_.method == Method::kCatalogGet;
  const auto front = store_.universe.random.between<uint32_t>(1, store_.plan.fronts);
  store_.wires.call({Role::kShopper, id_}, {Role::kFront, front}, call_,
                    store_.universe.between_ns(20 * kMs, looks ? 100 * kMs : 1000 * kMs),
                    [this, request](const Response& response) { heard(request, response); });
}

void Shopper::heard(uint64_t request, const Response& response) {
  if (!waiting_ || request_ != request) return;
  const bool only_once = call_.key.empty() && call_.method == Method::kOrderPlace;
  if (!response.is_final() && !only_once) {
    later(store_.universe.between_ns(0, 50 * kMs), [this, request] { ask(request); });
    return;
  }
  waiting_ = false;
  if (response.is_final()) take(response);
  pause();
}

void Shopper::take(const Response& response) {
  ++answered_;
  if (forged_) {
    if (response.status != 422) violated("a key is taken with another body");
    answered_before_ = false;
    return;
  }
  if (response.status == 422) violated("a key is refused that was not used otherwise");
  answered_before_ = true;
  if (call_.method == Method::kCatalogGet) {
    ++queries_;
  } else if (call_.method == Method::kOrderGet) {
    store_.ledger.order_served(number_, response.status, response.body);
  } else if (call_.method == Method::kOrderPlace) {
    take_purchase(response);
  } else {
    store_.ledger.key_answered(call_.key, response.status, response.body);
  }
}

void Shopper::take_purchase(const Response& response) {
  Ledger& ledger = store_.ledger;
  const bool ends = response.status == toys::kTaken || response.status == toys::kNoSuchToy ||
                    response.status == toys::kOutOfStock;
  if (!ends) violated("a purchase has an answer that none may have");
  if (!call_.key.empty()) {
    ledger.purchase_answered(call_.key, purchase_, response.status, response.body);
  } else if (response.status == toys::kTaken) {
    ledger.number_told(Ledger::order_number_in(response.body), purchase_);
  }
}

}  // namespace tandem::sim
