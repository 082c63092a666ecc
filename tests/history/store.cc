#include "history/store.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace tandem::history {
namespace {

std::string money(int64_t cents) {
  const std::string rest = std::to_string(cents % 100);
  return std::to_string(cents / 100) + (rest.size() < 2 ? ".0" : ".") + rest;
}

std::string text_of(const StoreOperation& o) {
  return o.outcome == StoreOutcome::kDone && o.kind != StoreKind::kSeeOrder
             ? ": " + std::to_string(o.shown.quantity) + " at " + money(o.shown.price)
             : "";
}

std::string what(const StoreOperation& o) {
  const std::string some = std::to_string(o.quantity) + " " + o.toy;
  const std::string number = o.outcome == StoreOutcome::kDone ? std::to_string(o.number) : "?";
  switch (o.kind) {
    case StoreKind::kBuy:
      return "buy " + some + ", order " + number;
    case StoreKind::kBuyAgain:
      return "buy again " + some + ", order " + number;
    case StoreKind::kRestock:
      return "restock " + some + text_of(o);
    case StoreKind::kPrice:
      return "price of " + o.toy + " to " + money(o.price) + text_of(o);
    case StoreKind::kAdd:
      return "add " + some + " at " + money(o.price) + text_of(o);
    case StoreKind::kSee:
      return "see " + o.toy + text_of(o);
    case StoreKind::kSeeOrder:
      return "see order " + std::to_string(o.number) + ": " + some;
  }
  return "?";
}

bool is_purchase(const StoreOperation& o) {
  return o.kind == StoreKind::kBuy || o.kind == StoreKind::kBuyAgain;
}

bool is_bought(const StoreOperation& o) {
  return is_purchase(o) && o.outcome == StoreOutcome::kDone;
}

// Collects what the checks of one history find.
class Findings {
 public:
  explicit Findings(std::span<const StoreOperation> history) : history_(history) {}

  void add(Problem problem, const std::string& key, std::string text,
           std::vector<size_t> operations) {
    for (const size_t i : operations) text += "\n  " + describe(history_[i]);
    found_.push_back({problem, key, std::move(text), std::move(operations)});
  }
  std::vector<Violation> take() { return std::move(found_); }

 private:
  std::span<const StoreOperation> history_;
  std::vector<Violation> found_;
};

std::string name_of_order(uint64_t number) { return "order " + std::to_string(number); }

class OrderChecks {
 public:
  OrderChecks(std::span<const StoreOperation> history, std::span<const FinalOrder> orders)
      : history_(history), orders_(orders), findings_(history) {}

  std::vector<Violation> run() {
    check_numbers();
    check_keys();
    check_lost();
    check_counts();
    check_real_time();
    check_shown();
    return findings_.take();
  }

 private:
  bool is_as_final(const StoreOperation& o) const {
    return o.number < orders_.size() && orders_[o.number] == FinalOrder{o.toy, o.quantity};
  }

  void check_numbers() {
    std::map<uint64_t, size_t> first;
    for (size_t i = 0; i < history_.size(); ++i) {
      const StoreOperation& o = history_[i];
      if (!is_bought(o)) continue;
      const auto [it, is_first] = first.emplace(o.number, i);
      if (is_first || history_[it->second].key == o.key) continue;
      findings_.add(Problem::kDoubled, name_of_order(o.number), "two purchases got this number",
                    {it->second, i});
    }
  }

  void check_lost() {
    for (size_t i = 0; i < history_.size(); ++i) {
      const StoreOperation& o = history_[i];
      if (!is_bought(o) || is_as_final(o)) continue;
      const std::string there =
          o.number < orders_.size()
              ? "it is " + std::to_string(orders_[o.number].quantity) + " " + orders_[o.number].toy
              : "there are only " + std::to_string(orders_.size()) + " orders";
      findings_.add(Problem::kLost, name_of_order(o.number), there, {i});
    }
  }

  void check_keys() {
    std::map<std::string, size_t> first;
    for (size_t i = 0; i < history_.size(); ++i) {
      const StoreOperation& o = history_[i];
      if (!is_purchase(o) || o.outcome == StoreOutcome::kUnknown) continue;
      const auto [it, is_first] = first.emplace(o.key, i);
      const StoreOperation& before = history_[it->second];
      if (is_first || (before.outcome == o.outcome && before.number == o.number)) continue;
      findings_.add(Problem::kDoubled, "key " + o.key, "two outcomes", {it->second, i});
    }
  }

