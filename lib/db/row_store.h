// The rows of a table in the order of their keys.
//
// They lie in leaves of up to kLeafRows, and a frozen picture shares whole leaves: freezing costs a
// pointer a leaf, and a leaf is copied when it changes for the first time after that. So a snapshot
// of a large table does not stop the thread that applies. Whether a leaf may be shared is told by
// the generation that it was made in, never by a reference count, which another thread changes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "db/value.h"

namespace tandem::db {

class RowStore {
 public:
  static constexpr size_t kLeafRows = 64;

  struct Leaf {
    uint64_t generation = 0;
    std::vector<RowPtr> rows;
  };
  // Shared, because the snapshot thread may outlive the table's interest in a leaf.
  using Frozen = std::vector<std::shared_ptr<const Leaf>>;

  explicit RowStore(size_t key_column) : key_(key_column) {}

  size_t size() const { return size_; }
  // nullptr where there is none.
  const Row* find(const Value& key) const;
  // Puts a row in; gives back the one with the same key that it replaces, or nullptr.
  RowPtr put(RowPtr row);
  // Takes a row out; nullptr where there was none.
  RowPtr erase(const Value& key);

  // Calls visit(row) for each row from `from` on (nullptr: from the first), in the order of keys,
  // until visit gives false. The store must not change meanwhile.
  template <typename Visit>
  void visit_from(const Value* from, Visit&& visit) const;
  // The same from the last row backwards.
  template <typename Visit>
  void visit_backwards(Visit&& visit) const;

  // Changes nothing that a reader can see.
  Frozen freeze() const;

 private:
  struct Less {
    bool operator()(const Value& a, const Value& b) const { return compare(a, b) < 0; }
  };
  // By a key that none in the leaf is below. What leaf a key belongs into follows from these alone.
  using Leaves = std::map<Value, std::shared_ptr<Leaf>, Less>;

  const Value& key_of(const RowPtr& row) const { return (*row)[key_]; }
  Leaves::const_iterator leaf_for(const Value& key) const;
  std::vector<RowPtr>::const_iterator lower_bound(const Leaf& leaf, const Value& key) const;
  // Makes room for a key below all others.
  void lower_first(const Value& key);
  // The leaf for changing: a copy of it where a frozen state may share it.
  Leaf& own(Leaves::iterator leaf);
  void split(Leaves::iterator leaf, bool appending);
  void shrink(Leaves::iterator leaf);
  // Takes the rows of the next leaf over where both are small.
  bool join_next(Leaves::iterator leaf);

  size_t key_;
  size_t size_ = 0;
  Leaves leaves_;
  mutable uint64_t generation_ = 0;  // rises with each freeze
};

template <typename Visit>
void RowStore::visit_from(const Value* from, Visit&& visit) const {
  if (leaves_.empty()) return;
  auto leaf = from == nullptr ? leaves_.begin() : leaf_for(*from);
  auto row = from == nullptr ? leaf->second->rows.cbegin() : lower_bound(*leaf->second, *from);
  for (;;) {
    for (; row != leaf->second->rows.cend(); ++row) {
      if (!visit(**row)) return;
    }
    if (++leaf == leaves_.end()) return;
    row = leaf->second->rows.cbegin();
  }
}

template <typename Visit>
void RowStore::visit_backwards(Visit&& visit) const {
  for (auto leaf = leaves_.rbegin(); leaf != leaves_.rend(); ++leaf) {
    const std::vector<RowPtr>& rows = leaf->second->rows;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      if (!visit(**row)) return;
    }
  }
}

}  // namespace tandem::db
