#include "sim/store/toy_store.h"

#include <algorithm>

#include "sim/store/catalog_server.h"
#include "sim/store/order_server.h"

namespace tandem::sim {
namespace {

constexpr int64_t kConvergeNs = 60'000 * kMs;

const toys::Orders& orders_of(const Node& node) {
  return static_cast<OrderServer&>(node.program()).orders();
}

const toys::Catalog& catalog_of(const Node& node) {
  return static_cast<CatalogServer&>(node.program()).catalog();
}

}  // namespace

// Neighbouring seeds of Random are the same numbers but for the first: a plan that draws one number
// more would be the run of the seed before.
ToyStore::ToyStore(uint64_t seed, bool verbose)
    : universe_(Random(seed).next(), verbose), store_(universe_) {
  for (uint32_t id = 1; id <= store_.plan.fronts; ++id) {
    fronts_.push_back(std::make_unique<Front>(store_, id));
  }
  for (uint32_t id = 1; id <= store_.plan.shoppers; ++id) {
    shoppers_.push_back(std::make_unique<Shopper>(store_, id));
  }
}

Outcome ToyStore::run() {
  store_.orders.start();
  store_.catalog.start();
  for (auto& front : fronts_) front->start();
  for (auto& shopper : shoppers_) shopper->start();
  next_fault();
  const int64_t heals_at = universe_.now() + store_.plan.faults_until_ns;
  while (universe_.now() < heals_at) universe_.schedule.run_one();
  heal();
  const int64_t last = universe_.now() + kConvergeNs;
  while (!has_converged()) {
    if (universe_.now() > last) violated("the store does not come together again");
    universe_.schedule.run_one();
  }
  store_.orders.check_states();
  store_.catalog.check_states();
  store_.ledger.check_end(catalog_of(*store_.catalog.nodes()[0]),
                          orders_of(*store_.orders.nodes()[0]));
  return outcome();
}

// --- faults ---

void ToyStore::next_fault() {
  if (universe_.healed) return;
  const auto& weights = store_.plan.weights;
  uint32_t sum = 0;
  for (const uint32_t weight : weights) sum += weight;
  if (sum > 0) {
    uint64_t which = universe_.random.below(sum);
    size_t fault = 0;
    for (; which >= weights[fault]; ++fault) which -= weights[fault];
    universe_.trace.note("store", "fault kind:", {fault});
    if (strike(static_cast<StoreFault>(fault))) ++faults_[fault];
  }
  const bool at_once = universe_.random.chance(store_.plan.bursts);
  const int64_t last_ns = at_once ? 20 * kMs : 2 * store_.plan.fault_every_ns;
  universe_.schedule.after(universe_.between_ns(kMs, last_ns), [this] { next_fault(); });
}

// False: it did not come about.
bool ToyStore::strike(StoreFault fault) {
  Front& front = *universe_.random.one_of(fronts_);
  switch (fault) {
    case StoreFault::kOrders:
      store_.orders.strike();
      return true;
    case StoreFault::kCatalog:
      store_.catalog.strike();
      return true;
    case StoreFault::kFrontCrash:
      if (!front.up()) return false;
      front.crash();
      return true;
    case StoreFault::kFrontPause:
      if (!front.up()) return false;
      front.pause(universe_.between_ns(kMs, 1500 * kMs));
      return true;
    case StoreFault::kWireCut:
      cut_wires();
      return true;
    case StoreFault::kPartition:
      part(front.id());
      return true;
    case StoreFault::kHandOver:
      store_.orders.hand_over();
      store_.catalog.hand_over();
      return true;
    case StoreFault::kCount:
      break;
  }
  return false;
}

std::vector<Address> ToyStore::all_processes() const {
  std::vector<Address> all;
  for (uint32_t id = 1; id <= store_.plan.fronts; ++id) all.push_back({Role::kFront, id});
  for (const auto& node : store_.orders.nodes()) all.push_back({Role::kOrders, node->id()});
  for (const auto& node : store_.catalog.nodes()) all.push_back({Role::kCatalog, node->id()});
  return all;
}

// From one process to another, one way or both, or one from all others; or all are mended.
void ToyStore::cut_wires() {
  const std::vector<Address> all = all_processes();
  const Address from = universe_.random.one_of(all);
  const Address to = universe_.random.one_of(all);
  const uint64_t kind = universe_.random.below(4);
  universe_.trace.note(
      "store", "cut from to kind:",
      {static_cast<uint64_t>(from.role), from.id, static_cast<uint64_t>(to.role), to.id, kind});
  if (kind == 0 || universe_.random.chance(300)) store_.wires.mend_cuts();
  for (const Address& other : all) {
    if (kind == 0 || (kind < 3 && other != to)) continue;
    store_.wires.cut(from, other);
    if (kind >= 2) store_.wires.cut(other, from);
  }
  mend_after(10 * kMs);
}

void ToyStore::part(uint32_t front) {
  const repl::ReplicaId leader = store_.catalog.record().leader;
  for (const auto& node : store_.catalog.nodes()) {
    if (node->id() == leader) continue;
    store_.wires.cut({Role::kFront, front}, {Role::kCatalog, node->id()});
    store_.wires.cut({Role::kCatalog, node->id()}, {Role::kFront, front});
  }
  store_.catalog.split();
  mend_after(300 * kMs);
}

void ToyStore::mend_after(int64_t least_ns) {
  universe_.schedule.after(universe_.between_ns(least_ns, 1200 * kMs),
                           [this] { store_.wires.mend_cuts(); });
}

// --- the end ---

void ToyStore::heal() {
  universe_.trace.note("", "heal", {});
  universe_.healed = true;
  store_.wires.mend_cuts();
  store_.orders.heal();
  store_.catalog.heal();
  for (auto& front : fronts_) front->heal();
  for (auto& shopper : shoppers_) shopper->stop();
}

bool ToyStore::has_converged() const {
  const bool idle = std::all_of(shoppers_.begin(), shoppers_.end(),
                                [](const auto& shopper) { return shopper->idle(); });
  return idle && store_.orders.has_converged() && store_.catalog.has_converged() &&
         orders_of(*store_.orders.nodes()[0]).open().empty() &&
         catalog_of(*store_.catalog.nodes()[0]).initialised();
}

Outcome ToyStore::outcome() const {
  Outcome outcome;
  outcome.seeds = 1;
  outcome.hash = universe_.trace.hash();
  outcome.events = universe_.trace.events();
  outcome.faults = universe_.faults;
  for (const Group* group : {&store_.orders, &store_.catalog}) {
    outcome.committed += group->world().checks.committed().size();
    outcome.epochs += group->record().epoch;
  }
  for (const auto& shopper : shoppers_) {
    outcome.answered += shopper->answered();
    outcome.reads += shopper->queries();
  }
  outcome.orders = store_.ledger.orders();
  for (const auto& front : fronts_) {
    const toys::CacheFigures figures = front->figures();
    outcome.hits += figures.hits;
    outcome.evicted += figures.evicted;
    outcome.invalidated += figures.invalidated;
    outcome.refused += figures.refused;
  }
  outcome.store_faults = faults_;
  outcome.steps = store_.steps;
  return outcome;
}

}  // namespace tandem::sim
