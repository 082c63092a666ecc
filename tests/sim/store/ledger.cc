#include "sim/store/ledger.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "sim/checks.h"

namespace tandem::sim {
namespace {

using toys::IntentId;
using toys::Toy;
using wire::Json;

int64_t number_in(const Json& body, std::string_view name) {
  const Json* value = body.find(name);
  if (value == nullptr || value->as_int() == nullptr) violated("a number is missing");
  return *value->as_int();
}

std::string text_in(const Json& body, std::string_view name) {
  const Json* value = body.find(name);
  if (value == nullptr || value->as_string() == nullptr) violated("a text is missing");
  return *value->as_string();
}

Json json_of(const std::string& text) {
  auto json = wire::parse_json(text);
  if (!json) violated("something is no JSON");
  return std::move(*json);
}

void check_sums(const Toy& toy) {
  if (toy.stock < 0) violated("a stock is negative");
  if (toy.stock + toy.sold != toy.start + toy.restocked) {
    violated("stock and sold are not start and restocked");
  }
}

}  // namespace

uint64_t Ledger::order_number_in(const std::string& body) {
  return static_cast<uint64_t>(number_in(json_of(body), "order_number"));
}

// --- the catalog ---

void Ledger::catalog_applied(const wire::Entry& entry, const repl::Applied& answer,
                             std::vector<Toy> changed, const toys::Catalog& catalog) {
  for (const Toy& toy : catalog.toys()) check_sums(toy);
  const auto known = changes_.find(entry.index);
  if (known != changes_.end()) {
    const Change& first = known->second;
    if (first.payload != entry.payload || first.status != answer.status ||
        first.changed != changed) {
      violated("two replicas of the catalog differ");
    }
    return;
  }
  if (!changes_.empty() && changes_.rbegin()->first > entry.index) {
    violated("a replica of the catalog has left out an entry");
  }
  Change& change = changes_[entry.index];
  change = Change{entry.payload, answer.status, std::move(changed), entry.index};
  if (!entry.request_id.empty()) {
    change.effect = effects_.try_emplace(entry.request_id, entry.index).first->second;
  }
  account(entry.index, change, json_of(entry.payload));
  for (const Toy& toy : change.changed) {
    toys_[toy.name] = toy;
    versions_[{toy.name, toy.version}] = to_json(toy);
  }
  const bool same = std::all_of(catalog.toys().begin(), catalog.toys().end(),
                                [this](const Toy& toy) { return toys_[toy.name] == toy; });
  if (!same || catalog.toys().size() != toys_.size()) violated("a toy changes behind our back");
}

void Ledger::account(uint64_t index, const Change& change, const Json& command) {
  const auto& [verb, body] = command.as_object()->front();
  if (change.effect != index) {
    if (!change.changed.empty()) violated("a repeated change is carried out again");
    return;
  }
  if (verb == "take") {
    const IntentId intent = *toys::parse_intent_id(text_in(body, "intent"));
    changes_[index].effect = takes_.try_emplace(intent, index).first->second;
    account_take(change, body);
  }
  const bool many = verb == "init" || verb == "restock_empty";
  if (!many && change.changed.size() > 1) violated("an entry changes more than one toy");
  for (const Toy& toy : change.changed) {
    if (toy != expect(index, toy, verb, body)) violated("a change is carried out wrongly");
  }
}

void Ledger::account_take(const Change& change, const Json& body) {
  const auto take = toys::parse_take(body.dump());
  if (!take) violated("a take is malformed");
  const bool takes = !change.changed.empty();
  if (takes && !taken_.try_emplace(take->intent, *take).second) {
    violated("stock is taken twice for an intent");
  }
  if (change.status == toys::kTaken && !taken_.contains(take->intent)) {
    violated("stock is said to be taken, and is not");
  }
  const bool outcome = change.status == toys::kTaken || change.status == toys::kNoSuchToy ||
                       change.status == toys::kOutOfStock;
  if (outcome &&
      outcomes_.try_emplace(take->intent, change.status).first->second != change.status) {
    violated("an intent has two outcomes");
  }
}

// What a toy has to be once this command has changed it.
Toy Ledger::expect(uint64_t index, const Toy& changed, std::string_view verb,
                   const Json& body) const {
  const auto before = toys_.find(changed.name);
  const bool is_new = verb == "init" || verb == "add";
  if (is_new != (before == toys_.end())) violated("a toy is there, or not, against expectation");
  if (is_new) {
    Toy toy = changed;  // name and price are its own
    toy.version = index;
    toy.start = toy.stock;
    toy.restocked = toy.sold = 0;
    return toy;
  }
  Toy toy = before->second;
  toy.version = index;
  const bool of_another = verb != "restock_empty" && text_in(body, "name") != toy.name;
  if (of_another) violated("another toy is changed");
  if (verb == "take") {
    toy.stock -= number_in(body, "quantity");
    toy.sold += number_in(body, "quantity");
  } else if (verb == "restock") {
    toy.stock += number_in(body, "quantity");
    toy.restocked += number_in(body, "quantity");
  } else if (verb == "restock_empty") {
    if (toy.stock != 0) violated("a toy is restocked that is not out of stock");
    toy.stock = number_in(body, "to");
    toy.restocked += toy.stock;
  } else {
    toy.price_cents = number_in(body, "price_cents");
  }
  return toy;
}

// --- the orders ---

void Ledger::orders_applied(const wire::Entry& entry, const repl::Applied& answer,
                            const toys::Orders& orders) {
  const std::string result =
      std::to_string(answer.status) + ' ' + answer.body + ' ' + std::to_string(orders.count());
  const auto [it, fresh] = results_.try_emplace(entry.index, result);
  if (!fresh) {
    if (it->second != result) violated("two replicas of the orders differ");
    return;
  }
  if (std::next(it) != results_.end()) violated("a replica of the orders has left out an entry");
  const Json command = json_of(entry.payload);
  if (const Json* closes = command.find("result")) {
    close_intent(*closes, orders);
  } else {
    open_intent(entry, answer);
  }
}

void Ledger::open_intent(const wire::Entry& entry, const repl::Applied& answer) {
  if (answer.status != toys::kAccepted) return;
  const auto id = toys::Orders::intent_of(answer.body);
  if (!id) violated("a provisional answer names no intent");
  const auto purchase = json_of(entry.payload);
  const Json& body = *purchase.find("intent");
  // A planted bug makes a key of each try, behind this mark.
  const std::string key = entry.request_id.substr(0, entry.request_id.find('#'));
  const toys::Intent intent{*id, key, text_in(body, "name"), number_in(body, "quantity")};
  const auto [known, fresh] = intents_.try_emplace(*id, intent);
  if (known->second != intent) violated("a purchase joins another intent");
  if (fresh && *id != IntentId{entry.epoch, entry.index}) violated("an intent has a foreign name");
  if (fresh && !intent_of_key_.try_emplace(intent.key, *id).second) {
    violated("a key has two intents");
  }
  if (not_done_.contains(intent.key) && !doubled_.contains(intent.key)) {
    violated("a purchase is carried out that was refused");
  }
}

void Ledger::close_intent(const Json& result, const toys::Orders& orders) {
  const auto id = toys::parse_intent_id(text_in(result, "intent"));
  if (!id || !intents_.contains(*id)) violated("a result is of no intent");
  const auto status = static_cast<uint16_t>(number_in(result, "status"));
  if (orders.count() != orders_.size()) {
    add_order(*id, orders);
  } else if (status == toys::kTaken && !closed_.contains(*id)) {
    violated("a result makes no order");
  }
  const auto outcome = outcomes_.find(*id);
  if (outcome == outcomes_.end() || outcome->second != status) {
    violated("a result is not the catalog's outcome");
  }
  closed_.try_emplace(*id, status);
}

void Ledger::add_order(const IntentId& id, const toys::Orders& orders) {
  const uint64_t number = orders_.size();
  if (orders.count() != number + 1) violated("order numbers have a gap");
  if (closed_.contains(id)) violated("an intent has two orders");
  const toys::Intent& intent = intents_.at(id);
  const auto taken = taken_.find(id);
  if (taken == taken_.end()) violated("an order has no stock taken");
  if (taken->second.name != intent.name || taken->second.quantity != intent.quantity) {
    violated("an order has other stock taken than it is for");
  }
  if (*orders.find(number) != toys::Order{intent.name, intent.quantity}) {
    violated("an order is not what its intent was");
  }
  orders_.push_back(intent);
}

// --- the fronts ---

void Ledger::change_answered(uint64_t index) {
  for (const Toy& toy : changes_.at(changes_.at(index).effect).changed) {
    floors_[toy.name] = std::max(floors_[toy.name], toy.version);
  }
}

uint64_t Ledger::floor(const std::string& name) const {
  const auto it = floors_.find(name);
  return it == floors_.end() ? 0 : it->second;
}

void Ledger::served(const std::string& name, uint64_t floor, const std::string& body,
                    bool hit) const {
  const uint64_t version =
      body.empty() ? 0 : static_cast<uint64_t>(number_in(json_of(body), "version"));
  if (version < floor) {
    violated(hit ? "a cache hit is older than an answered change"
                 : "a product is older than an answered change");
  }
  if (body.empty()) return;
  const auto was = versions_.find({name, version});
  if (was == versions_.end() || was->second != body) violated("a product was never like that");
}

void Ledger::sent(const std::string& request_id, const std::string& key) {
  if (keys_.try_emplace(request_id, key).first->second != key) violated("a request has two keys");
}

void Ledger::purchase_asked(const std::string& key) {
  ++purchases_[key];
  not_done_.erase(key);
}

// Another request with this key may be under way, and what comes twice may be late.
void Ledger::nothing_done(const std::string& key) {
  if (purchases_[key] > 1 || doubled_.contains(key)) return;
  not_done_.insert(key);
  if (intent_of_key_.contains(key)) violated("a purchase is carried out that was refused");
}

// --- the shoppers ---

void Ledger::purchase_answered(const std::string& key, const toys::Purchase& purchase,
                               uint16_t status, const std::string& body) {
  key_answered(key, status, body);
  const auto intent = intent_of_key_.find(key);
  if (intent == intent_of_key_.end()) violated("a purchase is answered that nobody logged");
  const auto closed = closed_.find(intent->second);
  if (closed == closed_.end() || closed->second != status) {
    violated("a purchase is answered otherwise than it ended");
  }
  if (status != toys::kTaken) return;
  const uint64_t number = order_number_in(body);
  number_told(number, purchase);
  if (orders_[number].key != key) violated("a number is told that is another order's");
}

void Ledger::number_told(uint64_t number, const toys::Purchase& purchase) {
  if (number >= orders_.size()) violated("a number is told that no order has");
  const toys::Intent& order = orders_[number];
  if (order.name != purchase.name || order.quantity != purchase.quantity) {
    violated("a number is told that is another order's");
  }
  told_.push_back(number);
}

void Ledger::key_answered(const std::string& key, uint16_t status, const std::string& body) {
  const std::string answer = std::to_string(status) + ' ' + body;
  if (told_keys_.try_emplace(key, answer).first->second != answer) {
    violated("a repetition has another answer");
  }
}

void Ledger::order_served(uint64_t number, uint16_t status, const std::string& body) const {
  const toys::Intent& order = orders_.at(number);
  if (status != 200) violated("an order that somebody was told of is missing");
  if (body != to_json(number, toys::Order{order.name, order.quantity})) {
    violated("an order has changed");
  }
}

// --- the end ---

void Ledger::check_end(const toys::Catalog& catalog, const toys::Orders& orders) const {
  if (!orders.open().empty()) violated("an intent is open for ever");
  std::map<std::string, int64_t> sold;
  std::map<IntentId, uint64_t> sales;
  for (uint64_t number = 0; number < orders_.size(); ++number) {
    const toys::Intent& order = orders_[number];
    sold[order.name] += order.quantity;
    if (!sales.try_emplace(order.id, number).second) violated("an intent has two orders");
    const toys::Order* kept = orders.find(number);
    if (kept == nullptr || *kept != toys::Order{order.name, order.quantity}) {
      violated("an order is not kept");
    }
  }
  if (orders.count() != orders_.size()) violated("orders come from nowhere");
  for (const auto& [id, take] : taken_) {
    if (!sales.contains(id)) violated("stock is taken without an order");
  }
  for (const Toy& toy : catalog.toys()) {
    if (toy.sold != sold[toy.name]) violated("the catalog and the orders differ in what is sold");
  }
}

}  // namespace tandem::sim
