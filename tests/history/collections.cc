// Sets and lists.
#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "history/checks.h"

namespace tandem::history {
namespace {

constexpr Time kNever = std::numeric_limits<Time>::max();
constexpr Time kNotYet = std::numeric_limits<Time>::min();

// What is known of one value of one set or list.
struct Element {
  size_t added_by = 0;
  Time called = kNever;      // when it was first to be added
  Time known = kNever;       // from then on every read must have it
  size_t known_by = 0;       // the operation that showed it
  Time last_seen = kNotYet;  // when the last read that has it was called
};

class Collection {
 public:
  Collection(std::span<const Operation> history, std::string key, std::vector<Violation>& found)
      : history_(history), key_(std::move(key)), found_(found) {}

  void take(size_t i) {
    const Operation& o = history_[i];
    if (may_have_effect(o)) {
      Element& element = elements_[o.value];
      if (o.called < element.called) {
        element.called = o.called;
        element.added_by = i;
      }
      if (o.outcome == Outcome::kOk) know(element, o.returned, i);
    } else if (o.outcome == Outcome::kOk &&
               (o.kind == Kind::kReadSet || o.kind == Kind::kReadList)) {
      reads_.push_back(i);
    }
  }

  void check_presence() {
    for (const size_t read : reads_) look_at(read);
    std::vector<std::pair<Time, int64_t>> by_known;
    for (const auto& [value, element] : elements_) by_known.emplace_back(element.known, value);
    std::sort(by_known.begin(), by_known.end());
    std::map<int64_t, size_t> missing;  // value -> the latest read that should have had it
    for (const size_t read : reads_) {
      if (history_[read].level == Level::kLinearizable) find_missing(read, by_known, missing);
    }
    for (const auto& [value, read] : missing) report_missing(value, read);
  }

  // Of two states of a set that only grows, one holds the other.
  void check_set_order() {
    std::vector<size_t> reads = strict_reads();
    for (size_t i = 1; i < reads.size(); ++i) {
      const auto& larger = history_[reads[i]].values;
      const std::unordered_set<int64_t> has(larger.begin(), larger.end());
      for (const int64_t value : history_[reads[i - 1]].values) {
        if (has.contains(value)) continue;
        report(Problem::kOrder,
               std::to_string(value) +
                   " is in one of two reads only, and the "
                   "other one has something else more",
               {reads[i - 1], reads[i]});
        break;
      }
    }
  }

  // Of two states of a list that only grows, one is the beginning of the other; and in the longest
  // the values stand as real time has them.
  void check_list_order() {
    const std::vector<size_t> reads = strict_reads();
    for (size_t i = 1; i < reads.size(); ++i) {
      const auto& shorter = history_[reads[i - 1]].values;
      const auto& longer = history_[reads[i]].values;
      if (!std::equal(shorter.begin(), shorter.end(), longer.begin())) {
        report(Problem::kOrder, "one read is not the beginning of the other",
               {reads[i - 1], reads[i]});
      }
    }
    if (!reads.empty()) check_real_time(reads.back());
  }

 private:
  static void know(Element& element, Time at, size_t by) {
    if (at >= element.known) return;
    element.known = at;
    element.known_by = by;
  }

  void look_at(size_t read) {
    const Operation& o = history_[read];
    std::unordered_set<int64_t> seen;
    for (const int64_t value : o.values) {
      if (!seen.insert(value).second) {
        report(Problem::kDoubled, std::to_string(value) + " is there twice", {read});
      }
      const auto it = elements_.find(value);
      if (it == elements_.end() || it->second.called > o.returned) {
        report(Problem::kPhantom, std::to_string(value) + " was read before it was written",
               {read});
        continue;
      }
      know(it->second, o.returned, read);
      if (o.level == Level::kLinearizable) {
        it->second.last_seen = std::max(it->second.last_seen, o.called);
      }
    }
  }

