// An index: the rows of a table in the order of some columns, rows with equal ones in the order of
// the key. It owns no row; the table keeps it in step with its rows.
#pragma once

#include <set>
#include <vector>

#include "db/value.h"

namespace tandem::db {

// Values for the first columns of an index. Views: what they point to must live on.
using Prefix = std::vector<const Value*>;

class Index {
 public:
  Index(std::vector<size_t> columns, size_t key_column, bool unique)
      : columns_(std::move(columns)), unique_(unique), rows_(Less{columns_, key_column}) {}

  const std::vector<size_t>& columns() const { return columns_; }
  bool unique() const { return unique_; }

  void insert(const Row* row) { rows_.insert(row); }
  void erase(const Row* row) { rows_.erase(row); }

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
    for (auto row = rows_.lower_bound(from); row != rows_.end(); ++row) {
      if (compare_prefix(**row, to) > 0 || !visit(**row)) return;
    }
  }

 private:
  struct Less {
    using is_transparent = void;
    std::vector<size_t> columns;
    size_t key;
    bool operator()(const Row* a, const Row* b) const;
    bool operator()(const Row* row, const Prefix& prefix) const;
    bool operator()(const Prefix& prefix, const Row* row) const;
  };

  int compare_prefix(const Row& row, const Prefix& prefix) const {
    for (size_t i = 0; i < prefix.size(); ++i) {
      if (const int order = compare(row[columns_[i]], *prefix[i]); order != 0) return order;
    }
    return 0;
  }

  std::vector<size_t> columns_;
  bool unique_;
  std::set<const Row*, Less> rows_;
};

}  // namespace tandem::db
