// A shopper, who may be an operator too: queries, buys and changes toys, looks orders up, one
// request at a time at any front. Asks again with the same key until there is an answer or no
// patience is left, and often once more when there is.
#pragma once

#include <cstdint>
#include <string>

#include "sim/process.h"
#include "sim/store/store.h"
#include "toys/request.h"

namespace tandem::sim {

class Shopper final : public Process {
 public:
  Shopper(Store& store, uint32_t id);

  void start() override;
  void crash() override {}  // not a part of the store
  // No further requests; the one under way is asked again until it is answered.
  void stop() { stopped_ = true; }
  bool idle() const { return !waiting_; }
  uint64_t answered() const { return answered_; }
  uint64_t queries() const { return queries_; }

 private:
  void begin();
  void choose();
  void choose_purchase();
  void choose_change();
  bool repeat();
  std::string toy();
  std::string new_key();
  void ask(uint64_t request);
  void heard(uint64_t request, const Response& response);
  void take(const Response& response);
  void take_purchase(const Response& response);
  void pause();

  Store& store_;
  const uint32_t id_;
  uint64_t request_ = 0;  // the number of the one under way
  Call call_;
  toys::Purchase purchase_;  // of a purchase
  uint64_t number_ = 0;      // of an order that is looked up
  bool waiting_ = false;
  bool answered_before_ = false;  // a repetition of what was answered
  bool forged_ = false;           // ... with another body
  bool stopped_ = false;
  uint32_t patience_ = 0;
  uint64_t answered_ = 0;
  uint64_t queries_ = 0;
};

}  // namespace tandem::sim
