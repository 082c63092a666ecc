// An index: the rows of a table in the order of some columns, rows with equal ones in the order of
// the key. The table keeps it in step with its rows. Copied as its tree is, in no time.
#pragma once

#include <vector>

#include "db/row_tree.h"
#include "db/value.h"

namespace tandem::db {

class Index {
 public:
  Index(std::vector<size_t> columns, size_t key_column, bool unique);

  const std::vector<size_t>& columns() const { return columns_; }
  bool unique() const { return unique_; }

  void insert(RowPtr row) { rows_.put(std::move(row)); }
  void erase(const Row& row) { rows_.erase(row); }
  void clear() { rows_.clear(); }

  // A row with the same values in the columns of this unique index and another key, or nullptr. A
  // row with a null among them has no such twin.
  const Row* twin_of(const Row& row) const;

  // Visits the rows that begin with `equal` and whose next column lies in the bounds (nullptr: no
  // bound; bounds are inclusive), in order, until visit gives false.
  template <typename Visit>
  void visit(const Prefix& equal, const Value* low, const Value* high, Visit&& visit) const {
    Prefix from = equal;
    if (low != nullptr) from.push_back(low);
    Prefix to = equal;
    if (high != nullptr) to.push_back(high);
    rows_.visit_from(
        from, [&](const Row& row) { return rows_.compare_prefix(row, to) <= 0 && visit(row); });
  }
  // How many rows visit() would come by, without looking at them.
  size_t count(const Prefix& equal, const Value* low, const Value* high) const;

 private:
  std::vector<size_t> columns_;
  bool unique_;
  RowTree rows_;
};

}  // namespace tandem::db
