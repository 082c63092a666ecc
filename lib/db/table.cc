#include "db/table.h"

#include <algorithm>

namespace tandem::db {

Table::Table(const TableSchema& schema)
    : key_(schema.key), rows_({schema.key}), longest_texts_(schema.columns.size()) {
  indexes_.reserve(schema.indexes.size());
  for (const IndexSchema& index : schema.indexes) {
    indexes_.emplace_back(index.columns, schema.key, index.unique);
  }
}

RowPtr Table::put(const RowPtr& row) {
  for (size_t i = 0; i < row->size(); ++i) {
    longest_texts_[i] = std::max(longest_texts_[i], text_bytes((*row)[i]));
  }
  RowPtr replaced = rows_.put(row);
  for (Index& index : indexes_) {
    if (replaced != nullptr) index.erase(*replaced);
    index.insert(row);
  }
  return replaced;
}

RowPtr Table::erase(const Value& key) {
  const Row* row = rows_.find(key);
  if (row == nullptr) return nullptr;
  RowPtr gone = rows_.erase(*row);
  for (Index& index : indexes_) index.erase(*gone);
  return gone;
}

void Table::clear() {
  longest_texts_.assign(longest_texts_.size(), 0);
  rows_.clear();
  for (Index& index : indexes_) index.clear();
}

size_t Table::collision_of(const Row& row) const {
  for (size_t i = 0; i < indexes_.size(); ++i) {
    if (indexes_[i].twin_of(row) != nullptr) return i;
  }
  return kNoIndex;
}

}  // namespace tandem::db
