// check_products: for each toy, the set of all situations that the store may be in, carried along
// the calls and returns in time. A change is placed no earlier than some return asks for it (Lowe
// 2017, "just in time"), which loses no order. Showing a state changes nothing, so an answer is
// taken as explained as soon as a state fits, in whatever order the answers come.
//
// A state that a change has replaced may be shown until that change has returned. It is remembered
// for the answers to come, where one of those shows it.
#include <algorithm>
#include <bit>
#include <compare>
#include <limits>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "history/store.h"

namespace tandem::history {
namespace {

constexpr uint64_t kStepsBetweenLooks = 4096;
constexpr size_t kExplainedBefore = 6;
constexpr size_t kStatesShown = 4;
constexpr size_t kSlots = 64;
constexpr int64_t kNoToy = -1;  // as a price
constexpr Time kNever = std::numeric_limits<Time>::max();

struct State {
  int64_t price = kNoToy;
  int64_t quantity = 0;
  auto operator<=>(const State&) const = default;
};

bool is_change(const StoreOperation& o) {
  if (o.outcome == StoreOutcome::kUnknown) return true;
  return o.outcome == StoreOutcome::kDone &&
         (o.kind == StoreKind::kBuy || o.kind == StoreKind::kRestock ||
          o.kind == StoreKind::kPrice || o.kind == StoreKind::kAdd);
}

// The state after the change; nullopt where it cannot have happened here with this outcome.
std::optional<State> after(const StoreOperation& o, State state) {
  const bool is_there = state.price != kNoToy;
  switch (o.kind) {
    case StoreKind::kBuy:
      if (!is_there || state.quantity < o.quantity) return std::nullopt;
      state.quantity -= o.quantity;
      return state;
    case StoreKind::kRestock:
      if (!is_there) return std::nullopt;
      state.quantity += o.quantity;
      break;
    case StoreKind::kPrice:
      if (!is_there) return std::nullopt;
      state.price = o.price;
      break;
    case StoreKind::kAdd:
      if (is_there) return std::nullopt;
      state = {o.price, o.quantity};
      break;
    default:
      return std::nullopt;
  }
  const bool fits =
      o.outcome == StoreOutcome::kUnknown || o.shown == Shown{state.price, state.quantity};
  return fits ? std::optional(state) : std::nullopt;
}

bool explains(const State& state, const StoreOperation& o) {
  const bool is_there = state.price != kNoToy;
  if (o.outcome == StoreOutcome::kNotFound) return !is_there;
  if (o.outcome == StoreOutcome::kOutOfStock) return is_there && state.quantity < o.quantity;
  return is_there && o.shown == Shown{state.price, state.quantity};
}

// Bits for what is under way.
class Slots {
 public:
  // nullopt: too many at once.
  std::optional<size_t> take(size_t operation) {
    const auto free = static_cast<size_t>(std::countr_one(taken_));
    if (free >= kSlots) return std::nullopt;
    taken_ |= uint64_t{1} << free;
    operations_[free] = operation;
    return free;
  }
  void free(size_t slot) { taken_ &= ~(uint64_t{1} << slot); }
  size_t operation(size_t slot) const { return operations_[slot]; }
  uint64_t taken() const { return taken_; }

 private:
  uint64_t taken_ = 0;
  size_t operations_[kSlots] = {};
};

// Calls `visit` with the number of each bit that is set.
template <typename Visit>
void for_each_bit(uint64_t bits, Visit visit) {
  for (; bits != 0; bits &= bits - 1) visit(static_cast<size_t>(std::countr_zero(bits)));
}

class ToySearch {
 public:
  ToySearch(std::span<const StoreOperation> history, const std::vector<size_t>& operations,
            State start, const ProductOptions& options)
      : history_(history), options_(options) {
    for (const size_t i : operations) {
      events_.push_back({history[i].called, false, i});
      if (history[i].outcome != StoreOutcome::kUnknown)
        events_.push_back({history[i].returned, true, i});
    }
    // Calls first: equal times are concurrent.
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return std::pair(a.time, a.is_return) < std::pair(b.time, b.is_return);
    });
    for (const Event& event : events_) {
      if (!event.is_return && !is_change(history[event.operation]))
        answers_by_call_.push_back(event.operation);
    }
    add(situations_, {start, 0, {}}, 0);
  }

  Verdict run() {
    for (const Event& event : events_) {
      if (!event.is_return) {
        if (!on_call(event.operation)) return Verdict::kUnknown;
        continue;
      }
      before_ = situations_;
      if (!on_return(event.operation)) return Verdict::kUnknown;
      if (situations_.empty()) {
        stuck_ = event.operation;
        return Verdict::kViolated;
      }
      past_.push_back(event.operation);
    }
    return Verdict::kOk;
  }

