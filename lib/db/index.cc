#include "db/index.h"

namespace tandem::db {

bool Index::Less::operator()(const Row* a, const Row* b) const {
  for (const size_t column : columns) {
    if (const int order = compare((*a)[column], (*b)[column]); order != 0) return order < 0;
  }
  return compare((*a)[key], (*b)[key]) < 0;
}

bool Index::Less::operator()(const Row* row, const Prefix& prefix) const {
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (const int order = compare((*row)[columns[i]], *prefix[i]); order != 0) return order < 0;
  }
  return false;
}

bool Index::Less::operator()(const Prefix& prefix, const Row* row) const {
  for (size_t i = 0; i < prefix.size(); ++i) {
    if (const int order = compare((*row)[columns[i]], *prefix[i]); order != 0) return order > 0;
  }
  return false;
}

const Row* Index::twin_of(const Row& row) const {
  if (!unique_) return nullptr;
  Prefix values;
  for (const size_t column : columns_) {
    if (is_null(row[column])) return nullptr;
    values.push_back(&row[column]);
  }
  const Row* twin = nullptr;
  const size_t key = rows_.key_comp().key;
  visit(values, nullptr, nullptr, [&](const Row& other) {
    if (compare(other[key], row[key]) == 0) return true;
    twin = &other;
    return false;
  });
  return twin;
}

}  // namespace tandem::db
