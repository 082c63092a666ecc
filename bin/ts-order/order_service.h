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
#include <deque>
#include <map>
#include <string_view>
#include <vector>

#include "daemon/part.h"
#include "group/gateway.h"
#include "loop/loop.h"
#include "repl/driver.h"
#include "replica/service.h"
#include "rpc/server.h"
#include "toys/orders.h"
#include "toys/purchases.h"
#include "wire/envelope.h"
#include "wire/json.h"

namespace tandem::order {

class OrderService final : public daemon::Part, public replica::Methods {
 public:
  // All of them outlive this.
  OrderService(loop::Loop& loop, size_t max_open, toys::Orders& orders, repl::Driver& replica,
               group::Gateway& catalog);

  void on_request(rpc::Reply reply, const wire::Request& request) override;
  void add_info(wire::Json& info) const override;

  std::string_view name() const override { return "orders"; }
  void start(UniqueFunction<void(Status)> done) override;
  // No purchases any more; done when those under way have their orders, or after a second.
  void drain(UniqueFunction<void()> done) override;

 private:
  struct Waiting {
    rpc::Reply reply;
    int64_t deadline_ns = 0;
  };

  void place(rpc::Reply reply, const wire::Request& request);
  void on_intent(rpc::Reply reply, int64_t deadline_ns, const repl::Written& written);
  void get(rpc::Reply reply, const wire::Request& request);
  void leadership_changed(bool takes_writes);
  void carry_out(const toys::Purchases::Effects& effects);
  void ask_catalog(const toys::Take& take);
  void log_result(const toys::Purchases::Result& result);
  void on_result(const toys::IntentId& intent, const Result<repl::Written>& written);
  void answer_waiting(const toys::IntentId& intent, const repl::Written& written);
  void fail_waiting(const Error& error);
  void tick_every(uint64_t ms);
  void tick();
  bool is_busy() const { return logging_ != 0 || waiters_ != 0; }
  void finish_draining();

  const size_t max_open_;
  toys::Orders& orders_;
  repl::Driver& replica_;
  group::Gateway& catalog_;
  toys::Purchases purchases_;
  std::map<toys::IntentId, std::vector<Waiting>> waiting_;
  size_t waiters_ = 0;
  size_t logging_ = 0;  // purchases whose intents are not applied yet
  uint64_t placed_ = 0;
  bool draining_ = false;
  int64_t drain_until_ns_ = 0;
  UniqueFunction<void()> drained_;  // while draining
  loop::Timer ticker_;
  uint64_t tick_ms_ = 0;  // how often it goes off
};

}  // namespace tandem::order
