#include "db/table.h"

#include <algorithm>

namespace tandem::db {

Table::Table(const TableSchema& schema, Residency* residency)
    : key_(schema.key),
      residency_(residency),
      rows_({schema.key}),
      longest_texts_(schema.columns.size()) {
  indexes_.reserve(schema.indexes.size());
  for (const IndexSchema& index : schema.indexes) {
    indexes_.emplace_back(index.columns, schema.key, index.unique);
  }
}

RowPtr Table::put(const RowPtr& row) {
  for (size_t i = 0; i < row->size(); ++i) {
    longest_texts_[i] = std::max(longest_texts_[i], text_bytes((*row)[i]));
  }
  RowPtr replaced = replace(row);
  if (residency_ != nullptr && replaced != nullptr) residency_->replaced((*row)[key_]);
  if (residency_ != nullptr && replaced == nullptr) residency_->added((*row)[key_]);
  return replaced;
}

RowPtr Table::replace(const RowPtr& row) {
  RowPtr replaced = rows_.put(row);
  for (Index& index : indexes_) {
    if (replaced != nullptr) index.erase(*replaced);
    index.insert(row);
  }
  return replaced;
}

void Table::load(const RowPtr& row) {
  const Value& key = (*row)[key_];
  if (residency_->knows(key)) return;
  replace(row);
  residency_->know(key);
}

RowPtr Table::erase(const Value& key) {
  const Row* row = rows_.find(key);
  if (row == nullptr) return nullptr;
  RowPtr gone = rows_.erase(*row);
  for (Index& index : indexes_) index.erase(*gone);
  if (residency_ != nullptr) residency_->removed((*gone)[key_]);
  return gone;
}

void Table::clear() {
  longest_texts_.assign(longest_texts_.size(), 0);
  rows_.clear();
  for (Index& index : indexes_) index.clear();
}

size_t Table::collision_of(const Row& row) const {
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (may_have_twin(i, row) && indexes_[i].twin_of(row) != nullptr) return i;
  }
  return kNoIndex;
}

bool Table::may_have_twin(size_t index, const Row& row) const {
  if (residency_ == nullptr) return true;
  if (!indexes_[index].unique()) return false;
  Range range{.index = index, .equal = {}};
  for (const size_t column : indexes_[index].columns()) {
    if (is_null(row[column])) return false;
    range.equal.push_back(row[column]);
  }
  return residency_->has(range);
}

}  // namespace tandem::db
