#include "db/index.h"

namespace tandem::db {
namespace {

std::vector<size_t> with_key(std::vector<size_t> columns, size_t key) {
  columns.push_back(key);
  return columns;
}

}  // namespace

Index::Index(std::vector<size_t> columns, size_t key_column, bool unique)
    : columns_(std::move(columns)), unique_(unique), rows_(with_key(columns_, key_column)) {}

size_t Index::count(const Prefix& equal, const Value* low, const Value* high) const {
  Prefix from = equal;
  if (low != nullptr) from.push_back(low);
  Prefix to = equal;
  if (high != nullptr) to.push_back(high);
  const size_t below = rows_.count_below(from, false);
  const size_t with = rows_.count_below(to, true);
  return with > below ? with - below : 0;  // bounds may exclude each other
}

const Row* Index::twin_of(const Row& row) const {
  if (!unique_) return nullptr;
  Prefix values;
  for (const size_t column : columns_) {
    if (is_null(row[column])) return nullptr;
    values.push_back(&row[column]);
  }
  const Row* twin = nullptr;
  const size_t key = rows_.columns().back();
  visit(values, nullptr, nullptr, [&](const Row& other) {
    if (compare(other[key], row[key]) == 0) return true;
    twin = &other;
    return false;
  });
  return twin;
}

}  // namespace tandem::db
