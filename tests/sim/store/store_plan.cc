#include "sim/store/store_plan.h"

#include <algorithm>

namespace tandem::sim {
namespace {

constexpr std::array<uint32_t, kStoreFaults> kMostWeights = {10, 10, 6, 6, 10, 3, 4};

void resize(Plan& plan, uint32_t replicas, uint32_t min_in_sync) {
  plan.replicas = replicas;
  plan.min_in_sync = min_in_sync;
  plan.replica.max_in_sync = replicas;
}

// The small pieces and slow disks that the protocol is looked at with let a purchase take seconds.
void speed_up(Random& random, Plan& plan) {
  plan.replica.append_bytes = random.between<size_t>(300, 4000);
  plan.replica.in_flight_bytes = random.between<size_t>(2000, 20'000);
  plan.replica.chunk_bytes = random.between<size_t>(500, 5000);
  plan.sync_ns = random.between<int64_t>(kMs / 10, 4 * kMs);
  plan.delay_ns = random.between<int64_t>(kMs / 10, 3 * kMs);
  plan.lose /= 3;
  plan.late /= 3;
  plan.late_ns /= 2;
}

// No lease that a front was granted may outlive the pause of a new leader of the catalog, which
// begins with its promise: that holds where this lease is as long as that of the replicas, or
// longer.
void draw_subscriptions(Random& random, StorePlan& plan) {
  toys::SubscriptionOptions& options = plan.subscriptions;
  const int64_t lease_ns = plan.catalog.replica.lease_ns;
  options.lease_ns =
      random.chance(500) ? lease_ns : random.between<int64_t>(lease_ns, 2 * lease_ns);
  options.heartbeat_ns = random.between<int64_t>(kMs, options.lease_ns / 2);
  options.max_fronts = random.chance(300) ? plan.fronts : 64;
  options.max_unacknowledged = random.between<size_t>(1, 6);
}

void be_quiet(Plan& plan) {
  plan.lose = plan.late = plan.slow_sync = 0;
  plan.lost_reply = plan.late_swap = plan.refused_swap = plan.failed_read = 0;
  plan.weights.fill(0);
}

// A stale hit needs a query within the lease that makes it one: so there are many, of few toys that
// change often, and nobody waits for long.
void look_often(Random& random, StorePlan& plan) {
  be_quiet(plan.orders);
  be_quiet(plan.catalog);
  plan.catalog.clock_ppm = plan.wires.clock_ppm = 50'000;
  plan.lookers = random.between<uint32_t>(2, 4);
  plan.shoppers = plan.lookers + random.between<uint32_t>(2, 4);
  plan.toys = random.between<uint32_t>(1, 2);
  plan.strange_toys = random.between<uint32_t>(0, 1);
  plan.think_ns = random.between<int64_t>(kMs, 5 * kMs);
  plan.queries = random.between<uint32_t>(100, 500);
  plan.changes = random.between<uint32_t>(300, 900);
  plan.doublings = random.between<uint32_t>(0, 1);
  plan.cache.size = random.between<size_t>(1, 3);
  plan.step_faults.fill(0);
  plan.bursts = 0;
}

// Fills and polls are on their way for longer than leases last.
void hunt_for_late_fills(Random& random, StorePlan& plan) {
  look_often(random, plan);
  plan.catalog.replica.lease_ns = random.between<int64_t>(40 * kMs, 150 * kMs);
  plan.catalog.replica.heartbeat_ns = 10 * kMs;
  draw_subscriptions(random, plan);
  plan.wires.lose = random.between<uint32_t>(0, 100);
  plan.wires.late = random.between<uint32_t>(100, 400);
  plan.wires.late_ns = random.between<int64_t>(30 * kMs, 400 * kMs);
  plan.patience_ns = random.between<int64_t>(100 * kMs, 500 * kMs);
  plan.catalog.weights[static_cast<size_t>(Fault::kCrash)] = 1;
  plan.catalog.weights[static_cast<size_t>(Fault::kElection)] = 3;
  plan.catalog.weights[static_cast<size_t>(Fault::kEnd)] = 3;
  plan.weights = {0, 4, 1, 1, 2, 0, 2};
  plan.fault_every_ns = random.between<int64_t>(100 * kMs, 800 * kMs);
}

// The catalog has a new leader while a front has a lease of the one before.
void hunt_for_old_leases(Random& random, StorePlan& plan) {
  hunt_for_stale_reads(random, plan.catalog);
  const auto weights = plan.catalog.weights;
  look_often(random, plan);
  plan.catalog.weights = weights;
  plan.catalog.replica.lease_ns = random.between<int64_t>(100 * kMs, 400 * kMs);
  plan.orders.delay_ns = plan.wires.delay_ns = plan.catalog.delay_ns;
  plan.orders.sync_ns = plan.catalog.sync_ns;
  draw_subscriptions(random, plan);
  plan.wires.lose = random.between<uint32_t>(0, 50);
  plan.patience_ns = random.between<int64_t>(30 * kMs, 100 * kMs);
  plan.stubborn = random.between<uint32_t>(0, 950);
  plan.weights = {0, 4, 1, 1, 2, 8, 1};
  plan.fault_every_ns = random.between<int64_t>(200 * kMs, 800 * kMs);
}

}  // namespace

StorePlan draw_store_plan(Random& random) {
  const auto draw = [&random](uint32_t most) {
    return random.chance(400) ? 0 : random.between<uint32_t>(1, most);
  };
  StorePlan plan;
  plan.orders = draw_plan(random);
  plan.catalog = draw_plan(random);
  // Their states are in memory: what is there does not go back.
  plan.orders.weights[static_cast<size_t>(Fault::kEngineLost)] = 0;
  plan.catalog.weights[static_cast<size_t>(Fault::kEngineLost)] = 0;
  plan.wires = draw_plan(random);
  const auto two = [&random] { return random.between<uint32_t>(1, 2); };
  for (Plan* part : {&plan.orders, &plan.catalog, &plan.wires}) speed_up(random, *part);
  resize(plan.orders, 3, two());
  const uint32_t catalogs = random.between<uint32_t>(1, 3);
  resize(plan.catalog, catalogs, catalogs == 3 ? two() : 1);
  plan.faults_until_ns = random.between<int64_t>(1500 * kMs, 4000 * kMs);

  plan.lookers = random.between<uint32_t>(0, 2);
  plan.shoppers = plan.lookers + random.between<uint32_t>(2, 6);
  plan.toys = random.between<uint32_t>(1, 4);
  plan.strange_toys = random.between<uint32_t>(1, 2);
  plan.most_stock = random.between<int64_t>(0, 30);
  plan.restock_every_ns = random.between<int64_t>(20 * kMs, 1000 * kMs);
  plan.restock_to = random.between<int64_t>(1, 20);
  plan.max_open = random.chance(300) ? random.between<size_t>(1, 4) : 1000;
  plan.cache.enabled = !random.chance(50);
  plan.cache.size = random.between<size_t>(1, 6);
  plan.purchases.max_asking = random.between<size_t>(1, 8);
  plan.purchases.first_pause_ns = random.between<int64_t>(kMs, 10 * kMs);
  plan.purchases.longest_pause_ns = random.between<int64_t>(10 * kMs, 100 * kMs);
  draw_subscriptions(random, plan);
  plan.think_ns = random.between<int64_t>(kMs, 20 * kMs);
  plan.queries = random.between<uint32_t>(100, 800);
  plan.changes = random.between<uint32_t>(0, 400);
  plan.patience_ns = random.between<int64_t>(30 * kMs, 300 * kMs);
  plan.budget_ns = random.chance(500) ? 1000 * kMs : random.between<int64_t>(30 * kMs, 500 * kMs);
  plan.stubborn = random.between<uint32_t>(0, 500);
  for (size_t i = 0; i < kStoreFaults; ++i) plan.weights[i] = draw(kMostWeights[i]);
  plan.fault_every_ns = random.between<int64_t>(50 * kMs, 800 * kMs);
  plan.bursts = draw(600);
  const bool steps = random.chance(600);
  for (uint32_t& chance : plan.step_faults) chance = steps ? draw(60) : 0;
  const uint64_t kind = random.below(10);
  if (kind < 2) hunt_for_late_fills(random, plan);
  if (kind >= 7) hunt_for_old_leases(random, plan);
  return plan;
}

}  // namespace tandem::sim