  uint64_t steps() const { return steps_; }

  Violation explain(const std::string& toy) const {
    Violation violation{Problem::kNotLinearizable, toy, {}, {}};
    violation.text = "nothing explains this answer: " + describe(history_[stuck_]);
    violation.operations.push_back(stuck_);
    size_t shown = 0;
    for (const auto& [situation, answers] : before_) {
      if (++shown > kStatesShown) break;
      const State& state = situation.state;
      violation.text += "\n  possible before: ";
      violation.text += state.price == kNoToy ? "no such toy"
                                              : std::to_string(state.quantity) + " at " +
                                                    std::to_string(state.price) + " cents";
    }
    const size_t from = past_.size() > kExplainedBefore ? past_.size() - kExplainedBefore : 0;
    for (size_t i = from; i < past_.size(); ++i) append(violation, "\n  before it: ", past_[i]);
    for_each_bit(changes_.taken(), [&](size_t slot) {
      if (changes_.operation(slot) != stuck_)
        append(violation, "\n  beside it: ", changes_.operation(slot));
    });
    return violation;
  }

 private:
  struct Event {
    Time time;
    bool is_return;
    size_t operation;
  };
  // A state that changes under way have replaced, and when the first of them returns.
  struct Old {
    State state;
    Time until = 0;
    auto operator<=>(const Old&) const = default;
  };
  // What holds now, which of the changes under way are placed, what may still be shown.
  struct Situation {
    State state;
    uint64_t placed = 0;
    std::vector<Old> old;  // in the order of their states, each state once
    auto operator<=>(const Situation&) const = default;
  };
  // To which answers under way it has come by: only sets that none of the others contains.
  using Answers = std::vector<uint64_t>;
  using Situations = std::map<Situation, Answers>;

  // False where it says nothing new.
  static bool add(Situations& situations, const Situation& situation, uint64_t answers) {
    Answers& all = situations[situation];
    for (const uint64_t other : all) {
      if ((answers & ~other) == 0) return false;
    }
    std::erase_if(all, [&](uint64_t other) { return (other & ~answers) == 0; });
    all.push_back(answers);
    return true;
  }

  // False: too much is under way at once.
  bool on_call(size_t operation) {
    const StoreOperation& o = history_[operation];
    const bool change = is_change(o);
    const auto slot = (change ? changes_ : answers_).take(operation);
    if (!slot) return false;
    slot_of_[operation] = *slot;
    if (change) return true;
    ++answers_called_;
    for (auto& [situation, all] : situations_) {
      const auto may_show = [&](const Old& old) {
        return old.until >= o.called && explains(old.state, o);
      };
      if (!explains(situation.state, o) &&
          std::none_of(situation.old.begin(), situation.old.end(), may_show)) {
        continue;
      }
      for (uint64_t& answers : all) answers |= uint64_t{1} << *slot;
    }
    return true;
  }

  // False: out of budget.
  bool on_return(size_t operation) {
    const bool change = is_change(history_[operation]);
    const size_t slot = slot_of_.at(operation);
    slot_of_.erase(operation);
    const uint64_t bit = uint64_t{1} << slot;
    if (!keep_those_with(change ? bit : 0, change ? 0 : bit)) return false;
    // The bit will be somebody else's, and some states are history now.
    Situations cleared;
    for (const auto& [situation, all] : situations_) {
      Situation next = situation;
      if (change) next.placed &= ~bit;
      std::erase_if(next.old, [&](const Old& old) { return !will_be_shown(old); });
      for (const uint64_t answers : all) add(cleared, next, change ? answers : answers & ~bit);
    }
    situations_ = std::move(cleared);
    (change ? changes_ : answers_).free(slot);
    return true;
  }

  // Goes on from the situations that lack the bit until they have it. False: out of budget.
  bool keep_those_with(uint64_t change, uint64_t answer) {
    Situations kept;
    Situations seen;
    std::vector<std::pair<Situation, uint64_t>> to_do;
    const auto reach = [&](const Situation& situation, uint64_t answers) {
      if ((situation.placed & change) == change && (answers & answer) == answer) {
        add(kept, situation, answers);
      } else if (add(seen, situation, answers)) {
        to_do.emplace_back(situation, answers);
      }
    };
    for (const auto& [situation, all] : situations_) {
      for (const uint64_t answers : all) reach(situation, answers);
    }
    while (!to_do.empty()) {
      if (out_of_budget()) return false;
      const auto [situation, answers] = std::move(to_do.back());
      to_do.pop_back();
      for (const Situation& next : successors(situation)) {
        reach(next, answers | explained_by(next.state));
      }
    }
    situations_ = std::move(kept);
    return true;
  }

