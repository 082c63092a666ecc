#include "store/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "moment.h"
#include "toys/price.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::torture::store {
namespace {

using history::StoreKind;
using history::StoreOperation;
using history::StoreOutcome;
using wire::Json;

constexpr long kCallTimeoutMs = 6'000;  // the fronts' own is 5 s
constexpr long kShortTimeoutMs = 400;   // of a client that would rather ask the other front
constexpr uint32_t kShortPermille = 700;
constexpr int64_t kGiveUpUs = 60'000'000;
constexpr int64_t kBetweenTriesMs = 15;
constexpr size_t kMaxKeyBytes = 128;
constexpr const char* kOutOfStock = "product out of stock";

void sleep_ms(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

const int64_t* integer(const Json& json, const char* name) {
  const Json* value = json.find(name);
  return value == nullptr ? nullptr : value->as_int();
}

const std::string* text(const Json& json, const char* name) {
  const Json* value = json.find(name);
  return value == nullptr ? nullptr : value->as_string();
}

// {"name","price","quantity"} of the toy that the operation is about.
bool take_product(const Json& json, StoreOperation& operation) {
  const std::string* name = text(json, "name");
  const Json* price = json.find("price");
  const int64_t* quantity = integer(json, "quantity");
  if (name == nullptr || price == nullptr || quantity == nullptr) return false;
  const auto cents = toys::price_of(*price, "price");
  if (!cents || *name != operation.toy) return false;
  operation.shown = {*cents, *quantity};
  return true;
}

bool take_order(const Json& json, StoreOperation& operation) {
  const std::string* name = text(json, "name");
  const int64_t* number = integer(json, "number");
  const int64_t* quantity = integer(json, "quantity");
  if (name == nullptr || number == nullptr || quantity == nullptr ||
      static_cast<uint64_t>(*number) != operation.number) {
    return false;
  }
  operation.toy = *name;
  operation.quantity = *quantity;
  return true;
}

bool take_number(const Json& json, StoreOperation& operation) {
  const int64_t* number = integer(json, "order_number");
  if (number == nullptr || *number < 0) return false;
  operation.number = static_cast<uint64_t>(*number);
  return true;
}

std::string message_of(const std::string& body) {
  const auto json = wire::parse_json(body);
  const Json* error = json ? json->find("error") : nullptr;
  const std::string* message = error == nullptr ? nullptr : text(*error, "message");
  return message == nullptr ? "" : *message;
}

bool is_again(long status) {
  return status == 0 || status == 503 || status == 504 || status == 507;
}

}  // namespace

Client::Client(Shared& shared, uint32_t number)
    : shared_(shared),
      number_(number),
      front_(number % shared.fronts.size()),
      random_(shared.seed * 1000 + number),
      http_(kCallTimeoutMs) {}

void Client::think(int64_t most_ms) { sleep_ms(random_.between<int64_t>(most_ms / 4, most_ms)); }

std::string Client::some_toy() {
  const std::lock_guard lock(shared_.mutex);
  const size_t count = shared_.toys.size();
  return shared_.toys[std::min(random_.below(count), random_.below(count))];
}

// --- changes ---

Change Client::change(StoreKind kind, const std::string& toy) {
  Change change;
  change.operation.client = number_;
  change.operation.kind = kind;
  change.operation.toy = toy;
  change.operation.key = fmt::format("torture-{}-{}", number_, ++changes_);
  change.method = "POST";
  return change;
}

Change Client::buy(const std::string& toy, int64_t quantity) {
  Change wanted = change(StoreKind::kBuy, toy);
  wanted.operation.quantity = quantity;
  wanted.path = "/orders";
  wanted.body = fmt::format(R"({{"name":"{}","quantity":{}}})", toy, quantity);
  return wanted;
}

Change Client::buy_nothing() {
  Change wanted = buy(std::string(toys::kMaxNameBytes, 'x'), 1);
  wanted.operation.key.resize(kMaxKeyBytes, 'x');
  return wanted;
}

Change Client::restock(const std::string& toy, int64_t quantity) {
  Change wanted = change(StoreKind::kRestock, toy);
  wanted.operation.quantity = quantity;
  wanted.path = fmt::format("/products/{}/restock", toy);
  wanted.body = fmt::format(R"({{"quantity":{}}})", quantity);
  return wanted;
}

Change Client::set_price(const std::string& toy, int64_t cents) {
  Change wanted = change(StoreKind::kPrice, toy);
  wanted.operation.price = cents;
  wanted.method = "PATCH";
  wanted.path = "/products/" + toy;
  wanted.body = fmt::format(R"({{"price":{}}})", toys::format_price(cents));
  return wanted;
}

Change Client::add(const std::string& toy, int64_t cents, int64_t quantity) {
  Change wanted = change(StoreKind::kAdd, toy);
  wanted.operation.price = cents;
  wanted.operation.quantity = quantity;
  wanted.path = "/products";
  wanted.body = fmt::format(R"({{"name":"{}","price":{},"quantity":{}}})", toy,
                            toys::format_price(cents), quantity);
  return wanted;
}

support::Answer Client::call(const std::string& method, const std::string& path,
                             const std::string& body, StoreOperation& operation, long timeout_ms) {
  operation.where = fmt::format("front {}", front_ + 1);
  return http_.call(method, shared_.fronts[front_] + path, body,
                    {.key = operation.key, .timeout_ms = timeout_ms});
}

// What the answer to a change means.
Client::Clarity Client::read(const support::Answer& answer, StoreOperation& operation) const {
  if (is_again(answer.status)) return Clarity::kAgain;
  const bool buys = operation.kind == StoreKind::kBuy || operation.kind == StoreKind::kBuyAgain;
  if (answer.status == 404 && message_of(answer.body) == "product not found") {
    operation.outcome = StoreOutcome::kNotFound;
    return Clarity::kClear;
  }
  if (buys && answer.status == 400 && message_of(answer.body) == kOutOfStock) {
    operation.outcome = StoreOutcome::kOutOfStock;
    return Clarity::kClear;
  }
  if (answer.status != (operation.kind == StoreKind::kAdd ? 201 : 200)) return Clarity::kWrong;
  const auto json = wire::parse_json(answer.body);
  const Json* data = json ? json->find("data") : nullptr;
  if (data == nullptr) return Clarity::kWrong;
  operation.outcome = StoreOutcome::kDone;
  const bool good = buys ? take_number(*data, operation) : take_product(*data, operation);
  return good ? Clarity::kClear : Clarity::kWrong;
}

Client::Clarity Client::ask(Change& change, long timeout_ms) {
  StoreOperation& operation = change.operation;
  if (operation.called == 0) operation.called = now_us();
  const support::Answer answer =
      call(change.method, change.path, change.body, operation, timeout_ms);
  const Clarity clarity = read(answer, operation);
  operation.returned = now_us();
  if (clarity == Clarity::kWrong) {
    operation.outcome = StoreOutcome::kUnknown;
    wrong("a change", operation, answer);
  }
  return clarity;
}

void Client::carry_out(Change& change) {
  const int64_t give_up_us = now_us() + kGiveUpUs;
  for (;;) {
    const bool hurried = random_.chance(kShortPermille);
    const Clarity clarity = ask(change, hurried ? kShortTimeoutMs : kCallTimeoutMs);
    if (clarity != Clarity::kAgain) break;
    if (shared_.give_up) {
      change.operation.outcome = StoreOutcome::kUnknown;
      break;
    }
    if (now_us() > give_up_us) {
      change.operation.outcome = StoreOutcome::kUnknown;
      shared_.recorder.wrong("left without an outcome: " + history::describe(change.operation));
      break;
    }
    other_front();
    sleep_ms(kBetweenTriesMs);
  }
  const StoreOperation& operation = change.operation;
  if (operation.kind == StoreKind::kBuy && operation.outcome == StoreOutcome::kDone)
    shared_.last_order = operation.number;
  shared_.recorder.add(operation);
}

bool Client::try_once(Change& change) {
  if (ask(change, random_.between<long>(5, 100)) == Clarity::kAgain) return false;
  shared_.recorder.add(change.operation);
  return true;
}

void Client::repeat(const Change& change) {
  Change again = change;
  again.operation.kind = StoreKind::kBuyAgain;
  again.operation.called = 0;
  if (ask(again, kCallTimeoutMs) == Clarity::kClear) shared_.recorder.add(again.operation);
}

void Client::repeat_with_other_body(const Change& change) {
  StoreOperation operation = change.operation;
  const std::string body =
      fmt::format(R"({{"name":"{}","quantity":{}}})", operation.toy, operation.quantity + 1);
  const support::Answer answer = call("POST", "/orders", body, operation, kCallTimeoutMs);
  if (!is_again(answer.status) && answer.status != 422)
    wrong("the same key with another body", operation, answer);
}

// --- looking ---

bool Client::look(const std::string& path, StoreOperation& operation, support::Answer& answer) {
  const int64_t give_up_us = now_us() + kGiveUpUs;
  for (;;) {
    operation.client = number_;
    operation.called = now_us();
    const bool hurried = random_.chance(kShortPermille);
    answer = call("GET", path, "", operation, hurried ? kShortTimeoutMs : kCallTimeoutMs);
    operation.returned = now_us();
    if (answer.status == 200 || answer.status == 404) return true;
    if (is_again(answer.status) && shared_.give_up) return false;
    if (!is_again(answer.status) || now_us() > give_up_us) break;
    other_front();
    sleep_ms(kBetweenTriesMs);
  }
  wrong("GET " + path, operation, answer);
  return false;
}

void Client::see(const std::string& toy) {
  StoreOperation operation;
  operation.toy = toy;
  support::Answer answer;
  if (!look("/products/" + toy, operation, answer)) return;
  if (answer.status == 404) {
    operation.outcome = StoreOutcome::kNotFound;
  } else {
    const auto json = wire::parse_json(answer.body);
    const Json* data = json ? json->find("data") : nullptr;
    if (data == nullptr || !take_product(*data, operation))
      return wrong("a product", operation, answer);
  }
  shared_.recorder.add(std::move(operation));
}

void Client::see_all() {
  std::vector<std::string> missing;
  {
    const std::lock_guard lock(shared_.mutex);
    missing = shared_.toys;
  }
  StoreOperation operation;
  support::Answer answer;
  if (!look("/products", operation, answer)) return;
  const auto json = wire::parse_json(answer.body);
  const Json* data = json ? json->find("data") : nullptr;
  if (answer.status != 200 || data == nullptr || data->as_array() == nullptr)
    return wrong("the products", operation, answer);
  for (const Json& product : *data->as_array()) {
    const std::string* name = text(product, "name");
    operation.toy = name == nullptr ? "" : *name;
    if (!take_product(product, operation)) return wrong("the products", operation, answer);
    shared_.recorder.add(operation);
    std::erase(missing, operation.toy);
  }
  operation.outcome = StoreOutcome::kNotFound;
  for (const std::string& toy : missing) {
    operation.toy = toy;
    shared_.recorder.add(operation);
  }
}

void Client::see_order(uint64_t number) {
  StoreOperation operation;
  operation.kind = StoreKind::kSeeOrder;
  operation.number = number;
  support::Answer answer;
  if (!look(fmt::format("/orders/{}", number), operation, answer)) return;
  if (answer.status == 404) {
    operation.outcome = StoreOutcome::kNotFound;
  } else {
    const auto json = wire::parse_json(answer.body);
    const Json* data = json ? json->find("data") : nullptr;
    if (data == nullptr || !take_order(*data, operation))
      return wrong("an order", operation, answer);
  }
  shared_.recorder.add(std::move(operation));
}

void Client::wrong(const std::string& what, const StoreOperation& operation,
                   const support::Answer& answer) {
  shared_.recorder.wrong(fmt::format("{}: {} {}, {}", what, answer.status,
                                     answer.body.substr(0, 300), history::describe(operation)));
}

}  // namespace tandem::torture::store