  // Orders tell no key; of each toy and quantity there must be as many as there are purchases.
  void check_counts() {
    struct Count {
      size_t orders = 0;
      size_t bought = 0;
      size_t unknown = 0;
    };
    std::map<std::pair<std::string, int64_t>, Count> counts;
    std::set<uint64_t> numbers;
    for (const FinalOrder& order : orders_) ++counts[{order.toy, order.quantity}].orders;
    for (const StoreOperation& o : history_) {
      if (o.kind != StoreKind::kBuy) continue;
      Count& count = counts[{o.toy, o.quantity}];
      if (o.outcome == StoreOutcome::kUnknown) ++count.unknown;
      if (o.outcome == StoreOutcome::kDone && numbers.insert(o.number).second) ++count.bought;
    }
    for (const auto& [what, count] : counts) {
      if (count.orders <= count.bought + count.unknown) continue;
      findings_.add(Problem::kDoubled,
                    "orders of " + std::to_string(what.second) + " " + what.first,
                    "there are " + std::to_string(count.orders) + ", of " +
                        std::to_string(count.bought) + " acknowledged purchases and " +
                        std::to_string(count.unknown) + " of unknown outcome",
                    {});
    }
  }

  // The number is assigned between call and return.
  void check_real_time() {
    std::vector<size_t> by_call;
    for (size_t i = 0; i < history_.size(); ++i) {
      if (history_[i].kind == StoreKind::kBuy && is_bought(history_[i])) by_call.push_back(i);
    }
    std::vector<size_t> by_return = by_call;
    const auto sort = [&](std::vector<size_t>& these, Time StoreOperation::*time) {
      std::stable_sort(these.begin(), these.end(),
                       [&](size_t a, size_t b) { return history_[a].*time < history_[b].*time; });
    };
    sort(by_call, &StoreOperation::called);
    sort(by_return, &StoreOperation::returned);
    std::optional<size_t> highest;  // of those that had returned
    auto next = by_return.begin();
    for (const size_t i : by_call) {
      for (; next != by_return.end() && history_[*next].returned < history_[i].called; ++next) {
        if (!highest || history_[*next].number > history_[*highest].number) highest = *next;
      }
      if (!highest || history_[*highest].number <= history_[i].number) continue;
      findings_.add(Problem::kOrder, name_of_order(history_[i].number),
                    "asked for after a higher number had been answered", {*highest, i});
    }
  }

  void check_shown() {
    std::map<uint64_t, size_t> answered;  // the first to be told of each number
    for (size_t i = 0; i < history_.size(); ++i) {
      if (!is_bought(history_[i])) continue;
      const auto [it, is_first] = answered.emplace(history_[i].number, i);
      if (!is_first && history_[i].returned < history_[it->second].returned) it->second = i;
    }
    for (size_t i = 0; i < history_.size(); ++i) {
      const StoreOperation& o = history_[i];
      if (o.kind != StoreKind::kSeeOrder) continue;
      if (o.outcome == StoreOutcome::kDone && !is_as_final(o)) {
        findings_.add(Problem::kPhantom, name_of_order(o.number), "not what it is in the end", {i});
      }
      const auto it = answered.find(o.number);
      if (o.outcome == StoreOutcome::kNotFound && it != answered.end() &&
          history_[it->second].returned < o.called) {
        findings_.add(Problem::kStale, name_of_order(o.number), "not found after it was answered",
                      {it->second, i});
      }
    }
  }

  std::span<const StoreOperation> history_;
  std::span<const FinalOrder> orders_;
  Findings findings_;
};

// What the history knows of the prices of one toy.
struct Prices {
  struct Change {
    int64_t price;
    Time called;
    Time returned;
    size_t operation;
    bool unknown;
  };
  int64_t start = 0;
  bool at_start = false;  // else it was added
  std::vector<Change> changes;
};

bool shows_toy(const StoreOperation& o) {
  return o.outcome == StoreOutcome::kDone &&
         (o.kind == StoreKind::kSee || o.kind == StoreKind::kRestock ||
          o.kind == StoreKind::kPrice || o.kind == StoreKind::kAdd);
}

}  // namespace

std::string describe(const StoreOperation& o) {
  std::string text = "client " + std::to_string(o.client) + " [" + std::to_string(o.called) + ", ";
  text += o.outcome == StoreOutcome::kUnknown ? "?" : std::to_string(o.returned);
  text += "] " + what(o);
  if (o.outcome == StoreOutcome::kNotFound) text += ": not found";
  if (o.outcome == StoreOutcome::kOutOfStock) text += ": out of stock";
  if (o.outcome == StoreOutcome::kUnknown) text += ": unknown";
  if (!o.key.empty()) text += ", key " + o.key;
  if (!o.where.empty()) text += ", " + o.where;
  return text;
}

