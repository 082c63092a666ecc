// Which statements a session has prepared, by text and types of parameters, and which one goes when
// there are too many: the one that was not used for the longest. Pure. Private to lib/pg.
//
// A statement counts as prepared once it is on its way: what is sent later arrives later. One whose
// preparation fails is to be dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pg/rows.h"

namespace tandem::pg {

class StatementCache {
 public:
  explicit StatementCache(size_t most) : most_(most) {}

  struct Found {
    uint64_t id = 0;
    bool is_new = false;  // it is to be prepared
  };
  // Finds it or gives it a number, which is never given again.
  Found use(std::string_view sql, const std::vector<Type>& types);
  // Takes out those that are too many, the longest unused first, but none that was used after
  // `since`, the value of uses() then.
  std::vector<uint64_t> evict(uint64_t since);
  void drop(uint64_t id);
  void clear();
  uint64_t uses() const { return uses_; }
  size_t size() const { return order_.size(); }

 private:
  struct Entry {
    std::string key;
    uint64_t id = 0;
    uint64_t last_use = 0;
  };

  const size_t most_;
  uint64_t last_id_ = 0;
  uint64_t uses_ = 0;
  std::list<Entry> order_;  // the last used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;
  std::string key_;  // kept for its memory
};

}  // namespace tandem::pg
