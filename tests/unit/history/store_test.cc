#include "history/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace tandem::history {
namespace {

using Problems = std::vector<Problem>;

// --- what a test's history is made of: times are small numbers, Tux is the toy, 10 of it at 1.00
// ---

const FinalToy kTux{"Tux", 100, 10, 10, 0, 0};

StoreOperation make(StoreKind kind, Time called, Time returned) {
  StoreOperation o;
  o.client = 1;
  o.kind = kind;
  o.called = called;
  o.returned = returned;
  o.toy = "Tux";
  return o;
}

StoreOperation buy(Time called, Time returned, int64_t quantity, uint64_t number) {
  StoreOperation o = make(StoreKind::kBuy, called, returned);
  o.quantity = quantity;
  o.number = number;
  o.key = "k" + std::to_string(called) + "-" + std::to_string(number);
  return o;
}

StoreOperation with(StoreOutcome outcome, StoreOperation o) {
  o.outcome = outcome;
  return o;
}

StoreOperation unknown(StoreOperation o) { return with(StoreOutcome::kUnknown, std::move(o)); }
StoreOperation out_of_stock(StoreOperation o) {
  return with(StoreOutcome::kOutOfStock, std::move(o));
}
StoreOperation not_found(StoreOperation o) { return with(StoreOutcome::kNotFound, std::move(o)); }

StoreOperation see(Time called, Time returned, int64_t quantity, int64_t price = 100) {
  StoreOperation o = make(StoreKind::kSee, called, returned);
  o.shown = {price, quantity};
  return o;
}

StoreOperation restock(Time called, Time returned, int64_t quantity, int64_t shown) {
  StoreOperation o = make(StoreKind::kRestock, called, returned);
  o.quantity = quantity;
  o.shown = {100, shown};
  return o;
}

StoreOperation set_price(Time called, Time returned, int64_t price, int64_t shown = 10) {
  StoreOperation o = make(StoreKind::kPrice, called, returned);
  o.price = price;
  o.shown = {price, shown};
  return o;
}

StoreOperation add(Time called, Time returned, int64_t quantity, int64_t price) {
  StoreOperation o = make(StoreKind::kAdd, called, returned);
  o.quantity = quantity;
  o.price = price;
  o.shown = {price, quantity};
  return o;
}

StoreOperation see_order(Time called, Time returned, uint64_t number, int64_t quantity) {
  StoreOperation o = make(StoreKind::kSeeOrder, called, returned);
  o.number = number;
  o.quantity = quantity;
  return o;
}

StoreOperation same_key(StoreOperation o, const StoreOperation& as) {
  o.kind = StoreKind::kBuyAgain;
  o.key = as.key;
  return o;
}

Problems problems(const std::vector<Violation>& violations) {
  Problems found;
  for (const Violation& violation : violations) {
    EXPECT_FALSE(violation.key.empty());
    EXPECT_FALSE(violation.text.empty());
    found.push_back(violation.problem);
  }
  return found;
}

// --- orders ---

Problems of_orders(const StoreHistory& history, const std::vector<FinalOrder>& orders) {
  return problems(check_orders(history, orders));
}

TEST(Orders, RightOnes) {
  const StoreOperation first = buy(0, 4, 1, 1);
  EXPECT_EQ(of_orders({}, {}), Problems{});
  EXPECT_EQ(of_orders({first, buy(1, 3, 2, 0), same_key(buy(8, 9, 1, 1), first),
                       out_of_stock(buy(5, 6, 99, 0)), see_order(5, 6, 1, 1),
                       not_found(see_order(0, 1, 0, 0)), unknown(buy(5, 0, 3, 0)),
                       unknown(buy(6, 0, 3, 0))},
                      {{"Tux", 2}, {"Tux", 1}, {"Tux", 3}}),
            Problems{});
}

TEST(Orders, Lost) {
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0)}, {}), Problems{Problem::kLost});
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0), unknown(buy(0, 0, 2, 0))}, {{"Tux", 2}}),
            Problems{Problem::kLost});
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0), unknown(buy(0, 0, 1, 0))}, {{"Lego", 1}}),
            (Problems{Problem::kLost, Problem::kDoubled}));
}