  // One change further.
  std::vector<Situation> successors(const Situation& from) const {
    std::vector<Situation> found;
    if (from.state.price != kNoToy && from.state.quantity == 0 && options_.restock_to > 0) {
      found.push_back(replaced(from, {from.state.price, options_.restock_to}, kNever, 0));
    }
    for_each_bit(changes_.taken() & ~from.placed, [&](size_t slot) {
      if (another_first(slot, from.placed)) return;
      const StoreOperation& o = history_[changes_.operation(slot)];
      const auto next = after(o, from.state);
      if (next) found.push_back(replaced(from, *next, end_of(o), uint64_t{1} << slot));
    });
    return found;
  }

  Situation replaced(const Situation& from, const State& state, Time until, uint64_t bit) const {
    Situation next{state, from.placed | bit, {}};
    std::vector<Old> all = from.old;
    all.push_back({from.state, until});
    for (Old& old : all) old.until = std::min(old.until, until);
    // Of one state, the last one: the one that may be shown longest.
    std::sort(all.begin(), all.end(), [](const Old& a, const Old& b) {
      return std::tie(a.state, b.until) < std::tie(b.state, a.until);
    });
    for (const Old& old : all) {
      const bool known =
          old.state == state || (!next.old.empty() && next.old.back().state == old.state);
      if (!known && will_be_shown(old)) next.old.push_back(old);
    }
    return next;
  }

  bool will_be_shown(const Old& old) const {
    for (size_t i = answers_called_; i < answers_by_call_.size(); ++i) {
      const StoreOperation& o = history_[answers_by_call_[i]];
      if (o.called > old.until) return false;
      if (explains(old.state, o)) return true;
    }
    return false;
  }

  // Purchases of the same quantity can change places: the one that returns first goes first.
  bool another_first(size_t slot, uint64_t placed) const {
    const StoreOperation& o = history_[changes_.operation(slot)];
    if (o.kind != StoreKind::kBuy) return false;
    bool found = false;
    for_each_bit(changes_.taken() & ~placed, [&](size_t other) {
      const StoreOperation& p = history_[changes_.operation(other)];
      if (p.kind != StoreKind::kBuy || p.quantity != o.quantity) return;
      found = found || std::pair(end_of(p), other) < std::pair(end_of(o), slot);
    });
    return found;
  }

  static Time end_of(const StoreOperation& o) {
    return o.outcome == StoreOutcome::kUnknown ? kNever : o.returned;
  }

  uint64_t explained_by(const State& state) const {
    uint64_t bits = 0;
    for_each_bit(answers_.taken(), [&](size_t slot) {
      if (explains(state, history_[answers_.operation(slot)])) bits |= uint64_t{1} << slot;
    });
    return bits;
  }

  bool out_of_budget() {
    ++steps_;
    if (steps_ > options_.steps_per_toy) return true;
    return steps_ % kStepsBetweenLooks == 0 && options_.out_of_time && options_.out_of_time();
  }

  void append(Violation& violation, const char* title, size_t operation) const {
    violation.text += title + describe(history_[operation]);
    violation.operations.push_back(operation);
  }

  std::span<const StoreOperation> history_;
  const ProductOptions& options_;
  std::vector<Event> events_;
  Slots changes_;
  Slots answers_;
  std::map<size_t, size_t> slot_of_;  // of what is under way
  std::vector<size_t> answers_by_call_;
  size_t answers_called_ = 0;
  Situations situations_;
  uint64_t steps_ = 0;
  // For people.
  Situations before_;
  std::vector<size_t> past_;
  size_t stuck_ = 0;
};

}  // namespace

Products check_products(std::span<const StoreOperation> history, std::span<const FinalToy> start,
                        const ProductOptions& options) {
  std::map<std::string, State> begins;
  for (const FinalToy& toy : start) begins[toy.name] = {toy.price, toy.start};
  std::map<std::string, std::vector<size_t>> toys;
  for (size_t i = 0; i < history.size(); ++i) {
    const StoreOperation& o = history[i];
    if (o.kind != StoreKind::kBuyAgain && o.kind != StoreKind::kSeeOrder) toys[o.toy].push_back(i);
  }
  Products result;
  result.toys = toys.size();
  for (const auto& [toy, operations] : toys) {
    const auto it = begins.find(toy);
    ToySearch search(history, operations, it == begins.end() ? State{} : it->second, options);
    const Verdict verdict = search.run();
    result.steps += search.steps();
    if (verdict == Verdict::kUnknown) result.unknown.push_back(toy);
    if (verdict == Verdict::kViolated) result.violations.push_back(search.explain(toy));
  }
  return result;
}

}  // namespace tandem::history
