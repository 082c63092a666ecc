#include "db/residency.h"

#include <algorithm>
#include <utility>

namespace tandem::db {
namespace {

int compare_bounds(const std::optional<Value>& a, const std::optional<Value>& b) {
  if (!a || !b) return static_cast<int>(a.has_value()) - static_cast<int>(b.has_value());
  return compare(*a, *b);
}

int compare_terms(const Term& a, const Term& b) {
  if (a.column != b.column) return a.column < b.column ? -1 : 1;
  if (a.op != b.op) return a.op < b.op ? -1 : 1;
  if (const int order = compare(a.value, b.value); order != 0) return order;
  if (a.values.size() != b.values.size()) return a.values.size() < b.values.size() ? -1 : 1;
  for (size_t i = 0; i < a.values.size(); ++i) {
    if (const int order = compare(a.values[i], b.values[i]); order != 0) return order;
  }
  return 0;
}

}  // namespace

bool RangeLess::operator()(const Range& a, const Range& b) const {
  if (a.index != b.index) return a.index < b.index;
  if (a.equal.size() != b.equal.size()) return a.equal.size() < b.equal.size();
  for (size_t i = 0; i < a.equal.size(); ++i) {
    if (const int order = compare(a.equal[i], b.equal[i]); order != 0) return order < 0;
  }
  if (const int order = compare_bounds(a.low, b.low); order != 0) return order < 0;
  return compare_bounds(a.high, b.high) < 0;
}

bool WhereLess::operator()(const Where& a, const Where& b) const {
  if (a.terms.size() != b.terms.size()) return a.terms.size() < b.terms.size();
  for (size_t i = 0; i < a.terms.size(); ++i) {
    if (const int order = compare_terms(a.terms[i], b.terms[i]); order != 0) return order < 0;
  }
  return false;
}

bool Residency::has(const Value& key) {
  if (knows(key)) return true;
  ++misses_;
  if (!misses_all()) missing_.keys.insert(key);
  return false;
}

bool Residency::has(const Range& range) {
  if (covers(range)) return true;
  ++misses_;
  if (range.whole_table()) missing_ = {};
  if (!misses_all()) missing_.ranges.insert(range);
  return false;
}

bool Residency::has_below(size_t index, const Value& key) {
  if (covers(Range{.index = index, .equal = {key}})) return true;
  ++misses_;
  if (!misses_all()) missing_.below[index].insert(key);
  return false;
}

// Of as many rows as were changed the Where may hold no more.
bool Residency::has(const Range& range, const Where& where, uint64_t wanted) {
  if (covers(range) || wheres_.contains(where)) return true;
  ++misses_;
  if (misses_all()) return false;
  uint64_t& noted = missing_.wheres[where];
  noted = std::max(noted, wanted == kAll ? kAll : wanted + changed_.size());
  return false;
}

// Also where fewer columns are fixed in one that is here.
bool Residency::covers(const Range& range) const {
  if (all_ || ranges_.contains(range)) return true;
  if (ranges_.empty()) return false;
  Range wider{.index = range.index, .equal = range.equal};
  while (!wider.equal.empty()) {
    if (ranges_.contains(wider)) return true;
    wider.equal.pop_back();
  }
  return range.index != Range::kByKey && ranges_.contains(wider);
}

void Residency::know(const Value& key) {
  missing_.keys.erase(key);
  if (!all_) keys_.insert(key);
}

void Residency::know(const Range& range) {
  missing_.ranges.erase(range);
  if (range.whole_table()) {
    all_ = true;
    missing_ = {};
  } else {
    ranges_.insert(range);
  }
}

void Residency::know_below(size_t index, const Value& key) {
  know(Range{.index = index, .equal = {key}});
  const auto missing = missing_.below.find(index);
  if (missing == missing_.below.end()) return;
  missing->second.erase(key);
  if (missing->second.empty()) missing_.below.erase(missing);
}

void Residency::know(const Where& where, uint64_t wanted, uint64_t found) {
  missing_.wheres.erase(where);
  if (!all_ && found < wanted) wheres_.insert(where);
}

void Residency::clear() {
  Residency empty(rows_, small_range_);
  empty.spread_ = std::move(spread_);
  *this = std::move(empty);
}

}  // namespace tandem::db
