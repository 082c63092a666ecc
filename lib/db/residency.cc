#include "db/residency.h"

#include <algorithm>
#include <utility>

namespace tandem::db {
namespace {

int compare_bounds(const std::optional<Value>& a, const std::optional<Value>& b) {
  if (!a || !b) return static_cast<int>(a.has_value()) - static_cast<int>(b.has_value());
  return compare(*a, *b);
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

bool Residency::has(const Value& key) {
  if (knows(key)) return true;
  ++misses_;
  missing_keys_.insert(key);
  return false;
}

bool Residency::has(const Range& range) {
  if (covers(range)) return true;
  ++misses_;
  missing_ranges_.insert(range);
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
  missing_keys_.erase(key);
  if (!all_) keys_.insert(key);
}

void Residency::know(const Range& range) {
  missing_ranges_.erase(range);
  if (range.whole_table()) {
    all_ = true;
    missing_keys_.clear();
    missing_ranges_.clear();
  } else {
    ranges_.insert(range);
  }
}

void Residency::clear() {
  Residency empty(rows_);
  empty.spread_ = std::move(spread_);
  *this = std::move(empty);
}

}  // namespace tandem::db