  void find_missing(size_t read, const std::vector<std::pair<Time, int64_t>>& by_known,
                    std::map<int64_t, size_t>& missing) {
    const Operation& o = history_[read];
    const std::unordered_set<int64_t> has(o.values.begin(), o.values.end());
    const auto end = std::lower_bound(by_known.begin(), by_known.end(),
                                      std::pair(o.called, std::numeric_limits<int64_t>::min()));
    const auto wanted = static_cast<size_t>(end - by_known.begin());
    size_t there = 0;
    for (const int64_t value : has) {
      const auto it = elements_.find(value);
      if (it != elements_.end() && it->second.known < o.called) ++there;
    }
    if (there == wanted) return;
    for (auto it = by_known.begin(); it != end; ++it) {
      if (has.contains(it->second)) continue;
      const auto [known, is_new] = missing.emplace(it->second, read);
      if (!is_new && history_[known->second].called < o.called) known->second = read;
    }
  }

  void report_missing(int64_t value, size_t read) {
    const Element& element = elements_.at(value);
    const bool seen_again = element.last_seen >= history_[read].called;
    std::vector<size_t> operations = {element.added_by};
    if (element.known_by != element.added_by) operations.push_back(element.known_by);
    operations.push_back(read);
    report(seen_again ? Problem::kStale : Problem::kLost,
           std::to_string(value) + (seen_again ? " is missing in a read that began later"
                                               : " is missing in the last read, too"),
           std::move(operations));
  }

  std::vector<size_t> strict_reads() const {
    std::vector<size_t> reads;
    for (const size_t read : reads_) {
      if (history_[read].level == Level::kLinearizable) reads.push_back(read);
    }
    std::stable_sort(reads.begin(), reads.end(), [this](size_t a, size_t b) {
      return history_[a].values.size() < history_[b].values.size();
    });
    return reads;
  }

  void check_real_time(size_t read) {
    size_t latest = 0;  // of what stands before, the one that was called last
    Time latest_called = kNotYet;
    std::unordered_set<int64_t> seen;
    for (const int64_t value : history_[read].values) {
      const auto it = elements_.find(value);
      if (it == elements_.end() || !seen.insert(value).second) continue;
      const size_t append = it->second.added_by;
      const Operation& o = history_[append];
      if (o.outcome == Outcome::kOk && o.returned < latest_called) {
        report(Problem::kOrder,
               std::to_string(value) + " stands behind what was appended after it was acknowledged",
               {append, latest, read});
      }
      if (o.called > latest_called) {
        latest_called = o.called;
        latest = append;
      }
    }
  }

  void report(Problem problem, std::string text, std::vector<size_t> operations) {
    for (const size_t i : operations) text += "\n  " + describe(history_[i]);
    found_.push_back({problem, key_, std::move(text), std::move(operations)});
  }

  std::span<const Operation> history_;
  const std::string key_;
  std::vector<Violation>& found_;
  std::unordered_map<int64_t, Element> elements_;
  std::vector<size_t> reads_;
};

std::vector<Violation> check(std::span<const Operation> history, Kind change, Kind read,
                             void (Collection::*check_order)()) {
  std::map<std::string, std::vector<size_t>> keys;
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i].kind == change || history[i].kind == read) keys[history[i].key].push_back(i);
  }
  std::vector<Violation> found;
  for (const auto& [key, operations] : keys) {
    Collection collection(history, key, found);
    for (const size_t i : operations) collection.take(i);
    collection.check_presence();
    (collection.*check_order)();
  }
  return found;
}

}  // namespace

std::vector<Violation> check_sets(std::span<const Operation> history) {
  return check(history, Kind::kAdd, Kind::kReadSet, &Collection::check_set_order);
}

std::vector<Violation> check_lists(std::span<const Operation> history) {
  return check(history, Kind::kAppend, Kind::kReadList, &Collection::check_list_order);
}

}  // namespace tandem::history
