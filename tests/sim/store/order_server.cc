#include "sim/store/order_server.h"

#include <string>
#include <utility>

#include "store/order_service.h"

namespace tandem::sim {

OrderServer::OrderServer(Store& store, Node& node)
    : ReplicaServer(store, node),
      catalog_(store, Role::kCatalog, {Role::kOrders, node.id()}, node, node.boot_clock(),
               store.plan.patience_ns) {}

void OrderServer::begin(repl::Driver& driver) {
  ReplicaServer::begin(driver);
  catalog_.start({});
}

std::unique_ptr<store::Service> OrderServer::make_service(repl::Driver& driver) {
  store::OrderOptions options;
  options.max_open = store_.plan.max_open;
  options.result_budget_ms = static_cast<uint32_t>(store_.plan.patience_ns / kMs);
  options.purchases = store_.plan.purchases;
  store::Gateway& catalog = *this;
  return std::make_unique<store::OrderService>(options, time(), orders_, driver, catalog);
}

void OrderServer::applied(const wire::Entry& entry, const repl::Applied& answer) {
  store_.ledger.orders_applied(entry, answer, orders_);
  if (!node_.leading()) return;
  if (answer.status == toys::kAccepted) store_.passes(Step::kIntentApplied, node_);
  if (!answer.settles.empty()) store_.passes(Step::kResultApplied, node_);
}

// With what came of its own entry, or with a result, which has no key.
void OrderServer::leaves(const Call& call, const Response&, repl::Index index) {
  if (index == 0 || call.method != wire::Method::kOrderPlace) return;
  const auto& committed = store_.orders.world().checks.committed();
  if (!committed[index - 1].request_id.empty()) node_.answers_key(index, call.key);
}

void OrderServer::submit(const wire::Request& request, Done done) {
  catalog_.gateway().submit(request,
                            [this, done = std::move(done)](const wire::Response& response) mutable {
                              store_.passes(Step::kTakeHeard, node_);
                              enter(Step::kResultLogged, [&] { done(response); });
                            });
  store_.passes(Step::kTakeAsked, node_);
}

}  // namespace tandem::sim