TEST(Orders, ANumberGivenTwice) {
  EXPECT_EQ(of_orders({buy(0, 4, 1, 0), buy(1, 3, 1, 0)}, {{"Tux", 1}}),
            Problems{Problem::kDoubled});
}

TEST(Orders, AKeyWithTwoOutcomes) {
  const StoreOperation first = buy(0, 1, 1, 0);
  EXPECT_EQ(of_orders({first, same_key(buy(2, 3, 1, 1), first), unknown(buy(0, 0, 1, 0))},
                      {{"Tux", 1}, {"Tux", 1}}),
            Problems{Problem::kDoubled});
  EXPECT_EQ(of_orders({first, same_key(out_of_stock(buy(2, 3, 1, 0)), first)}, {{"Tux", 1}}),
            Problems{Problem::kDoubled});
}

TEST(Orders, MoreThanWereAskedFor) {
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0)}, {{"Tux", 1}, {"Tux", 1}}), Problems{Problem::kDoubled});
  EXPECT_EQ(of_orders({}, {{"Tux", 1}}), Problems{Problem::kDoubled});
}

TEST(Orders, AgainstTime) {
  EXPECT_EQ(of_orders({buy(0, 1, 1, 1), buy(2, 3, 1, 0)}, {{"Tux", 1}, {"Tux", 1}}),
            Problems{Problem::kOrder});
  EXPECT_EQ(of_orders({buy(0, 2, 1, 1), buy(2, 3, 1, 0)}, {{"Tux", 1}, {"Tux", 1}}), Problems{});
}

TEST(Orders, Shown) {
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0), not_found(see_order(2, 3, 0, 0))}, {{"Tux", 1}}),
            Problems{Problem::kStale});
  EXPECT_EQ(of_orders({buy(0, 1, 1, 0), see_order(0, 3, 0, 2)}, {{"Tux", 1}}),
            Problems{Problem::kPhantom});
  EXPECT_EQ(of_orders({see_order(0, 3, 0, 2)}, {}), Problems{Problem::kPhantom});
}

// --- stock ---

Problems of_stock(const StoreHistory& history, const FinalToy& toy,
                  const std::vector<FinalOrder>& orders) {
  return problems(check_stock(history, std::vector{kTux}, std::vector<FinalToy>{toy}, orders, 100));
}

TEST(Stock, RightOnes) {
  EXPECT_EQ(of_stock({}, kTux, {}), Problems{});
  EXPECT_EQ(
      of_stock({restock(0, 1, 5, 15)}, {"Tux", 100, 102, 10, 105, 13}, {{"Tux", 10}, {"Tux", 3}}),
      Problems{});
  EXPECT_EQ(of_stock({unknown(restock(0, 1, 5, 15))}, {"Tux", 100, 15, 10, 5, 0}, {}), Problems{});
}

TEST(Stock, Unbalanced) {
  const Problems unbalanced{Problem::kUnbalanced};
  EXPECT_EQ(of_stock({}, {"Tux", 100, 9, 10, 0, 0}, {}), unbalanced);
  EXPECT_EQ(of_stock({}, {"Tux", 100, 9, 10, 0, 1}, {}), unbalanced);
  EXPECT_EQ(of_stock({}, kTux, {{"Tux", 1}}), unbalanced);
  EXPECT_EQ(of_stock({}, {"Tux", 100, -1, 10, 0, 11}, {{"Tux", 11}}), unbalanced);
  EXPECT_EQ(of_stock({}, {"Tux", 100, 11, 11, 0, 0}, {}), unbalanced);
}

TEST(Stock, RestockedOtherThanOperatorsWereTold) {
  EXPECT_EQ(of_stock({restock(0, 1, 5, 15)}, kTux, {}), Problems{Problem::kUnbalanced});
  EXPECT_EQ(of_stock({restock(0, 1, 5, 15)}, {"Tux", 100, 20, 10, 10, 0}, {}),
            Problems{Problem::kUnbalanced});
}

