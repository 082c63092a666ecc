#include "metrics.h"

#include <utility>

namespace tandem::front {

FrontMetrics::FrontMetrics(daemon::Metrics& metrics, const Clock& clock,
                           const toys::ProductCache& cache, const Handlers& handlers, Store& store)
    : metrics_(metrics),
      clock_(clock),
      cache_(cache),
      store_(store),
      orders_(metrics, store.orders(), [&store] { return store.orders().founders(); }),
      catalog_(metrics, store.catalog(), [&store] { return store.catalog().founders(); }),
      products_(metrics.gauge("tandem_cache_products", "products in the cache")),
      lease_(metrics.gauge("tandem_cache_lease", "1 where products are served from the cache")),
      active_(
          metrics.gauge("tandem_active", "1 where this process is the active one of its kind")) {
  const toys::CacheFigures& figures = cache.figures();
  follow("tandem_cache_hits_total", "product queries answered from the cache", figures.hits);
  follow("tandem_cache_misses_total", "product queries that were not", figures.misses);
  follow("tandem_cache_evictions_total", "products that made room for others", figures.evicted);
  follow("tandem_cache_invalidations_total", "products dropped since they changed",
         figures.invalidated);
  follow("tandem_cache_emptied_total", "times that everything was dropped", figures.emptied);
  follow("tandem_cache_refused_fills_total", "answers of the catalog that were too old to keep",
         figures.refused);
  const PurchaseFigures& purchases = handlers.purchases();
  const auto outcome = [this](const char* name, const uint64_t& figure) {
    follow("tandem_purchases_total", "purchases by their outcome", figure, {{"outcome", name}});
  };
  outcome("bought", purchases.bought);
  outcome("not_found", purchases.not_found);
  outcome("out_of_stock", purchases.out_of_stock);
  outcome("refused", purchases.refused);
  outcome("unavailable", purchases.unavailable);
  outcome("unknown", purchases.unknown);
  for (group::Group* group : {&store.orders(), &store.catalog()}) {
    follow("tandem_replica_deaths_total",
           "processes of replicas that ended unasked, by how they did",
           group->leadership().figures().deaths, {{"group", group->group()}, {"cause", "unseen"}});
  }
  metrics.before_text([this] { update(); });
}

void FrontMetrics::follow(const std::string& name, const std::string& help, const uint64_t& figure,
                          const daemon::Labels& labels) {
  followers_.push_back({metrics_.counter(name, help, labels), figure});
}

void FrontMetrics::collect(UniqueFunction<void()> done) {
  orders_.collect([this, done = std::move(done)]() mutable { catalog_.collect(std::move(done)); });
}

void FrontMetrics::update() {
  for (Follower& follower : followers_) {
    follower.counter.add(static_cast<double>(follower.figure - follower.counted));
    follower.counted = follower.figure;
  }
  products_.set(static_cast<double>(cache_.size()));
  lease_.set(cache_.leased(clock_.boot_ns()) ? 1 : 0);
  active_.set(store_.active() ? 1 : 0);
}

}  // namespace tandem::front
