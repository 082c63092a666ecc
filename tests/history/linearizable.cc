#include "history/linearizable.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace tandem::history {
namespace {

constexpr uint64_t kStepsBetweenLooks = 4096;
constexpr size_t kExplainedBefore = 5;

// The value of the object, and whether it was last set by an operation of unknown outcome that
// nothing has observed yet.
//
// Such an operation need only be ordered directly before one that observes it: followed by a blind
// write, or by nothing, it is left out, which changes no answer. That keeps the many operations of
// unknown outcome that a torture leaves behind from doubling the search each.
struct State {
  int64_t value = kAbsent;
  bool dangling = false;
};

// The state after the operation, false where it cannot have been carried out in this state with
// this outcome.
bool apply(const Operation& o, State& state) {
  const bool unknown = o.outcome == Outcome::kUnknown;
  switch (o.kind) {
    case Kind::kRead:
      state.dangling = false;
      return state.value == o.value;
    case Kind::kWrite:
      if (state.dangling) return false;
      state = {o.value, unknown};
      return true;
    case Kind::kCompareSet:
      if (o.outcome == Outcome::kMismatch) {
        state.dangling = false;
        return state.value != o.expected;
      }
      if (state.value != o.expected) return false;  // one without effect is left out
      state = {o.value, unknown};
      return true;
    case Kind::kIncrement:
      state = {(state.value == kAbsent ? 0 : state.value) + o.value, false};
      return true;
    default:
      return false;
  }
}

// Calls and returns of one key, in time, as a doubly linked list from which an operation that has
// found its place is lifted. An operation of unknown outcome has no return.
class Timeline {
 public:
  struct Event {
    size_t operation = 0;
    Event* previous = nullptr;
    Event* next = nullptr;
    Event* end = nullptr;  // of a call: its return
    bool is_call = false;
  };

  Timeline(std::span<const Operation> history, const std::vector<size_t>& operations) {
    struct Mark {
      Time time;
      bool is_return;  // calls first: equal times are concurrent
      size_t operation;
    };
    std::vector<Mark> marks;
    for (const size_t i : operations) {
      marks.push_back({history[i].called, false, i});
      if (history[i].outcome != Outcome::kUnknown) marks.push_back({history[i].returned, true, i});
    }
    std::stable_sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) {
      return std::pair(a.time, a.is_return) < std::pair(b.time, b.is_return);
    });
    events_.resize(marks.size() + 1);  // the first one is the head
    std::map<size_t, Event*> calls;
    for (size_t i = 0; i < marks.size(); ++i) {
      Event& event = events_[i + 1];
      event.operation = marks[i].operation;
      event.is_call = !marks[i].is_return;
      event.previous = &events_[i];
      events_[i].next = &event;
      if (event.is_call) {
        calls[event.operation] = &event;
      } else {
        calls[event.operation]->end = &event;
      }
    }
  }

  Event* first() { return events_.front().next; }

  static void lift(Event* call) {
    unlink(call);
    if (call->end != nullptr) unlink(call->end);
  }
  // The reverse, in the reverse order.
  static void put_back(Event* call) {
    if (call->end != nullptr) link(call->end);
    link(call);
  }

 private:
  static void unlink(Event* event) {
    event->previous->next = event->next;
    if (event->next != nullptr) event->next->previous = event->previous;
  }
  static void link(Event* event) {
    event->previous->next = event;
    if (event->next != nullptr) event->next->previous = event;
  }

  std::vector<Event> events_;  // never grows: the links stay good
};

// Which operations have found their place. Those that returned are numbered by their calls, so that
// the set is a run of ones with a short ragged end, and only that end is part of a memo.
class Placed {
 public:
  explicit Placed(size_t operations) : words_((operations + 63) / 64) {}
  void set(size_t i) { words_[i / 64] |= uint64_t{1} << (i % 64); }
  void clear(size_t i) { words_[i / 64] &= ~(uint64_t{1} << (i % 64)); }

  void write_to(std::string& memo) const {
    size_t from = 0;
    while (from < words_.size() && words_[from] == ~uint64_t{0}) ++from;
    size_t to = words_.size();
    while (to > from && words_[to - 1] == 0) --to;
    put(memo, from);
    put(memo, to);
    for (size_t i = from; i < to; ++i) put(memo, words_[i]);
  }

  static void put(std::string& memo, uint64_t word) {
    memo.append(reinterpret_cast<const char*>(&word), sizeof word);
  }

 private:
  std::vector<uint64_t> words_;
};

// The search for one key.
class Search {
 public:
  Search(std::span<const Operation> history, const std::vector<size_t>& operations,
         const LinearOptions& options)
      : history_(history),
        options_(options),
        timeline_(history, operations),
        placed_(operations.size()),
        maybe_placed_(operations.size()) {
    state_.value = options.initial;
    std::vector<size_t> by_call = operations;
    std::stable_sort(by_call.begin(), by_call.end(),
                     [&](size_t a, size_t b) { return history_[a].called < history_[b].called; });
    size_t unknown = 0;
    for (const size_t i : by_call) {
      if (history_[i].outcome == Outcome::kUnknown) {
        number_[i] = unknown++;
      } else {
        number_[i] = returns_++;
      }
    }
  }