TEST(Stock, ToysThatAreNotThere) {
  const std::vector<FinalOrder> orders{{"Lego", 1}};
  EXPECT_EQ(problems(check_stock({}, {}, {}, orders, 100)), Problems{Problem::kPhantom});
  EXPECT_EQ(problems(check_stock({}, std::vector{kTux}, {}, {}, 100)), Problems{Problem::kLost});
  EXPECT_EQ(problems(check_stock(StoreHistory{add(0, 1, 5, 100)}, {}, {}, {}, 100)),
            Problems{Problem::kLost});
}

// --- prices ---

Problems of_prices(const StoreHistory& history) {
  return problems(check_prices(history, std::vector{kTux}));
}

TEST(Prices, RightOnes) {
  EXPECT_EQ(of_prices({see(0, 1, 10), set_price(2, 5, 101), see(3, 4, 10), see(3, 4, 10, 101),
                       see(5, 6, 10), see(6, 7, 10, 101), unknown(set_price(8, 0, 102)),
                       see(9, 10, 10, 101), see(9, 10, 10, 102)}),
            Problems{});
}

TEST(Prices, Stale) {
  EXPECT_EQ(of_prices({set_price(2, 5, 101), see(6, 7, 10)}), Problems{Problem::kStale});
  EXPECT_EQ(of_prices({set_price(2, 5, 101), restock(6, 7, 1, 11)}), Problems{Problem::kStale});
}

TEST(Prices, Phantom) {
  EXPECT_EQ(of_prices({set_price(5, 6, 101), see(3, 4, 10, 101)}), Problems{Problem::kPhantom});
  EXPECT_EQ(of_prices({see(3, 4, 10, 99)}), Problems{Problem::kPhantom});
}

// --- products ---

Problems of_products(const StoreHistory& history, const ProductOptions& options = {}) {
  const Products found = check_products(history, std::vector{kTux}, options);
  EXPECT_TRUE(found.unknown.empty());
  for (const Violation& violation : found.violations) EXPECT_EQ(violation.key, "Tux");
  return problems(found.violations);
}

const Problems kNoneFound{};
const Problems kUnexplained{Problem::kNotLinearizable};

TEST(Products, Purchases) {
  EXPECT_EQ(of_products({see(0, 1, 10), buy(2, 3, 4, 0), see(4, 5, 6), buy(6, 7, 6, 1),
                         out_of_stock(buy(8, 9, 1, 0)), see(10, 11, 0)}),
            kNoneFound);
}

TEST(Products, StaleAfterAPurchase) {
  EXPECT_EQ(of_products({buy(2, 3, 4, 0), see(4, 5, 10)}), kUnexplained);
  EXPECT_EQ(of_products({buy(2, 4, 4, 0), see(4, 5, 10)}), kNoneFound);
}

TEST(Products, OneFrontMayShowAChangeUnderWayBeforeTheOther) {
  EXPECT_EQ(of_products({buy(0, 9, 4, 0), see(1, 2, 6), see(3, 4, 10)}), kNoneFound);
  EXPECT_EQ(of_products({buy(0, 2, 4, 0), see(1, 2, 6), see(3, 4, 10)}), kUnexplained);
}

TEST(Products, NothingIsShownBeforeItIsAskedFor) {
  EXPECT_EQ(of_products({see(0, 1, 6), buy(2, 3, 4, 0)}), kUnexplained);
}

TEST(Products, ConcurrentPurchases) {
  EXPECT_EQ(of_products({buy(0, 9, 1, 0), buy(0, 9, 2, 1), buy(0, 9, 3, 2), see(1, 2, 8),
                         see(3, 4, 5), see(5, 6, 10), see(10, 11, 4)}),
            kNoneFound);
  EXPECT_EQ(of_products({buy(0, 9, 2, 0), buy(0, 9, 2, 1), see(1, 2, 9)}), kUnexplained);
  // Each of them alone is possible, not one after the other: 8 is 2 taken, 7 is 3 taken.
  EXPECT_EQ(of_products({buy(0, 9, 2, 0), buy(0, 9, 3, 1), see(1, 2, 8), see(3, 4, 7)}),
            kUnexplained);
}

