// What is told of the whole store, GET /status and the samples of GET /events: readiness, both
// groups with their replicas, cache, purchases, stock. Every replica is asked for its state; the
// answer comes when all have told, or half a second later without those that have not.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/function.h"
#include "call_watch.h"
#include "config.h"
#include "coord/coord.h"
#include "handlers.h"
#include "store.h"
#include "toys/product_cache.h"
#include "wire/json.h"

namespace tandem::front {

// All of them outlive the reports.
struct Reported {
  const FrontConfig& config;
  const Clock& clock;
  const coord::Coord& coord;
  Store& store;
  const toys::ProductCache& cache;
  const Handlers& handlers;
  const CallWatch& calls;
};

void report_status(const Reported& reported, UniqueFunction<void(wire::Json)> done);

// What is wrong though the store serves; "": nothing.
std::string warning_of(const Reported& reported);

// Whether the replicas that have as many orders as another one have the same ones, by the digests
// in their rows; null where no two have as many.
wire::Json same_orders(const wire::Json::Array& rows);

}  // namespace tandem::front
