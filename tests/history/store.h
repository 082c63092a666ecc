// What shoppers and operators did to a toy store and what they were told, and the checks of it.
// Pure values: no I/O, no clock, no thread.
//
// A change (purchase, restock, price, new toy) that was repeated with its Idempotency-Key is one
// operation, from the first call to the first clear answer. One without any clear answer is
// kUnknown: it may take effect at any time after its call, or never.
//
// The price of a toy only ever rises and one client alone changes it, so that a price tells how old
// an answer is.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "history/history.h"

namespace tandem::history {

enum class StoreKind : uint8_t {
  kBuy,       // `quantity` of `toy` were ordered; `number` is what it was answered
  kBuyAgain,  // an answered purchase was repeated with its key, and answered so
  kRestock,   // `quantity` were added; the answer showed the toy
  kPrice,     // `price` was set; the answer showed the toy
  kAdd,       // a new toy with `price` and `quantity`; the answer showed it
  kSee,       // the answer showed the toy
  kSeeOrder,  // the answer showed order `number`: `quantity` of `toy`
};

enum class StoreOutcome : uint8_t {
  kDone,
  kNotFound,    // no such toy, no such order
  kOutOfStock,  // of a purchase
  kUnknown,     // of a change
};

// A toy as an answer showed it.
struct Shown {
  int64_t price = 0;  // cents
  int64_t quantity = 0;
  bool operator==(const Shown&) const = default;
};

struct StoreOperation {
  uint32_t client = 0;
  StoreKind kind = StoreKind::kSee;
  StoreOutcome outcome = StoreOutcome::kDone;
  Time called = 0;
  Time returned = 0;  // without meaning where the outcome is kUnknown
  std::string toy;
  std::string key;       // of a change
  int64_t price = 0;     // asked for, cents
  int64_t quantity = 0;  // asked for
  uint64_t number = 0;   // of an order
  Shown shown;
  std::string where;  // who answered, for people
};

using StoreHistory = std::vector<StoreOperation>;

// One line: who, when, what, with which outcome.
std::string describe(const StoreOperation& operation);

// What the store holds in the end.
struct FinalOrder {
  std::string toy;
  int64_t quantity = 0;
  bool operator==(const FinalOrder&) const = default;
};
struct FinalToy {
  std::string name;
  int64_t price = 0;
  int64_t stock = 0;
  int64_t start = 0;
  int64_t restocked = 0;
  int64_t sold = 0;
  bool operator==(const FinalToy&) const = default;
};

// `orders` by number. Lost: an acknowledged purchase is not at its number as it was asked for;
// doubled: a number was given twice, a key has two outcomes, or there are more orders of a kind
// than purchases that can have made them; stale: an order was not found after its number had been
// answered; phantom: an order was shown that nobody has, or not as it is; order: a purchase that
// was answered before another one was asked for has the higher number.
std::vector<Violation> check_orders(std::span<const StoreOperation> history,
                                    std::span<const FinalOrder> orders);

// Unbalanced: start + restocked is not stock + sold, sold is not what the orders say, something is
// negative, or what operators were told was restocked, with whole automatic restocks (to
// `restock_to`, of a toy with none left), does not come to `restocked`. `start` is what each toy
// began with.
std::vector<Violation> check_stock(std::span<const StoreOperation> history,
                                   std::span<const FinalToy> start, std::span<const FinalToy> toys,
                                   std::span<const FinalOrder> orders, int64_t restock_to);

// By prices, which tell their age. Stale: an answer shows a price below one that was acknowledged
// before the request began; phantom: one that nobody had set by then.
std::vector<Violation> check_prices(std::span<const StoreOperation> history,
                                    std::span<const FinalToy> start);

struct ProductOptions {
  int64_t restock_to = 100;  // what a toy with none left may be restocked to at any time
  uint64_t steps_per_toy = 5'000'000;
  std::function<bool()> out_of_time{};  // asked every few thousand steps; empty: never
};

struct Products {
  size_t toys = 0;
  uint64_t steps = 0;
  std::vector<std::string> unknown;   // toys whose budget ran out
  std::vector<Violation> violations;  // at most one a toy
};

// Is there an order of the changes of each toy that explains every answer? A change takes effect
// between its call and its return. An answer shows what held at some moment between the call and
// the return of its request: it has every change that was answered before the request, and none
// that was asked for after its return. (That is all that the store promises: of two fronts, one may
// show a change that is under way while the other one does not yet.) "Out of stock" and "not found"
// are such answers, too.
Products check_products(std::span<const StoreOperation> history, std::span<const FinalToy> start,
                        const ProductOptions& options = {});

}  // namespace tandem::history