TEST(Products, OutOfStockMustHaveBeenTrue) {
  EXPECT_EQ(of_products({out_of_stock(buy(0, 1, 10, 0))}), kUnexplained);
  EXPECT_EQ(of_products({out_of_stock(buy(0, 1, 11, 0))}), kNoneFound);
  EXPECT_EQ(of_products({buy(0, 5, 1, 0), out_of_stock(buy(1, 2, 10, 0))}), kNoneFound);
}

TEST(Products, MoreSoldThanThereWas) {
  EXPECT_EQ(of_products({buy(0, 1, 6, 0), buy(2, 3, 5, 1)}), kUnexplained);
}

TEST(Products, Restocks) {
  EXPECT_EQ(of_products({restock(0, 1, 5, 15), see(2, 3, 15)}), kNoneFound);
  EXPECT_EQ(of_products({restock(0, 1, 5, 14)}), kUnexplained);
  EXPECT_EQ(of_products({restock(0, 1, 5, 15), see(2, 3, 10)}), kUnexplained);
}

TEST(Products, RestockedByItselfWhereNoneIsLeft) {
  const StoreHistory history{buy(0, 1, 10, 0),  see(2, 3, 0),    see(4, 5, 100),
                             buy(6, 7, 100, 1), buy(8, 9, 1, 2), see(10, 11, 99)};
  EXPECT_EQ(of_products(history), kNoneFound);
  EXPECT_EQ(of_products(history, {.restock_to = 50}), kUnexplained);
  EXPECT_EQ(of_products(history, {.restock_to = 0}), kUnexplained);
  EXPECT_EQ(of_products({see(2, 3, 100)}), kUnexplained);
}

TEST(Products, Prices) {
  EXPECT_EQ(of_products({set_price(0, 1, 101), see(2, 3, 10, 101)}), kNoneFound);
  EXPECT_EQ(of_products({set_price(0, 1, 101), see(2, 3, 10, 100)}), kUnexplained);
  // New price and old quantity.
  EXPECT_EQ(of_products({buy(0, 1, 1, 0), set_price(2, 9, 101, 9), see(4, 5, 10, 101)}),
            kUnexplained);
}

TEST(Products, AddedToys) {
  const auto of_new_toy = [](const StoreHistory& history) {
    return problems(check_products(history, {}, {}).violations);
  };
  EXPECT_EQ(of_new_toy({not_found(see(0, 1, 0)), add(2, 5, 7, 100), not_found(buy(3, 4, 1, 0)),
                        see(6, 7, 7)}),
            kNoneFound);
  EXPECT_EQ(of_new_toy({add(2, 5, 7, 100), not_found(see(6, 7, 0))}), kUnexplained);
  EXPECT_EQ(of_new_toy({add(2, 5, 7, 100), not_found(buy(6, 7, 1, 0))}), kUnexplained);
  EXPECT_EQ(of_new_toy({see(6, 7, 7), add(8, 9, 7, 100)}), kUnexplained);
}

TEST(Products, UnknownOutcomesMayComeLateOrNever) {
  EXPECT_EQ(of_products({unknown(buy(0, 0, 4, 0)), see(2, 3, 10)}), kNoneFound);
  EXPECT_EQ(of_products({unknown(buy(0, 0, 4, 0)), see(2, 3, 10), see(8, 9, 6)}), kNoneFound);
  EXPECT_EQ(of_products({unknown(buy(0, 0, 4, 0)), buy(1, 2, 1, 0), see(3, 4, 5), see(5, 6, 9)}),
            kNoneFound);
  EXPECT_EQ(of_products({unknown(buy(0, 0, 4, 0)), buy(1, 2, 1, 0), see(3, 4, 6)}), kUnexplained);
  EXPECT_EQ(of_products({unknown(restock(5, 0, 4, 0)), see(1, 2, 14)}), kUnexplained);
}

