#include "db/plan.h"

#include <algorithm>

namespace tandem::db {

Plan::Plan(const Table& table, const Where& where)
    : table_(table), where_(where), weight_(where.weight()) {
  if (where.terms.empty() || choose_keys() || choose_index()) return;
  bound(table.key());
  if (low_ != nullptr || high_ != nullptr) access_ = Access::kKeyRange;
}

uint64_t Plan::rows() const {
  if (table_.is_partial()) return expected_rows();
  const auto bounds = [](const Value* const& bound) {
    return PrefixView(&bound, bound == nullptr ? 0 : 1);
  };
  const RowTree& tree = table_.rows();
  switch (access_) {
    case Access::kKeys:
      return equal_.size();
    case Access::kIndex:
      return index_->count(equal_, low_, high_);
    case Access::kKeyRange: {
      const size_t to = high_ == nullptr ? tree.size() : tree.count_below(bounds(high_), true);
      const size_t from = low_ == nullptr ? 0 : tree.count_below(bounds(low_), false);
      return to > from ? to - from : 0;
    }
    case Access::kScan:
      return tree.size();
  }
  return 0;
}

// Never less than one: something is looked at. Columns are taken for independent of each other.
uint64_t Plan::expected_rows() const {
  if (access_ == Access::kKeys) return equal_.size();
  if (access_ == Access::kScan) return table_.row_count();
  static const ColumnSpread kUnknown;
  const TableSpread* spread = table_.spread();
  const auto of = [&](size_t column) -> const ColumnSpread& {
    return spread == nullptr || column >= spread->size() ? kUnknown : (*spread)[column];
  };
  double part = 1;
  size_t next = table_.key();
  if (access_ == Access::kIndex) {
    const std::vector<size_t>& columns = index_->columns();
    const bool one = index_->unique() && equal_.size() == columns.size() &&
                     std::none_of(equal_.begin(), equal_.end(),
                                  [](const Value* value) { return is_null(*value); });
    if (one) return 1;
    for (size_t i = 0; i < equal_.size(); ++i) part *= of(columns[i]).part_equal(*equal_[i]);
    if (equal_.size() < columns.size()) next = columns[equal_.size()];
  }
  if (low_ != nullptr || high_ != nullptr) part *= of(next).part_between(low_, high_);
  return std::max<uint64_t>(1,
                            static_cast<uint64_t>(part * static_cast<double>(table_.row_count())));
}

bool Plan::finds_nothing_else() const {
  return std::all_of(where_.terms.begin(), where_.terms.end(), [this](const Term& term) {
    switch (access_) {
      case Access::kKeys:
        return where_.terms.size() == 1;
      case Access::kIndex: {
        const std::vector<size_t>& columns = index_->columns();
        const auto place = static_cast<size_t>(
            std::find(columns.begin(), columns.end(), term.column) - columns.begin());
        if (place < equal_.size()) return &term.value == equal_[place];
        return place == equal_.size() && (&term.value == low_ || &term.value == high_);
      }
      case Access::kKeyRange:
        return &term.value == low_ || &term.value == high_;
      case Access::kScan:
        return false;
    }
    return false;
  });
}

const Term* Plan::equality(size_t column) const {
  for (const Term& term : where_.terms) {
    if (term.column == column && term.op == Operator::kEq) return &term;
  }
  return nullptr;
}

// Takes the tightest bounds that the terms put on a column.
void Plan::bound(size_t column) {
  low_ = high_ = nullptr;
  for (const Term& term : where_.terms) {
    if (term.column != column) continue;
    const bool from = term.op == Operator::kGt || term.op == Operator::kGe;
    const bool to = term.op == Operator::kLt || term.op == Operator::kLe;
    if (from && (low_ == nullptr || compare(term.value, *low_) > 0)) low_ = &term.value;
    if (to && (high_ == nullptr || compare(term.value, *high_) < 0)) high_ = &term.value;
  }
}

bool Plan::choose_keys() {
  for (const Term& term : where_.terms) {
    if (term.column != table_.key()) continue;
    if (term.op == Operator::kEq) {
      equal_ = {&term.value};
    } else if (term.op == Operator::kIn) {
      equal_.clear();
      for (const Value& value : term.values) equal_.push_back(&value);
    } else {
      continue;
    }
    access_ = Access::kKeys;
    if (term.op == Operator::kEq) break;
  }
  return access_ == Access::kKeys;
}

// The index of which most columns are fixed; a range on the next one breaks a tie.
bool Plan::choose_index() {
  size_t best = 0;
  for (const Index& index : table_.indexes()) {
    Prefix equal;
    for (const size_t column : index.columns()) {
      const Term* term = equality(column);
      if (term == nullptr) break;
      equal.push_back(&term->value);
    }
    low_ = high_ = nullptr;
    if (equal.size() < index.columns().size()) bound(index.columns()[equal.size()]);
    const size_t worth = 2 * equal.size() + (low_ != nullptr || high_ != nullptr ? 1 : 0);
    if (worth <= best) continue;
    best = worth;
    index_ = &index;
    equal_ = std::move(equal);
  }
  low_ = high_ = nullptr;
  if (index_ == nullptr) return false;
  access_ = Access::kIndex;
  if (equal_.size() < index_->columns().size()) bound(index_->columns()[equal_.size()]);
  return true;
}

// All of the keys are looked for, whether or not one is missing. A range may be asked for by many
// commands, so that one that is small is fetched as a whole.
bool Plan::all_here(uint64_t wanted) const {
  if (!table_.is_partial()) return true;
  if (access_ != Access::kKeys) {
    const bool leaves_rows = wanted != Residency::kAll || !finds_nothing_else();
    const bool by_where =
        !where_.terms.empty() && leaves_rows && expected_rows() > table_.small_range();
    return by_where ? table_.has(range(), where_, wanted) : table_.has(range());
  }
  bool all = true;
  for (const Value* key : equal_) all = !table_.find(*key).unknown && all;
  return all;
}

Range Plan::range() const {
  Range range;
  if (access_ == Access::kIndex) {
    range.index = static_cast<size_t>(index_ - table_.indexes().data());
    for (const Value* value : equal_) range.equal.push_back(*value);
  }
  if (low_ != nullptr) range.low = *low_;
  if (high_ != nullptr) range.high = *high_;
  return range;
}

bool Plan::gives_order(const std::vector<size_t>& columns) const {
  std::vector<size_t> given;
  if (access_ == Access::kIndex) given = index_->columns();
  given.push_back(table_.key());
  auto next = given.begin();
  const auto fixed = [this](size_t column) { return equality(column) != nullptr; };
  for (const size_t column : columns) {
    if (fixed(column)) continue;
    while (next != given.end() && *next != column && fixed(*next)) ++next;
    if (next == given.end() || *next != column) return false;
    if (column == table_.key()) return true;
    ++next;
  }
  while (next != given.end() && *next != table_.key() && fixed(*next)) ++next;
  return next != given.end() && *next == table_.key();
}

}  // namespace tandem::db