std::vector<Violation> check_orders(std::span<const StoreOperation> history,
                                    std::span<const FinalOrder> orders) {
  return OrderChecks(history, orders).run();
}

std::vector<Violation> check_stock(std::span<const StoreOperation> history,
                                   std::span<const FinalToy> start, std::span<const FinalToy> toys,
                                   std::span<const FinalOrder> orders, int64_t restock_to) {
  Findings findings(history);
  std::map<std::string, int64_t> ordered;
  for (const FinalOrder& order : orders) ordered[order.toy] += order.quantity;
  struct Told {
    int64_t start = 0;
    int64_t restocked = 0;
    bool exact = true;
    bool must_be = false;
  };
  std::map<std::string, Told> told;
  for (const FinalToy& toy : start) told[toy.name] = {toy.start, 0, true, true};
  for (const StoreOperation& o : history) {
    const bool done = o.outcome == StoreOutcome::kDone;
    if (o.kind == StoreKind::kRestock && done) told[o.toy].restocked += o.quantity;
    if (o.kind == StoreKind::kRestock && o.outcome == StoreOutcome::kUnknown)
      told[o.toy].exact = false;
    if (o.kind == StoreKind::kAdd && o.outcome != StoreOutcome::kNotFound) {
      told[o.toy].start = o.quantity;
      told[o.toy].must_be = done;
    }
  }
  std::set<std::string> found;
  for (const FinalToy& toy : toys) {
    found.insert(toy.name);
    const auto wrong = [&](const std::string& text) {
      findings.add(Problem::kUnbalanced, toy.name,
                   text + ": start " + std::to_string(toy.start) + ", restocked " +
                       std::to_string(toy.restocked) + ", stock " + std::to_string(toy.stock) +
                       ", sold " + std::to_string(toy.sold) + ", ordered " +
                       std::to_string(ordered[toy.name]),
                   {});
    };
    const Told& known = told[toy.name];
    if (toy.stock < 0 || toy.sold < 0 || toy.restocked < 0) wrong("negative");
    if (toy.start != known.start) wrong("it began with " + std::to_string(known.start));
    if (toy.start + toy.restocked != toy.stock + toy.sold) wrong("the sums differ");
    if (toy.sold != ordered[toy.name]) wrong("sold is not what was ordered");
    const int64_t by_itself = toy.restocked - known.restocked;
    if (by_itself < 0 ||
        (known.exact && (restock_to > 0 ? by_itself % restock_to : by_itself) != 0)) {
      wrong("operators restocked " + std::to_string(known.restocked));
    }
  }
  for (const auto& [name, known] : told) {
    if (known.must_be && !found.contains(name))
      findings.add(Problem::kLost, name, "there is no such toy in the end", {});
  }
  for (const auto& [name, quantity] : ordered) {
    if (!found.contains(name))
      findings.add(Problem::kPhantom, name, "ordered, and there is no such toy", {});
  }
  return findings.take();
}

std::vector<Violation> check_prices(std::span<const StoreOperation> history,
                                    std::span<const FinalToy> start) {
  Findings findings(history);
  std::map<std::string, Prices> all;
  for (const FinalToy& toy : start) {
    all[toy.name].start = toy.price;
    all[toy.name].at_start = true;
  }
  for (size_t i = 0; i < history.size(); ++i) {
    const StoreOperation& o = history[i];
    const bool is_change = o.kind == StoreKind::kPrice || o.kind == StoreKind::kAdd;
    if (!is_change || o.outcome == StoreOutcome::kNotFound) continue;
    all[o.toy].changes.push_back(
        {o.price, o.called, o.returned, i, o.outcome == StoreOutcome::kUnknown});
  }
  for (size_t i = 0; i < history.size(); ++i) {
    const StoreOperation& o = history[i];
    if (!shows_toy(o)) continue;
    const Prices& prices = all[o.toy];
    bool known = prices.at_start && prices.start == o.shown.price;
    std::optional<size_t> newer;
    for (const Prices::Change& change : prices.changes) {
      if (change.price == o.shown.price && change.called <= o.returned) known = true;
      if (!change.unknown && change.returned < o.called && change.price > o.shown.price)
        newer = change.operation;
    }
    if (!known) findings.add(Problem::kPhantom, o.toy, "nobody has set this price", {i});
    if (newer) {
      findings.add(Problem::kStale, o.toy, "older than a price that was answered before",
                   {*newer, i});
    }
  }
  return findings.take();
}

}  // namespace tandem::history
