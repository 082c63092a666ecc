#include "storage/cache.h"

#include "base/check.h"

namespace tandem::storage {
namespace {

size_t cost(const wire::Entry& entry) {
  return sizeof(wire::Entry) + entry.request_id.size() + entry.payload.size();
}

}  // namespace

void EntryCache::push(const wire::Entry& entry) {
  CHECK(empty() || entry.index == last() + 1);
  bytes_ += cost(entry);
  entries_.push_back(entry);
}

void EntryCache::cut(uint64_t from_index) {
  while (!empty() && last() >= from_index) {
    bytes_ -= cost(entries_.back());
    entries_.pop_back();
  }
}

void EntryCache::trim(uint64_t durable_index) {
  while (bytes_ > budget_bytes_ && !empty() && first_index() <= durable_index) {
    bytes_ -= cost(entries_.front());
    entries_.pop_front();
  }
}

}  // namespace tandem::storage
