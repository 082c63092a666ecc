// The state machine of the group `orders`: intents to buy, and the orders that came of them.
//
//   {"intent":{"name","quantity"}}                     with the client's key as the entry's
//   {"result":{"intent":"7-1234","status":200}}        without a key
//
// An intent is answered 202 for now; its result settles the key of the intent with the final answer
// (repl/state_machine.h, Applied::settles). An order gets its number when its result is applied, so
// that numbers have no gap; a result for an intent that is not open does nothing.
//
// An intent whose key is that of an open intent joins it: the memory of keys (repl/exactly_once.h)
// may have lost the key of an intent that stayed open for long.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "repl/state_machine.h"
#include "toys/intent_id.h"
#include "toys/request.h"
#include "wire/json.h"

namespace tandem::toys {

struct Order {
  std::string name;
  int64_t quantity = 0;
  bool operator==(const Order&) const = default;
};

struct Intent {
  IntentId id;
  std::string key;  // of the client's request
  std::string name;
  int64_t quantity = 0;
  bool operator==(const Intent&) const = default;
};

// Some orders of a moment, which stay what they are: they share the memory of the state.
class OrderRange {
 public:
  using Chunk = std::shared_ptr<Order[]>;
  static constexpr size_t kChunkOrders = 1024;

  OrderRange(std::vector<Chunk> chunks, uint64_t begin, uint64_t end)
      : chunks_(std::move(chunks)), begin_(begin), end_(end) {}
  uint64_t begin() const { return begin_; }  // a number
  uint64_t end() const { return end_; }      // that of the first one behind them
  // REQUIRES: it is one of them.
  const Order& at(uint64_t number) const {
    return chunks_[number / kChunkOrders - begin_ / kChunkOrders][number % kChunkOrders];
  }

 private:
  std::vector<Chunk> chunks_;  // from that of the first one on
  uint64_t begin_;
  uint64_t end_;
};

constexpr uint16_t kAccepted = repl::kProvisional;  // the answer to an intent

class Orders final : public repl::StateMachine {
 public:
  static std::string intent_command(const Purchase& purchase);
  // `status`: the catalog's outcome (catalog.h). One of kClosed closes the intent without an order:
  // what became of it is known no more, which only an accepted loss of entries can bring about.
  static std::string result_command(const IntentId& intent, uint16_t status);
  // Of a provisional answer's body {"intent":"7-1234"}.
  static Result<IntentId> intent_of(std::string_view provisional_body);

  repl::Applied apply(const wire::Entry& entry) override;
  Status admit(std::string_view text) const override;
  std::unique_ptr<repl::FrozenState> freeze() const override;
  void reset() override;
  Status restore_row(std::string_view row) override;
  Status finish_restore() override;
  std::unique_ptr<repl::StateMachine> make_empty() const override;
  void swap_state(repl::StateMachine& made) override;
  std::unique_ptr<repl::RowChecker> row_checker() const override;

  // nullptr: no such order.
  const Order* find(uint64_t number) const;
  uint64_t count() const { return count_; }  // the next number
  // Of all orders in their order: replicas with as many orders have the same ones where it is the
  // same. FNV-1a, 64 bits, over number, name and quantity of each.
  uint64_t digest() const { return digest_; }
  // The orders from that number on, as many as there are now.
  OrderRange range(uint64_t from) const;
  const std::map<IntentId, Intent>& open() const { return open_; }
  // Every intent below this has its result.
  IntentId closed_below() const;

  // Orders are never changed, only added: a frozen state shares their chunks with this one and
  // looks at none beyond those that there were. Hence the shared_ptr.
  static constexpr size_t kChunkOrders = OrderRange::kChunkOrders;
  using Chunk = OrderRange::Chunk;

 private:
  repl::Applied open_intent(const wire::Entry& entry, const wire::Json& command);
  repl::Applied close_intent(const wire::Json& command);
  void put(uint64_t number, Order order);
  void keep_open(Intent intent);

  std::vector<Chunk> orders_;  // by number
  uint64_t count_ = 0;
  uint64_t digest_ = 0;
  std::map<IntentId, Intent> open_;
  std::unordered_map<std::string, IntentId> open_by_key_;
  IntentId next_;  // above every intent so far: (epoch, index + 1) of the last entry applied
};

// {"number":7,"name":"Tux","quantity":1}
std::string to_json(uint64_t number, const Order& order);

}  // namespace tandem::toys