  Verdict run() {
    Timeline::Event* event = timeline_.first();
    while (done_ < returns_) {
      if (out_of_budget()) return Verdict::kUnknown;
      if (event->is_call) {
        event = try_to_place(event) ? timeline_.first() : event->next;
        continue;
      }
      // What has returned must be placed before this; nothing that could come before it fits.
      note_dead_end(event);
      if (path_.empty()) return Verdict::kViolated;
      event = take_back()->next;
    }
    return Verdict::kOk;
  }

  uint64_t steps() const { return steps_; }

  Violation explain(const std::string& key) const {
    Violation violation{Problem::kNotLinearizable, key, {}, {}};
    violation.text = "after " + std::to_string(deepest_done_) + " operations the value is " +
                     (deepest_value_ == kAbsent ? "absent" : std::to_string(deepest_value_)) +
                     ", and no order lets this return: " + describe(history_[stuck_]);
    violation.operations.push_back(stuck_);
    append(violation, "\n  before it: ", deepest_path_);
    append(violation, "\n  beside it: ", beside_);
    return violation;
  }

 private:
  struct Step {
    Timeline::Event* call;
    State before;
  };

  bool out_of_budget() {
    ++steps_;
    if (steps_ > options_.steps_per_key) return true;
    return steps_ % kStepsBetweenLooks == 0 && options_.out_of_time && options_.out_of_time();
  }

  bool try_to_place(Timeline::Event* call) {
    State after = state_;
    const Operation& operation = history_[call->operation];
    if (!apply(operation, after)) return false;
    mark(call, true);
    std::string memo;
    placed_.write_to(memo);
    maybe_placed_.write_to(memo);
    Placed::put(memo, static_cast<uint64_t>(after.value));
    memo += after.dangling ? '1' : '0';
    if (!seen_.insert(std::move(memo)).second) {
      mark(call, false);
      return false;
    }
    path_.push_back({call, state_});
    state_ = after;
    Timeline::lift(call);
    return true;
  }

  Timeline::Event* take_back() {
    const Step step = path_.back();
    path_.pop_back();
    state_ = step.before;
    mark(step.call, false);
    Timeline::put_back(step.call);
    return step.call;
  }

  void mark(const Timeline::Event* call, bool placed) {
    const size_t number = number_.at(call->operation);
    const bool returns = call->end != nullptr;
    Placed& set = returns ? placed_ : maybe_placed_;
    if (placed) {
      set.set(number);
      done_ += returns ? 1 : 0;
    } else {
      set.clear(number);
      done_ -= returns ? 1 : 0;
    }
  }

  // The dead end with the most operations placed is the one that tells a person most.
  void note_dead_end(const Timeline::Event* end) {
    if (state_.dangling || (noted_ && done_ <= deepest_done_)) return;
    noted_ = true;
    deepest_done_ = done_;
    deepest_value_ = state_.value;
    stuck_ = end->operation;
    deepest_path_.clear();
    const size_t from = path_.size() > kExplainedBefore ? path_.size() - kExplainedBefore : 0;
    for (size_t i = from; i < path_.size(); ++i) deepest_path_.push_back(path_[i].call->operation);
    beside_.clear();
    for (Timeline::Event* e = timeline_.first(); e != end; e = e->next) {
      if (e->operation != stuck_) beside_.push_back(e->operation);
    }
  }

  void append(Violation& violation, const char* title, const std::vector<size_t>& these) const {
    for (const size_t i : these) {
      violation.text += title + describe(history_[i]);
      violation.operations.push_back(i);
    }
  }

  std::span<const Operation> history_;
  const LinearOptions& options_;
  Timeline timeline_;
  std::unordered_map<size_t, size_t> number_;  // of an operation in its set
  Placed placed_;
  Placed maybe_placed_;  // those of unknown outcome
  size_t returns_ = 0;
  size_t done_ = 0;  // of those that returned
  State state_;
  std::vector<Step> path_;
  std::unordered_set<std::string> seen_;
  uint64_t steps_ = 0;

  bool noted_ = false;
  size_t deepest_done_ = 0;
  int64_t deepest_value_ = kAbsent;
  size_t stuck_ = 0;
  std::vector<size_t> deepest_path_;
  std::vector<size_t> beside_;
};

bool is_checked(const Operation& o) {
  switch (o.kind) {
    case Kind::kRead:
      return o.outcome == Outcome::kOk && o.level == Level::kLinearizable;
    case Kind::kWrite:
    case Kind::kIncrement:
      return may_have_effect(o);
    case Kind::kCompareSet:
      return o.outcome != Outcome::kRefused;
    default:
      return false;
  }
}

}  // namespace

Verdict Linearity::verdict() const {
  if (!violations.empty()) return Verdict::kViolated;
  return unknown.empty() ? Verdict::kOk : Verdict::kUnknown;
}

Linearity check_linearizable(std::span<const Operation> history, const LinearOptions& options) {
  std::map<std::string, std::vector<size_t>> keys;
  for (size_t i = 0; i < history.size(); ++i) {
    if (is_checked(history[i])) keys[history[i].key].push_back(i);
  }
  Linearity result;
  result.keys = keys.size();
  for (const auto& [key, operations] : keys) {
    Search search(history, operations, options);
    const Verdict verdict = search.run();
    result.operations += operations.size();
    result.steps += search.steps();
    if (verdict == Verdict::kUnknown) result.unknown.push_back(key);
    if (verdict == Verdict::kViolated) result.violations.push_back(search.explain(key));
  }
  return result;
}

}  // namespace tandem::history
