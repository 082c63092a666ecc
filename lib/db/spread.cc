#include "db/spread.h"

#include <algorithm>

namespace tandem::db {
namespace {

constexpr double kUnknownDistinct = 200;  // as PostgreSQL guesses

bool less(const Value& a, const Value& b) { return compare(a, b) < 0; }

// How much of what the bounds divide lies below the value: whole parts, and half of its own.
double part_below(const std::vector<Value>& bounds, const Value& value) {
  const auto above = std::upper_bound(bounds.begin(), bounds.end(), value, less);
  const auto number = static_cast<double>(above - bounds.begin());
  return std::clamp((number - 0.5) / static_cast<double>(bounds.size() - 1), 0.0, 1.0);
}

}  // namespace

double ColumnSpread::part_equal(const Value& value) const {
  if (is_null(value)) return nulls;
  double rest = 1 - nulls;
  for (const auto& [often, part] : common) {
    if (compare(often, value) == 0) return part;
    rest -= part;
  }
  const double known = distinct > 0 ? distinct : kUnknownDistinct;
  return std::max(rest, 0.0) / std::max(known - static_cast<double>(common.size()), 1.0);
}

double ColumnSpread::part_between(const Value* low, const Value* high) const {
  if (low != nullptr && high != nullptr && less(*high, *low)) return 0;
  double rest = 1 - nulls;
  double part = 0;
  for (const auto& [often, its] : common) {
    rest -= its;
    const bool inside =
        (low == nullptr || !less(often, *low)) && (high == nullptr || !less(*high, often));
    if (inside) part += its;
  }
  rest = std::max(rest, 0.0);
  if (bounds.size() < 2) return part + rest;
  const double from = low == nullptr ? 0 : part_below(bounds, *low);
  const double to = high == nullptr ? 1 : part_below(bounds, *high);
  // Two bounds in one part are not nothing.
  return part + rest * std::max(to - from, 0.5 / static_cast<double>(bounds.size() - 1));
}

}  // namespace tandem::db
