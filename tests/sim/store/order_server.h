// A replica of the orders: the service of ts-order.
#pragma once

#include <memory>

#include "repl/driver.h"
#include "sim/node.h"
#include "sim/store/group_way.h"
#include "sim/store/replica_server.h"
#include "sim/store/store.h"
#include "store/surroundings.h"
#include "toys/orders.h"

namespace tandem::sim {

class OrderServer final : public ReplicaServer, private store::Gateway {
 public:
  OrderServer(Store& store, Node& node);

  void begin(repl::Driver& driver) override;
  repl::StateMachine& machine() override { return orders_; }
  void applied(const wire::Entry& entry, const repl::Applied& answer) override;

  const toys::Orders& orders() const { return orders_; }

 private:
  std::unique_ptr<store::Service> make_service(repl::Driver& driver) override;
  Step logged_for(wire::Method) const override { return Step::kIntentLogged; }
  Step logged_by_itself() const override { return Step::kResultLogged; }
  void leaves(const Call& call, const Response& response, repl::Index index) override;
  // The way to the catalog.
  void submit(const wire::Request& request, Done done) override;
  bool reaches_leader() const override { return catalog_.gateway().reaches_leader(); }

  GroupWay catalog_;
  toys::Orders orders_;
};

}  // namespace tandem::sim
