#include "sim/store/store.h"

#include <algorithm>
#include <memory>
#include <utility>

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

// --- Gateway ---

repl::ReplicaId Gateway::any_replica() {
  return store_.universe.random.between<repl::ReplicaId>(
      1, static_cast<repl::ReplicaId>(store_.group(group_).nodes().size()));
}

void Gateway::find_leader() {
  if (leader_ != 0) return;
  Group& group = store_.group(group_);
  leader_ = group.nodes()[group.leading_from(any_replica() - 1)]->id();
}

uint64_t Gateway::leader_session() {
  find_leader();
  const Node& node = *store_.group(group_).nodes()[leader_ - 1];
  return node.up() ? node.session() : 0;
}

void Gateway::ask_leader(Call call, int64_t patience_ns, Wires::Done done) {
  find_leader();
  store_.wires.call(from_, {group_, leader_}, std::move(call), patience_ns,
                    [this, done = std::move(done)](const Response& response) mutable {
                      const bool keeps_to_it = store_.universe.strikes(store_.plan.stubborn);
                      if (!response.is_final() && !keeps_to_it) leader_ = 0;
                      done(response);
                    });
}

void Gateway::submit(Call call, int64_t budget_ns, Wires::Done done) {
  if (wire::is_read(call.method)) {
    call.committed = store_.group(group_).world().checks.committed().size();
  }
  attempt(Try{std::move(call), owner_.clock() + budget_ns, std::move(done)});
}

// With more patience each time: where everything is slow, repetitions must not keep it so.
void Gateway::attempt(Try what) {
  const uint32_t doubled = std::min(what.tries++, store_.plan.doublings);
  const int64_t patience_ns = store_.patience_ns() << doubled;
  Call call = what.call;
  auto heard = [this, what = std::move(what)](const Response& response) mutable {
    if (response.is_final() || owner_.clock() >= what.deadline_ns) {
      what.done(response);
      return;
    }
    owner_.later(store_.universe.between_ns(0, 10 * kMs),
                 [this, what = std::move(what)]() mutable { attempt(std::move(what)); });
  };
  if (wire::is_read(call.method)) {
    store_.wires.call(from_, {group_, any_replica()}, std::move(call), patience_ns,
                      std::move(heard));
  } else {
    ask_leader(std::move(call), patience_ns, std::move(heard));
  }
}

}  // namespace tandem::sim
