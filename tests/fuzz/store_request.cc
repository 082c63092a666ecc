// What clients and other processes ask of the toy store, read from text, and the CSV of its first
// toys: whatever comes is refused as bad input or is in range, and what is read is written as a
// text that reads the same again.
#include "fuzz/fuzz.h"
#include "toys/catalog.h"
#include "toys/intent_id.h"
#include "toys/orders.h"
#include "toys/price.h"
#include "toys/request.h"
#include "toys/subscriptions.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

template <typename T>
bool read(const Result<T>& result) {
  CHECK(result || result.error().kind == ErrorKind::kBadInput);
  CHECK(result || !result.error().message.empty());
  return result.has_value();
}

void check_new_toy(const toys::NewToy& toy) {
  CHECK(toys::check_name(toy.name).has_value());
  CHECK(toy.quantity >= 0 && toy.quantity <= toys::kMaxQuantity);
  CHECK(toy.price_cents >= 0 && toy.price_cents <= toys::kMaxPriceCents);
  const auto again = toys::parse_price(toys::format_price(toy.price_cents), "price");
  CHECK(again && *again == toy.price_cents);
}

void read_bodies(std::string_view text) {
  if (const auto purchase = toys::parse_purchase(text); read(purchase)) {
    CHECK(toys::check_name(purchase->name).has_value());
    CHECK(purchase->quantity >= 1 && purchase->quantity <= toys::kMaxQuantity);
  }
  if (const auto toy = toys::parse_new_toy(text); read(toy)) check_new_toy(*toy);
  if (const auto price = toys::parse_new_price(text); read(price)) {
    check_new_toy({price->name, price->price_cents, 0});
  }
  if (const auto name = toys::parse_toy_name(text); read(name)) {
    CHECK(toys::check_name(*name).has_value());
  }
  read(toys::parse_order_number(text));
  read(toys::Orders::intent_of(text));
  if (const auto id = toys::parse_intent_id(text); read(id)) CHECK(toys::to_text(*id) == text);
  if (const auto cents = toys::parse_price(text, "price"); read(cents)) {
    CHECK(toys::parse_price(toys::format_price(*cents), "price") == *cents);
  }
}

void read_messages(std::string_view text) {
  if (const auto take = toys::parse_take(text); read(take)) {
    const std::string written = toys::to_json(*take);
    const auto again = toys::parse_take(written);
    CHECK_MSG(again && toys::to_json(*again) == written, written);
  }
  if (const auto poll = toys::parse_poll(text); read(poll)) {
    const std::string written = toys::to_json(*poll);
    const auto again = toys::parse_poll(written);
    CHECK_MSG(again && toys::to_json(*again) == written, written);
  }
  if (const auto push = toys::parse_push(text); read(push)) {
    const std::string written = toys::to_json(*push);
    const auto again = toys::parse_push(written);
    CHECK_MSG(again && toys::to_json(*again) == written, written);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  read_bodies(text);
  read_messages(text);
  if (const auto csv = toys::parse_toys_csv(text); read(csv)) {
    for (const toys::NewToy& toy : *csv) check_new_toy(toy);
  }
  return 0;
}
