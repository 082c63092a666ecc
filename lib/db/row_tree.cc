#include "db/row_tree.h"

#include <iterator>
#include <numeric>
#include <utility>

namespace tandem::db {

// What both have now is older than either's mark: whichever changes a node copies it first. The two
// may have the same mark, as neither ever comes by a node that the other makes.
RowTree::RowTree(const RowTree& other)
    : columns_(other.columns_), mark_(++other.mark_), root_(other.root_), size_(other.size_) {}

RowTree& RowTree::operator=(const RowTree& other) {
  if (this != &other) *this = RowTree(other);
  return *this;
}

void RowTree::clear() {
  root_.reset();
  size_ = 0;
}

bool RowTree::less(const Row& a, const Row& b) const {
  for (const size_t column : columns_) {
    if (const int order = compare(a[column], b[column]); order != 0) return order < 0;
  }
  return false;
}

RowTree::Node& RowTree::own(NodePtr& node) {
  if (node->mark != mark_) {
    node = std::make_shared<Node>(*node);
    node->mark = mark_;
  }
  return *node;
}

const Row* RowTree::find(PrefixView first) const {
  const Row* found = nullptr;
  visit_from(first, [&](const Row& row) {
    if (compare_prefix(row, first) == 0) found = &row;
    return false;
  });
  return found;
}

RowPtr RowTree::share(const Value& first) const {
  const Value* values[] = {&first};
  const Node* node = root_.get();
  if (node == nullptr) return nullptr;
  while (!node->children.empty()) {
    const auto not_above = [&](const Row& row) { return compare_prefix(row, values) <= 0; };
    node = node->children[first_child(*node, not_above)].node.get();
  }
  const size_t at =
      first_row(*node, [&](const Row& row) { return compare_prefix(row, values) < 0; });
  if (at == node->rows.size() || compare_prefix(*node->rows[at], values) != 0) return nullptr;
  return node->rows[at];
}

size_t RowTree::count_below(PrefixView bound, bool or_equal) const {
  const auto below = [&](const Row& row) {
    const int order = compare_prefix(row, bound);
    return order < 0 || (or_equal && order == 0);
  };
  size_t count = 0;
  for (const Node* node = root_.get(); node != nullptr;) {
    count += first_row(*node, below);
    if (node->children.empty()) break;
    // The children before the last one that begins below hold nothing else.
    const size_t last = first_child(*node, below);
    for (size_t i = 0; i < last; ++i) count += node->children[i].rows;
    node = node->children[last].node.get();
  }
  return count;
}

size_t RowTree::nodes_below(const Node& node) {
  size_t count = 1;
  for (const Child& child : node.children) count += nodes_below(*child.node);
  return count;
}

// --- changing ---

RowPtr RowTree::put(RowPtr row) {
  if (root_ == nullptr) root_ = std::make_shared<Node>(Node{mark_, {}, {}});
  RowPtr replaced;
  auto upper = put_into(root_, row, replaced, true);
  if (upper) {
    Node root{mark_, {}, {}};
    RowPtr lowest = root_->rows.empty() ? root_->children[0].lowest : root_->rows[0];
    root.children.push_back({std::move(lowest), std::move(root_), size_ + 1 - upper->rows});
    root.children.push_back(std::move(*upper));
    root_ = std::make_shared<Node>(std::move(root));
  }
  if (replaced == nullptr) ++size_;
  return replaced;
}

// Gives the upper half of a node that became too large. `last`: nothing comes after this node.
std::optional<RowTree::Child> RowTree::put_into(NodePtr& place, RowPtr& row, RowPtr& replaced,
                                                bool last) {
  Node& node = own(place);
  if (node.children.empty()) return put_into_leaf(node, row, replaced, last);
  const size_t i = first_child(node, [&](const Row& other) { return !less(*row, other); });
  const auto child = node.children.begin() + static_cast<std::ptrdiff_t>(i);
  if (less(*row, *child->lowest)) child->lowest = row;
  const bool last_child = last && std::next(child) == node.children.end();
  auto upper = put_into(child->node, row, replaced, last_child);
  if (replaced == nullptr) ++child->rows;
  if (!upper) return std::nullopt;
  child->rows -= upper->rows;
  node.children.insert(std::next(child), std::move(*upper));
  if (node.children.size() <= kNodeSize) return std::nullopt;
  return split(node, last_child ? kNodeSize : kNodeSize / 2);
}

std::optional<RowTree::Child> RowTree::put_into_leaf(Node& leaf, RowPtr& row, RowPtr& replaced,
                                                     bool last) {
  const size_t place = first_row(leaf, [&](const Row& other) { return less(other, *row); });
  const auto at = leaf.rows.begin() + static_cast<std::ptrdiff_t>(place);
  if (at != leaf.rows.end() && !less(*row, **at)) {
    replaced = std::exchange(*at, std::move(row));
    return std::nullopt;
  }
  const bool appending = last && at == leaf.rows.end();
  leaf.rows.insert(at, std::move(row));
  if (leaf.rows.size() <= kNodeSize) return std::nullopt;
  return split(leaf, appending ? kNodeSize : kNodeSize / 2);
}

// Takes what is from `at` on out of a node. Rising keys, the usual case for a key that counts up,
// leave full nodes behind: then only the last goes.
RowTree::Child RowTree::split(Node& node, size_t at) const {
  Node upper{mark_, {}, {}};
  Child child;
  const auto from = static_cast<std::ptrdiff_t>(at);
  if (node.children.empty()) {
    upper.rows.reserve(kNodeSize + 1);
    upper.rows.assign(std::make_move_iterator(node.rows.begin() + from),
                      std::make_move_iterator(node.rows.end()));
    node.rows.erase(node.rows.begin() + from, node.rows.end());
    child.lowest = upper.rows.front();
    child.rows = upper.rows.size();
  } else {
    upper.children.assign(std::make_move_iterator(node.children.begin() + from),
                          std::make_move_iterator(node.children.end()));
    node.children.erase(node.children.begin() + from, node.children.end());
    child.lowest = upper.children.front().lowest;
    for (const Child& below : upper.children) child.rows += below.rows;
  }
  child.node = std::make_shared<Node>(std::move(upper));
  return child;
}

RowPtr RowTree::erase(const Row& row) {
  if (root_ == nullptr) return nullptr;
  RowPtr gone = erase_from(root_, row);
  if (gone == nullptr) return nullptr;
  --size_;
  while (root_->children.size() == 1) root_ = NodePtr(root_->children[0].node);
  if (size_ == 0) root_.reset();
  return gone;
}

RowPtr RowTree::erase_from(NodePtr& place, const Row& row) {
  Node& node = own(place);
  if (node.children.empty()) {
    const size_t i = first_row(node, [&](const Row& other) { return less(other, row); });
    if (i == node.rows.size() || less(row, *node.rows[i])) return nullptr;
    RowPtr gone = std::move(node.rows[i]);
    node.rows.erase(node.rows.begin() + static_cast<std::ptrdiff_t>(i));
    return gone;
  }
  const size_t i = first_child(node, [&](const Row& other) { return !less(row, other); });
  RowPtr gone = erase_from(node.children[i].node, row);
  if (gone == nullptr) return nullptr;
  --node.children[i].rows;
  shrink(node, i);
  return gone;
}

// Memory stays in proportion to the rows: an empty child goes, a small one joins a neighbour.
void RowTree::shrink(Node& parent, size_t child) {
  if (parent.children[child].rows == 0) {
    parent.children.erase(parent.children.begin() + static_cast<std::ptrdiff_t>(child));
    return;
  }
  if (parent.children[child].node->size() >= kNodeSize / 4) return;
  if (!join_next(parent, child) && child > 0) join_next(parent, child - 1);
}

bool RowTree::join_next(Node& parent, size_t child) {
  if (child + 1 >= parent.children.size()) return false;
  const Node& next = *parent.children[child + 1].node;
  if (parent.children[child].node->size() + next.size() > kNodeSize / 2) return false;
  Node& node = own(parent.children[child].node);
  node.rows.insert(node.rows.end(), next.rows.begin(), next.rows.end());
  node.children.insert(node.children.end(), next.children.begin(), next.children.end());
  parent.children[child].rows += parent.children[child + 1].rows;
  parent.children.erase(parent.children.begin() + static_cast<std::ptrdiff_t>(child) + 1);
  return true;
}

}  // namespace tandem::db
