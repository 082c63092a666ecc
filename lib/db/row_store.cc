#include "db/row_store.h"

#include <iterator>
#include <utility>

namespace tandem::db {

RowStore::Leaves::const_iterator RowStore::leaf_for(const Value& key) const {
  auto leaf = leaves_.upper_bound(key);
  if (leaf != leaves_.begin()) --leaf;
  return leaf;
}

std::vector<RowPtr>::const_iterator RowStore::lower_bound(const Leaf& leaf,
                                                          const Value& key) const {
  return std::lower_bound(
      leaf.rows.begin(), leaf.rows.end(), key,
      [this](const RowPtr& row, const Value& k) { return compare(key_of(row), k) < 0; });
}

RowStore::Leaf& RowStore::own(Leaves::iterator leaf) {
  if (leaf->second->generation != generation_) {
    leaf->second = std::make_shared<Leaf>(Leaf{generation_, leaf->second->rows});
  }
  return *leaf->second;
}

const Row* RowStore::find(const Value& key) const {
  if (leaves_.empty()) return nullptr;
  const Leaf& leaf = *leaf_for(key)->second;
  const auto row = lower_bound(leaf, key);
  return row != leaf.rows.end() && compare(key_of(*row), key) == 0 ? row->get() : nullptr;
}

RowPtr RowStore::put(RowPtr row) {
  const Value& key = key_of(row);
  if (leaves_.empty()) {
    leaves_.emplace(key, std::make_shared<Leaf>(Leaf{generation_, {std::move(row)}}));
    ++size_;
    return nullptr;
  }
  if (compare(key, leaves_.begin()->first) < 0) lower_first(key);
  // An empty range erased from a map turns its constant iterator into one that may change.
  const auto place = leaf_for(key);
  const auto leaf = leaves_.erase(place, place);
  std::vector<RowPtr>& rows = own(leaf).rows;
  const auto at = rows.begin() + (lower_bound(*leaf->second, key) - rows.cbegin());
  if (at != rows.end() && compare(key_of(*at), key) == 0) return std::exchange(*at, std::move(row));
  const bool appending = at == rows.end() && std::next(leaf) == leaves_.end();
  rows.insert(at, std::move(row));
  ++size_;
  if (rows.size() > kLeafRows) split(leaf, appending);
  return nullptr;
}

void RowStore::lower_first(const Value& key) {
  auto node = leaves_.extract(leaves_.begin());
  node.key() = key;
  leaves_.insert(leaves_.begin(), std::move(node));
}

// Rising keys, the usual case for a key that counts up, leave full leaves behind.
void RowStore::split(Leaves::iterator leaf, bool appending) {
  std::vector<RowPtr>& rows = leaf->second->rows;
  const auto middle = appending ? rows.end() - 1 : rows.begin() + kLeafRows / 2;
  auto upper = std::make_shared<Leaf>(
      Leaf{generation_, {std::make_move_iterator(middle), std::make_move_iterator(rows.end())}});
  rows.erase(middle, rows.end());
  Value lowest = key_of(upper->rows.front());
  leaves_.emplace_hint(std::next(leaf), std::move(lowest), std::move(upper));
}

RowPtr RowStore::erase(const Value& key) {
  if (leaves_.empty()) return nullptr;
  const auto place = leaf_for(key);
  const auto found = lower_bound(*place->second, key);
  if (found == place->second->rows.end() || compare(key_of(*found), key) != 0) return nullptr;
  const auto offset = found - place->second->rows.begin();
  const auto leaf = leaves_.erase(place, place);
  std::vector<RowPtr>& rows = own(leaf).rows;
  RowPtr gone = std::move(rows[static_cast<size_t>(offset)]);
  rows.erase(rows.begin() + offset);
  --size_;
  if (rows.size() < kLeafRows / 4) shrink(leaf);
  return gone;
}

// Memory stays in proportion to the rows: an empty leaf goes, a small one joins a neighbour.
void RowStore::shrink(Leaves::iterator leaf) {
  if (leaf->second->rows.empty()) {
    leaves_.erase(leaf);
    return;
  }
  if (!join_next(leaf) && leaf != leaves_.begin()) join_next(std::prev(leaf));
}

bool RowStore::join_next(Leaves::iterator leaf) {
  const auto next = std::next(leaf);
  if (next == leaves_.end()) return false;
  const std::vector<RowPtr>& more = next->second->rows;
  if (leaf->second->rows.size() + more.size() > kLeafRows / 2) return false;
  std::vector<RowPtr>& rows = own(leaf).rows;
  rows.insert(rows.end(), more.begin(), more.end());
  leaves_.erase(next);
  return true;
}

RowStore::Frozen RowStore::freeze() const {
  Frozen frozen;
  frozen.reserve(leaves_.size());
  for (const auto& [lowest, leaf] : leaves_) frozen.push_back(leaf);
  ++generation_;
  return frozen;
}

}  // namespace tandem::db
