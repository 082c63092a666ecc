// A replica of the orders: what ts-order does around lib/toys. Its leader logs the intent, asks the
// catalog, logs the result, and answers whoever waits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/node.h"
#include "sim/program.h"
#include "sim/store/store.h"
#include "toys/orders.h"
#include "toys/purchases.h"

namespace tandem::sim {

class OrderServer final : public Program, public Server {
 public:
  OrderServer(Store& store, Node& node);

  repl::StateMachine& machine() override { return orders_; }
  void applied(const wire::Entry& entry, const repl::Applied& answer) override;
  void takes_writes(bool now) override;
  void serve(const Call& call, Return reply) override;

  const toys::Orders& orders() const { return orders_; }

 private:
  void place(const Call& call, const Return& reply);
  void intent_applied(const repl::Applied& answer, const Return& reply);
  void get(const Call& call, const Return& reply);
  void carry_out(const toys::Purchases::Effects& effects);
  void ask_catalog(const toys::Take& take);
  void log_result(const toys::Purchases::Result& result);
  std::string command_of(const toys::Purchases::Result& result);
  void result_applied(const toys::IntentId& intent, const repl::Applied& applied);
  void answer(const toys::IntentId& intent, const Response& response);
  void tick();

  Store& store_;
  Node& node_;
  Gateway catalog_;
  toys::Orders orders_;
  toys::Purchases purchases_;
  std::map<toys::IntentId, std::vector<Return>> waiting_;
  uint64_t next_number_ = 0;  // of a planted bug
};

}  // namespace tandem::sim
