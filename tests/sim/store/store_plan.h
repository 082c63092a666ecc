// What kind of run of the store a seed makes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "sim/plan.h"
#include "sim/random.h"
#include "sim/store/steps.h"
#include "toys/product_cache.h"
#include "toys/purchases.h"
#include "toys/subscriptions.h"

namespace tandem::sim {

// What befalls the store from time to time.
enum class StoreFault {
  kOrders,   // one of the faults of a group hits the order replicas
  kCatalog,  // ... the catalog's
  kFrontCrash,
  kFrontPause,
  kWireCut,    // between two processes, one way or both, or around one
  kPartition,  // the catalog's leader and one front lose sight of the other catalog replicas
  kHandOver,   // of the leadership of a group to the replica that a controller is told
  kCount,
};
inline constexpr size_t kStoreFaults = static_cast<size_t>(StoreFault::kCount);
inline constexpr std::array<std::string_view, kStoreFaults> kStoreFaultNames = {
    "orders", "catalog", "front-crashes", "front-pauses", "wire-cuts", "partitions", "hand-overs"};

struct StorePlan {
  Plan orders;   // of the group
  Plan catalog;  // of the group
  Plan wires;    // the chances of a network between processes; the rest has no meaning
  int64_t faults_until_ns = 0;

  uint32_t fronts = 2;
  uint32_t shoppers = 0;
  uint32_t lookers = 0;       // of the shoppers: they do nothing but query
  uint32_t toys = 0;          // at first
  uint32_t strange_toys = 0;  // that are asked for too, and may be added
  int64_t most_stock = 0;
  int64_t restock_every_ns = 0;
  int64_t restock_to = 0;
  size_t max_open = 0;  // intents

  toys::CacheOptions cache;
  toys::PurchasesOptions purchases;
  toys::SubscriptionOptions subscriptions;

  int64_t think_ns = 0;     // of a shopper between two requests, at most
  uint32_t queries = 0;     // permille of what shoppers ask for
  uint32_t changes = 0;     // by operators, permille of the rest
  uint32_t stubborn = 0;    // permille of failures after which the same leader is asked again
  int64_t patience_ns = 0;  // of whoever waits for one answer, at most
  int64_t budget_ns = 0;    // of a request at a front
  uint32_t doublings = 4;   // of the patience, with each try

  std::array<uint32_t, kStoreFaults> weights{};
  int64_t fault_every_ns = 0;
  uint32_t bursts = 0;
  std::array<uint32_t, kSteps> step_faults{};  // permille of the times that a step is passed
};

StorePlan draw_store_plan(Random& random);

}  // namespace tandem::sim
