// Rows in the order of some of their columns: a B+-tree that is copied in no time.
//
// A copy shares all nodes with the tree that it was made of; either one copies a node when it
// changes it for the first time after that, as LMDB and Btrfs do. So a copy is a picture of a
// moment: another thread may read it, change it and free it while this tree goes on. Whether a node
// may be shared is told by the mark that its tree had when it made it, never by a count of
// references, which another thread changes.
//
// Each node knows how many rows are below each of its children, so that rows in a range are counted
// without looking at them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "db/value.h"

namespace tandem::db {

// Values for the first columns of an order. Views: what they point to must live on.
using Prefix = std::vector<const Value*>;
using PrefixView = std::span<const Value* const>;

class RowTree {
 public:
  static constexpr size_t kNodeSize = 64;

  // `columns` is the order; no two rows in the tree are equal in all of them.
  explicit RowTree(std::vector<size_t> columns) : columns_(std::move(columns)) {}
  RowTree(const RowTree& other);
  RowTree& operator=(const RowTree& other);
  RowTree(RowTree&&) noexcept = default;
  RowTree& operator=(RowTree&&) noexcept = default;
  ~RowTree() = default;

  const std::vector<size_t>& columns() const { return columns_; }
  size_t size() const { return size_; }

  // The first row that begins with these values, or nullptr.
  const Row* find(PrefixView first) const;
  const Row* find(const Value& first) const {
    const Value* values[] = {&first};
    return find(values);
  }
  // The same, kept alive by whoever has it.
  RowPtr share(const Value& first) const;
  // Puts a row in; gives back the one equal to it in the order, which it replaces, or nullptr.
  RowPtr put(RowPtr row);
  // Takes the row out that is equal to this one in the order; nullptr where there was none.
  RowPtr erase(const Row& row);
  void clear();

  // Calls visit(row) for each row from the first on that is not below `from` (empty: from the
  // first), in order, until visit gives false. The tree must not change meanwhile.
  template <typename Visit>
  void visit_from(PrefixView from, Visit&& visit) const {
    if (root_ != nullptr) visit_node(*root_, from, visit);
  }
  // From the last row backwards.
  template <typename Visit>
  void visit_backwards(Visit&& visit) const {
    if (root_ != nullptr) visit_node_backwards(*root_, visit);
  }

  // How many rows are below `bound`, and with `or_equal` those that begin with it as well.
  size_t count_below(PrefixView bound, bool or_equal) const;
  // How many nodes there are: what a copy may have to copy again.
  size_t nodes() const { return root_ == nullptr ? 0 : nodes_below(*root_); }

  // Below 0, 0 or above 0: the row's first columns against the values.
  int compare_prefix(const Row& row, PrefixView values) const {
    for (size_t i = 0; i < values.size(); ++i) {
      if (const int order = compare(row[columns_[i]], *values[i]); order != 0) return order;
    }
    return 0;
  }

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;  // shared between copies of a tree
  struct Child {
    RowPtr lowest;  // not above any row in it, above all in the child before; may be gone itself
    NodePtr node;
    size_t rows = 0;
  };
  struct Node {  // has rows or children, never both
    uint64_t mark = 0;
    std::vector<RowPtr> rows;
    std::vector<Child> children;
    size_t size() const { return rows.size() + children.size(); }
  };

  bool less(const Row& a, const Row& b) const;
  Node& own(NodePtr& node);
  std::optional<Child> put_into(NodePtr& place, RowPtr& row, RowPtr& replaced, bool last);
  std::optional<Child> put_into_leaf(Node& leaf, RowPtr& row, RowPtr& replaced, bool last);
  Child split(Node& node, size_t at) const;
  RowPtr erase_from(NodePtr& place, const Row& row);
  void shrink(Node& parent, size_t child);
  bool join_next(Node& parent, size_t child);
  static size_t nodes_below(const Node& node);

  // Where the first row is that is not `below`; of children, the last one that begins below.
  template <typename Below>
  static size_t first_row(const Node& leaf, Below&& below) {
    const auto row = std::partition_point(leaf.rows.begin(), leaf.rows.end(),
                                          [&](const RowPtr& other) { return below(*other); });
    return static_cast<size_t>(row - leaf.rows.begin());
  }
  template <typename Below>
  static size_t first_child(const Node& node, Below&& below) {
    const auto after = std::partition_point(node.children.begin(), node.children.end(),
                                            [&](const Child& c) { return below(*c.lowest); });
    return after == node.children.begin() ? 0
                                          : static_cast<size_t>(after - node.children.begin()) - 1;
  }

  // False where visit said stop.
  template <typename Visit>
  bool visit_node(const Node& node, PrefixView from, Visit&& visit) const {
    const auto below = [&](const Row& row) { return compare_prefix(row, from) < 0; };
    for (size_t i = first_row(node, below); i < node.rows.size(); ++i) {
      if (!visit(*node.rows[i])) return false;
    }
    if (node.children.empty()) return true;
    size_t child = first_child(node, below);
    if (!visit_node(*node.children[child].node, from, visit)) return false;
    for (++child; child < node.children.size(); ++child) {
      if (!visit_node(*node.children[child].node, {}, visit)) return false;
    }
    return true;
  }
  template <typename Visit>
  bool visit_node_backwards(const Node& node, Visit&& visit) const {
    for (auto row = node.rows.rbegin(); row != node.rows.rend(); ++row) {
      if (!visit(**row)) return false;
    }
    for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) {
      if (!visit_node_backwards(*child->node, visit)) return false;
    }
    return true;
  }

  std::vector<size_t> columns_;
  mutable uint64_t mark_ = 1;  // of nodes that no copy shares; rises with each copy
  NodePtr root_;
  size_t size_ = 0;
};

}  // namespace tandem::db
