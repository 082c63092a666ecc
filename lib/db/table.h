// A table: its rows, its indexes, its counter. It keeps these in step and knows no rules: whether a
// row may be put in or taken out is decided in transaction.cc.
//
// A copy of a table is made in no time, whatever it holds (row_tree.h), and is independent of it:
// a picture that is written out or read from, or the draft of a large change.
//
// A table may have only a part of its rows (residency.h): then what is asked for by the functions
// that say so is looked for there first.
#pragma once

#include <cstdint>
#include <vector>

#include "db/index.h"
#include "db/residency.h"
#include "db/row_tree.h"
#include "db/schema.h"

namespace tandem::db {

class Table {
 public:
  // `residency`, where not all of the rows are here, outlives the table, which is not copied then.
  explicit Table(const TableSchema& schema, Residency* residency = nullptr);

  // In the order of the key; as far as they are here.
  const RowTree& rows() const { return rows_; }
  // Of the whole table.
  uint64_t row_count() const { return residency_ == nullptr ? rows_.size() : residency_->rows(); }

  struct Found {
    const Row* row = nullptr;  // nullptr: there is none, or
    bool unknown = false;      // it is not here
  };
  Found find(const Value& key) const {
    if (residency_ != nullptr && !residency_->has(key)) return {nullptr, true};
    return {rows_.find(key), false};
  }
  void need(const Value& key) const {
    if (residency_ != nullptr) residency_->has(key);
  }
  // Whether all rows of it are here.
  bool has(const Range& range) const { return residency_ == nullptr || residency_->has(range); }
  // Likewise: residency.h.
  bool has_below(size_t index, const Value& key) const {
    return residency_ == nullptr || residency_->has_below(index, key);
  }
  // Of a partial table: whether all rows of the range are here for which the Where holds.
  bool has(const Range& range, const Where& where, uint64_t wanted) const {
    return residency_->has(range, where, wanted);
  }
  bool is_partial() const { return residency_ != nullptr; }
  // Of a partial table: how the values are spread over all of its rows, where that is known.
  const TableSpread* spread() const {
    return residency_ == nullptr ? nullptr : residency_->spread();
  }
  uint64_t small_range() const { return residency_->small_range(); }  // of a partial table
  // How often something was asked for that is not here.
  uint64_t misses() const { return residency_ == nullptr ? 0 : residency_->misses(); }
  // In the order of the schema's indexes.
  const std::vector<Index>& indexes() const { return indexes_; }
  size_t key() const { return key_; }

  // Of the texts that a column ever had, since the table was empty: no row has longer ones.
  uint64_t longest_text(size_t column) const { return longest_texts_[column]; }
  const std::vector<uint64_t>& longest_texts() const { return longest_texts_; }
  void set_longest_texts(const std::vector<uint64_t>& bytes) { longest_texts_ = bytes; }

  // Of the texts in a column, all rows together; of a partial table those that are not here as well.
  uint64_t text_bytes(size_t column) const;
  std::vector<uint64_t> text_bytes() const;
  void set_text_bytes(const std::vector<uint64_t>& bytes) { text_bytes_ = bytes; }

  // The highest key that auto_increment gave or an insert named, 0 before the first.
  int64_t counter() const { return counter_; }
  void set_counter(int64_t counter) { counter_ = counter; }

  // Puts a row in; gives back the row with the same key that it replaces, or nullptr.
  RowPtr put(const RowPtr& row);
  // Takes a row out; nullptr where there was none.
  RowPtr erase(const Value& key);
  // Takes all rows out; the counter stays.
  void clear();
  // Puts in a row that was fetched. What is known of its key already is newer.
  void load(const RowPtr& row);
  // The first unique index that another row holds against this one: its number, or kNoIndex. An
  // index whose rows are not here holds nothing against it.
  static constexpr size_t kNoIndex = SIZE_MAX;
  size_t collision_of(const Row& row) const;

 private:
  RowPtr replace(const RowPtr& row);
  void uncount(const Row& row);
  bool may_have_twin(size_t index, const Row& row) const;

  size_t key_;
  Residency* residency_;
  RowTree rows_;
  std::vector<Index> indexes_;
  int64_t counter_ = 0;
  std::vector<uint64_t> longest_texts_;  // by column, in bytes
  // Likewise. It goes below 0, as a number without sign does, while what is taken out was not
  // counted: in the course of a rehearsal, or where somebody else has changed the rows.
  std::vector<uint64_t> text_bytes_;
};

}  // namespace tandem::db
