// How the rows that a Where means are found: by key, by an index, by a range of keys, else by a
// look at every row. The choice depends on the Where and the schema alone, never on what is
// stored, so that every replica does the same work.
//
// Of a partial table it tells the cost as well, as far as that can be known without its rows: exact
// where every row has to be looked at, else expected of how the values are spread (spread.h). Where
// that is much, only rows are asked for that the Where means, and others do not come here.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "db/meter.h"
#include "db/residency.h"
#include "db/table.h"
#include "db/where.h"

namespace tandem::db {

// Both arguments must outlive the plan.
class Plan {
 public:
  Plan(const Table& table, const Where& where);

  // Visits every row for which the Where holds, until visit gives false or the meter has ended. Of
  // a table that has only a part of its rows: none, where it lacks one of those to be looked at.
  template <typename Visit>
  void visit(Meter& meter, Visit&& visit) const {
    if (all_here()) visit_here(meter, visit);
  }
  // Of those that are here, all or not.
  template <typename Visit>
  void visit_here(Meter& meter, Visit&& visit) const;
  // Whether all rows that visit() looks for are here. `wanted`: so many of those that the Where
  // means, or all, where it has to be asked for them.
  bool all_here(uint64_t wanted = Residency::kAll) const;
  // How many rows visit() looks at at most, with those that are there now; of a partial table an
  // estimate.
  uint64_t rows() const;
  // What that costs.
  uint64_t cost() const { return rows() * weight_; }

  // Whether visit() comes by the rows in the order of `columns`, then of the key.
  bool gives_order(const std::vector<size_t>& columns) const;
  // Whether it looks at rows by their keys alone.
  bool by_keys() const { return access_ == Access::kKeys; }
  // These. REQUIRES: by_keys().
  const Prefix& keys() const { return equal_; }
  // Whether every row has to be looked at.
  bool scans() const { return access_ == Access::kScan; }
  // Whether the Where holds for every row that is looked at.
  bool finds_nothing_else() const;

 private:
  enum class Access { kKeys, kIndex, kKeyRange, kScan };

  const Term* equality(size_t column) const;
  void bound(size_t column);
  bool choose_keys();
  bool choose_index();
  Range range() const;
  uint64_t expected_rows() const;

  const Table& table_;
  const Where& where_;
  Access access_ = Access::kScan;
  const Index* index_ = nullptr;
  Prefix equal_;                // kKeys: the keys; kIndex: values of its first columns
  const Value* low_ = nullptr;  // inclusive; the Where itself leaves out what is excluded
  const Value* high_ = nullptr;
  uint64_t weight_;  // of a row
};

template <typename Visit>
void Plan::visit_here(Meter& meter, Visit&& visit) const {
  const auto matching = [&](const Row& row) {
    return meter.spend(weight_) && (!where_.holds(row) || visit(row));
  };
  switch (access_) {
    case Access::kKeys:
      for (const Value* key : equal_) {
        const Row* row = table_.find(*key).row;
        if (row == nullptr ? !meter.spend(1) : !matching(*row)) return;
      }
      return;
    case Access::kIndex:
      index_->visit(equal_, low_, high_, matching);
      return;
    case Access::kKeyRange:
    case Access::kScan: {
      const PrefixView from(&low_, low_ == nullptr ? 0 : 1);
      table_.rows().visit_from(from, [&](const Row& row) {
        if (high_ != nullptr && compare(row[table_.key()], *high_) > 0) return false;
        return matching(row);
      });
      return;
    }
  }
}

}  // namespace tandem::db
