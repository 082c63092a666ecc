// What ts-order answers: purchases and orders.
//
// A purchase on its way: place() logs the intent under the client's key → the intent is applied →
// toys::Purchases asks the catalog through its gateway → the outcome is logged as the result → that
// is applied, and everybody who waits for the intent is answered. Where leadership is lost on the
// way they are told that the outcome is unknown; the new leader finishes the intent. A leader that
// is told to stop finishes those that are under way first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "repl/driver.h"
#include "store/service.h"
#include "store/surroundings.h"
#include "toys/orders.h"
#include "toys/purchases.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::store {

struct OrderOptions {
  size_t max_open = 10'000;          // purchases without an outcome; more are refused
  uint32_t result_budget_ms = 5000;  // until a result that is not applied is logged anew
  toys::PurchasesOptions purchases = {};
};

class OrderService final : public Service {
 public:
  // All of them outlive this. REQUIRES: before the replica starts.
  OrderService(const OrderOptions& options, const Time& time, toys::Orders& orders,
               repl::Driver& replica, Gateway& catalog);

  void on_request(ReplyHandle reply, const wire::Request& request) override;
  void add_info(wire::Json& info) const override;
  // No purchases any more; done when those under way have their orders, or after a second.
  void drain(UniqueFunction<void()> done) override;

 private:
  struct Waiting {
    ReplyHandle reply;
    int64_t deadline_ns = 0;
  };

  struct Placed {  // by a client, not logged yet
    ReplyHandle reply;
    std::string key;
    toys::Purchase purchase;
    int64_t deadline_ns = 0;
  };
  struct Hold {
    std::string id;
    repl::Epoch epoch = 0;
    int64_t until_ns = 0;
    ReplyHandle asked;  // until it is given
    std::vector<Placed> placed;
  };

  int64_t now_ns() const { return time_.clock.boot_ns(); }
  void place(ReplyHandle reply, const wire::Request& request);
  void log_intent(Placed placed, uint32_t budget_ms);
  void on_intent(ReplyHandle reply, int64_t deadline_ns, const repl::Written& written);
  void get(ReplyHandle reply, const wire::Request& request);
  void hold(ReplyHandle reply, const wire::Request& request);
  void look_at_hold();
  bool stands(const std::string& id) const;
  void release(ReplyHandle reply, const wire::Request& request);
  void end_hold();
  void drop_hold();
  void leadership_changed(bool takes_writes);
  void carry_out(const toys::Purchases::Effects& effects);
  void ask_catalog(const toys::Take& take);
  std::string command_of(const toys::Purchases::Result& result) const;
  void log_result(const toys::Purchases::Result& result);
  void on_result(const toys::IntentId& intent, const Result<repl::Written>& written);
  void answer_waiting(const toys::IntentId& intent, const repl::Written& written);
  void fail_waiting(const Error& error);
  void tick_every(uint64_t ms);
  void tick();
  bool is_busy() const { return logging_ != 0 || waiters_ != 0; }
  void finish_draining();

  const OrderOptions options_;
  const Time time_;
  toys::Orders& orders_;
  repl::Driver& replica_;
  Gateway& catalog_;
  toys::Purchases purchases_;
  std::map<toys::IntentId, std::vector<Waiting>> waiting_;
  size_t waiters_ = 0;
  size_t logging_ = 0;  // purchases whose intents are not applied yet
  uint64_t placed_ = 0;
  std::optional<Hold> hold_;
  bool draining_ = false;
  int64_t drain_until_ns_ = 0;
  UniqueFunction<void()> drained_;  // while draining
  const std::unique_ptr<Timer> ticker_;
  uint64_t tick_ms_ = 0;  // how often it goes off
};

}  // namespace tandem::store
