// A table: its rows, its indexes, its counter. It keeps these in step and knows no rules: whether a
// row may be put in or taken out is decided in transaction.cc.
//
// A copy of a table is made in no time, whatever it holds (row_tree.h), and is independent of it:
// a picture that is written out or read from, or the draft of a large change.
#pragma once

#include <cstdint>
#include <vector>

#include "db/index.h"
#include "db/row_tree.h"
#include "db/schema.h"

namespace tandem::db {

class Table {
 public:
  explicit Table(const TableSchema& schema);

  // In the order of the key.
  const RowTree& rows() const { return rows_; }
  // In the order of the schema's indexes.
  const std::vector<Index>& indexes() const { return indexes_; }
  size_t key() const { return key_; }

  // Of the texts that a column ever had, since the table was empty: no row has longer ones.
  uint64_t longest_text(size_t column) const { return longest_texts_[column]; }

  // The highest key that auto_increment gave or an insert named, 0 before the first.
  int64_t counter() const { return counter_; }
  void set_counter(int64_t counter) { counter_ = counter; }

  // Puts a row in; gives back the row with the same key that it replaces, or nullptr.
  RowPtr put(const RowPtr& row);
  // Takes a row out; nullptr where there was none.
  RowPtr erase(const Value& key);
  // Takes all rows out; the counter stays.
  void clear();
  // The first unique index that another row holds against this one: its number, or kNoIndex.
  static constexpr size_t kNoIndex = SIZE_MAX;
  size_t collision_of(const Row& row) const;

 private:
  size_t key_;
  RowTree rows_;
  std::vector<Index> indexes_;
  int64_t counter_ = 0;
  std::vector<uint64_t> longest_texts_;  // by column, in bytes
};

}  // namespace tandem::db
