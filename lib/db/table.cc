#include "db/table.h"

#include <algorithm>

namespace tandem::db {

Table::Table(const TableSchema& schema, Residency* residency)
    : key_(schema.key),
      residency_(residency),
      rows_({schema.key}),
      longest_texts_(schema.columns.size()),
      text_bytes_(schema.columns.size()) {
  indexes_.reserve(schema.indexes.size());
  for (const IndexSchema& index : schema.indexes) {
    indexes_.emplace_back(index.columns, schema.key, index.unique);
  }
}

RowPtr Table::put(const RowPtr& row) {
  for (size_t i = 0; i < row->size(); ++i) {
    const uint64_t bytes = db::text_bytes((*row)[i]);
    longest_texts_[i] = std::max(longest_texts_[i], bytes);
    text_bytes_[i] += bytes;
  }
  RowPtr replaced = replace(row);
  if (replaced != nullptr) uncount(*replaced);
  if (residency_ != nullptr && replaced != nullptr) residency_->replaced((*row)[key_]);
  if (residency_ != nullptr && replaced == nullptr) residency_->added((*row)[key_]);
  return replaced;
}

void Table::uncount(const Row& row) {
  for (size_t i = 0; i < row.size(); ++i) text_bytes_[i] -= db::text_bytes(row[i]);
}

uint64_t Table::text_bytes(size_t column) const {
  return text_bytes_[column] > INT64_MAX ? 0 : text_bytes_[column];
}

std::vector<uint64_t> Table::text_bytes() const {
  std::vector<uint64_t> bytes;
  for (size_t i = 0; i < text_bytes_.size(); ++i) bytes.push_back(text_bytes(i));
  return bytes;
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
  uncount(*gone);
  if (residency_ != nullptr) residency_->removed((*gone)[key_]);
  return gone;
}

void Table::clear() {
  longest_texts_.assign(longest_texts_.size(), 0);
  text_bytes_.assign(text_bytes_.size(), 0);
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
