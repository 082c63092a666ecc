#include "pg/statement_cache.h"

#include <algorithm>

namespace tandem::pg {

StatementCache::Found StatementCache::use(std::string_view sql, const std::vector<Type>& types) {
  key_.assign(sql);
  key_ += '\0';
  for (const Type type : types) key_ += static_cast<char>('a' + static_cast<int>(type));
  ++uses_;
  const auto found = by_key_.find(key_);
  if (found != by_key_.end()) {
    order_.splice(order_.begin(), order_, found->second);
    order_.front().last_use = uses_;
    return {order_.front().id, false};
  }
  order_.push_front({key_, ++last_id_, uses_});
  by_key_.emplace(order_.front().key, order_.begin());
  return {last_id_, true};
}

std::vector<uint64_t> StatementCache::evict(uint64_t since) {
  std::vector<uint64_t> ids;
  while (order_.size() > most_ && order_.back().last_use <= since) {
    ids.push_back(order_.back().id);
    by_key_.erase(order_.back().key);
    order_.pop_back();
  }
  return ids;
}

void StatementCache::drop(uint64_t id) {
  const auto found = std::find_if(order_.begin(), order_.end(),
                                  [id](const Entry& entry) { return entry.id == id; });
  if (found == order_.end()) return;
  by_key_.erase(found->key);
  order_.erase(found);
}

void StatementCache::clear() {
  by_key_.clear();
  order_.clear();
}

}  // namespace tandem::pg
