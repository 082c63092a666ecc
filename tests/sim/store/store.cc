#include "sim/store/store.h"

#include <memory>

#include "sim/store/catalog_server.h"
#include "sim/store/order_server.h"

namespace tandem::sim {
namespace {

bool higher_id(const repl::Candidate& a, const repl::Candidate& b) {
  return a.member.id > b.member.id;
}

bool lower_id(const repl::Candidate& a, const repl::Candidate& b) {
  return a.member.id < b.member.id;
}

template <typename Program>
void attach(Store& store, Role role) {
  for (const auto& node : store.group(role).nodes()) {
    store.wires.attach({role, node->id()}, *node, [&node = *node]() -> Server& {
      return static_cast<Program&>(node.program());
    });
  }
}

}  // namespace

Store::Store(Universe& all)
    : universe(all),
      plan(draw_store_plan(all.random)),
      wires(all, plan.wires),
      orders(all, plan.orders, "orders", higher_id,
             [this](Node& node) { return std::make_unique<OrderServer>(*this, node); }),
      catalog(all, plan.catalog, "catalog", lower_id,
              [this](Node& node) { return std::make_unique<CatalogServer>(*this, node); }) {
  attach<OrderServer>(*this, Role::kOrders);
  attach<CatalogServer>(*this, Role::kCatalog);
}

void Store::passes(Step step, Process& process) {
  const auto which = static_cast<size_t>(step);
  if (!process.acts() || !universe.strikes(plan.step_faults[which])) return;
  universe.trace.note("store", "struck at step:", {which});
  ++steps[which];
  if (universe.random.chance(700)) {
    process.crash_now();
  } else {
    process.pause(universe.between_ns(kMs, 1000 * kMs));
  }
}

}  // namespace tandem::sim