TEST(Products, Budget) {
  const Products found = check_products(StoreHistory{buy(0, 1, 4, 0), see(2, 3, 6)},
                                        std::vector{kTux}, {.steps_per_toy = 0});
  EXPECT_EQ(found.unknown, std::vector<std::string>{"Tux"});
}

// The same numbers everywhere: the distributions of the standard library differ.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  uint64_t below(uint64_t bound) { return engine_() % bound; }

 private:
  std::mt19937_64 engine_;
};

// A store that does everything right, with clients whose operations overlap at random, and answers
// that are as old as is allowed.
StoreHistory right_history(uint64_t seed) {
  Random random(seed);
  constexpr size_t kClients = 8;
  struct Moment {
    Time time;
    Shown state;
  };
  std::vector<Moment> states{{-1, {100, 10}}};
  struct Now {
    StoreOperation operation;
    int stage = 0;  // 1: called; 2: took effect
  };
  std::vector<Now> clients(kClients);
  StoreHistory history;
  uint64_t number = 0;
  for (Time time = 0; time < 1500; ++time) {
    Now& client = clients[random.below(kClients)];
    StoreOperation& o = client.operation;
    Shown state = states.back().state;
    if (random.below(1000) < 30 && state.quantity == 0)
      states.push_back({time, {state.price, 100}});
    if (client.stage == 0) {
      static constexpr StoreKind kKinds[] = {StoreKind::kBuy,     StoreKind::kBuy,
                                             StoreKind::kSee,     StoreKind::kSee,
                                             StoreKind::kRestock, StoreKind::kPrice};
      o = make(kKinds[random.below(std::size(kKinds))], time, 0);
      o.quantity = static_cast<int64_t>(1 + random.below(4));
      o.price = 100 + time;
      client.stage = 1;
    } else if (client.stage == 1) {
      state = states.back().state;
      client.stage = 2;
      if (o.kind == StoreKind::kSee) continue;
      if (o.kind == StoreKind::kBuy && state.quantity < o.quantity) {
        o.outcome = StoreOutcome::kOutOfStock;
        continue;
      }
      if (o.kind == StoreKind::kBuy) {
        state.quantity -= o.quantity;
        o.number = number++;
      }
      if (o.kind == StoreKind::kRestock) state.quantity += o.quantity;
      if (o.kind == StoreKind::kPrice) state.price = o.price;
      o.shown = state;
      states.push_back({time, state});
    } else {
      o.returned = time;
      if (o.kind == StoreKind::kSee) {
        // Any state from the one at its call on.
        auto first = std::upper_bound(states.begin(), states.end(), o.called,
                                      [](Time t, const Moment& m) { return t < m.time; });
        --first;
        const auto choices = static_cast<uint64_t>(states.end() - first);
        o.shown = (first + static_cast<int64_t>(random.below(choices)))->state;
      }
      history.push_back(o);
      client.stage = 0;
    }
  }
  for (Now& client : clients) {
    if (client.stage == 0 || client.operation.kind == StoreKind::kSee) continue;
    history.push_back(unknown(client.operation));
  }
  return history;
}

TEST(Products, NothingIsFoundInRightHistories) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const Products found = check_products(right_history(seed), std::vector{kTux});
    EXPECT_TRUE(found.unknown.empty()) << "seed " << seed;
    ASSERT_TRUE(found.violations.empty()) << "seed " << seed << ": " << found.violations[0].text;
  }
}

// What was shown two purchases later than it may be is found, mostly: the same state may have come
// again.
TEST(Products, OldAnswersAreFound) {
  size_t tried = 0;
  size_t noticed = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    StoreHistory history = right_history(seed);
    std::vector<size_t> seen;
    for (size_t i = 0; i < history.size(); ++i) {
      if (history[i].kind == StoreKind::kSee) seen.push_back(i);
    }
    if (seen.size() < 20) continue;
    history[seen[15]].shown = history[seen[5]].shown;
    ++tried;
    noticed += check_products(history, std::vector{kTux}).violations.empty() ? 0 : 1;
  }
  EXPECT_GT(tried, 50u);
  EXPECT_GT(noticed, tried * 8 / 10);
}

}  // namespace
}  // namespace tandem::history
