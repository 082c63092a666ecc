// The newest entries of the log in memory: every entry that is not durable yet (it can be read
// nowhere else), and older ones within a budget of bytes. Loop thread only.
#pragma once

#include <cstdint>
#include <deque>

#include "wire/entry.h"

namespace tandem::storage {

class EntryCache {
 public:
  explicit EntryCache(size_t budget_bytes) : budget_bytes_(budget_bytes) {}

  bool empty() const { return entries_.empty(); }
  // Of the oldest entry held. REQUIRES: not empty.
  uint64_t first_index() const { return entries_.front().index; }
  bool has(uint64_t index) const { return !empty() && index >= first_index() && index <= last(); }
  // REQUIRES: has(index).
  const wire::Entry& at(uint64_t index) const { return entries_[index - first_index()]; }
  // REQUIRES: continues the last entry, where there is one.
  void push(const wire::Entry& entry);
  void cut(uint64_t from_index);
  void clear() { cut(0); }
  // Lets go of the oldest entries over the budget, of those up to durable_index.
  void trim(uint64_t durable_index);

 private:
  uint64_t last() const { return entries_.back().index; }
  size_t budget_bytes_;
  size_t bytes_ = 0;
  std::deque<wire::Entry> entries_;
};

}  // namespace tandem::storage
