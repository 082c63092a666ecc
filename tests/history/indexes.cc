// Sessions, and answers that name an index of the log.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>

#include "history/checks.h"

namespace tandem::history {
namespace {

class Finder {
 public:
  explicit Finder(std::span<const Operation> history) : history_(history) {}

  void report(Problem problem, std::string text, std::vector<size_t> operations) {
    for (const size_t i : operations) text += "\n  " + describe(history_[i]);
    found.push_back({problem, history_[operations.back()].key, std::move(text), operations});
  }

  std::vector<Violation> found;

 private:
  std::span<const Operation> history_;
};

bool is_read(Kind kind) {
  return kind == Kind::kRead || kind == Kind::kReadSet || kind == Kind::kReadList;
}

bool is_collection(Kind kind) {
  return kind == Kind::kAdd || kind == Kind::kAppend || kind == Kind::kReadSet ||
         kind == Kind::kReadList;
}

// What one session has had from one set or list: value -> the operation that showed it.
using Had = std::map<int64_t, size_t>;

void check_content(std::span<const Operation> history, size_t read, Had& had, Finder& finder) {
  const Operation& o = history[read];
  const std::unordered_set<int64_t> has(o.values.begin(), o.values.end());
  for (const auto& [value, shown_by] : had) {
    if (has.contains(value)) continue;
    finder.report(Problem::kWentBack,
                  std::to_string(value) + " is missing, which this session had added or seen",
                  {shown_by, read});
    break;
  }
  for (const int64_t value : o.values) had.emplace(value, read);
}

void check_session(std::span<const Operation> history, const std::vector<size_t>& operations,
                   Finder& finder) {
  size_t highest = 0;  // the operation with the highest index so far
  uint64_t index = 0;
  std::map<std::string, Had> collections;
  for (const size_t i : operations) {
    const Operation& o = history[i];
    if (o.outcome != Outcome::kOk) continue;
    if (is_read(o.kind) && o.index != 0 && o.index < index) {
      finder.report(Problem::kWentBack, "a read reflects less than an answer before it",
                    {highest, i});
    }
    if (o.index > index) {
      index = o.index;
      highest = i;
    }
    if (!is_collection(o.kind)) continue;
    if (is_read(o.kind)) {
      check_content(history, i, collections[o.key], finder);
    } else {
      collections[o.key].emplace(o.value, i);
    }
  }
}

// The acknowledged and the uncertain changes of one key, by the index of the log.
struct Changes {
  std::map<uint64_t, size_t> acknowledged;
  std::map<int64_t, uint64_t> index_of;  // of acknowledged values
  std::set<int64_t> uncertain;           // acknowledged without an index, or unknown
};

void check_register(std::span<const Operation> history, size_t read, const Changes& changes,
                    Finder& finder) {
  const Operation& o = history[read];
  if (changes.uncertain.contains(o.value)) return;
  const auto after = changes.acknowledged.upper_bound(o.index);
  if (after == changes.acknowledged.begin()) {
    if (o.value != kAbsent && changes.index_of.contains(o.value)) {
      finder.report(Problem::kWrongIndex, "a read shows what was written at a later index",
                    {changes.acknowledged.at(changes.index_of.at(o.value)), read});
    }
    return;
  }
  const size_t last = std::prev(after)->second;
  if (history[last].value == o.value) return;
  finder.report(Problem::kWrongIndex, "a read does not show the last write up to its index",
                {last, read});
}

void check_collection(std::span<const Operation> history, size_t read, const Changes& changes,
                      Finder& finder) {
  const Operation& o = history[read];
  const std::unordered_set<int64_t> has(o.values.begin(), o.values.end());
  for (const auto& [index, change] : changes.acknowledged) {
    const bool wanted = index <= o.index;
    if (has.contains(history[change].value) == wanted ||
        changes.uncertain.contains(history[change].value)) {
      continue;
    }
    finder.report(Problem::kWrongIndex,
                  wanted ? "a read lacks what was added up to its index"
                         : "a read has what was added at a later index",
                  {change, read});
    return;
  }
}

}  // namespace

std::vector<Violation> check_sessions(std::span<const Operation> history) {
  std::map<uint64_t, std::vector<size_t>> sessions;
  for (size_t i = 0; i < history.size(); ++i) {
    if (history[i].session != 0) sessions[history[i].session].push_back(i);
  }
  Finder finder(history);
  for (auto& [session, operations] : sessions) {
    std::stable_sort(operations.begin(), operations.end(),
                     [&](size_t a, size_t b) { return history[a].called < history[b].called; });
    check_session(history, operations, finder);
  }
  return std::move(finder.found);
}

std::vector<Violation> check_indexes(std::span<const Operation> history) {
  Finder finder(history);
  std::map<uint64_t, size_t> at;  // index -> the acknowledged change
  std::map<std::string, Changes> keys;
  std::set<std::string> counters;
  for (size_t i = 0; i < history.size(); ++i) {
    const Operation& o = history[i];
    if (!may_have_effect(o)) continue;
    if (o.kind == Kind::kIncrement) counters.insert(o.key);
    Changes& changes = keys[o.key];
    if (o.outcome != Outcome::kOk || o.index == 0) {
      changes.uncertain.insert(o.value);
      continue;
    }
    changes.acknowledged.emplace(o.index, i);
    changes.index_of.emplace(o.value, o.index);
    const auto [first, is_new] = at.emplace(o.index, i);
    if (!is_new) {
      finder.report(Problem::kWrongIndex, "two operations were answered with the same index",
                    {first->second, i});
    }
  }
  for (size_t i = 0; i < history.size(); ++i) {
    const Operation& o = history[i];
    if (!is_read(o.kind) || o.outcome != Outcome::kOk || o.index == 0) continue;
    if (o.kind != Kind::kRead) {
      check_collection(history, i, keys[o.key], finder);
    } else if (!counters.contains(o.key)) {
      check_register(history, i, keys[o.key], finder);
    }
  }
  return std::move(finder.found);
}

}  // namespace tandem::history
