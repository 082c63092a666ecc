#include "ts-front/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "coord/local.h"
#include "events/journal.h"
#include "fakes.h"
#include "loop/loop_timers.h"
#include "support/recorded_exchange.h"
#include "support/temporary_directory.h"

namespace tandem::front {
namespace {

using testing::HasSubstr;

TEST(FrontMetricsTest, CountsWhatHappenedOnce) {
  const support::TemporaryDirectory directory;
  loop::Loop loop;
  auto coord = coord::open_local({.root = directory.path()}, loop);
  ASSERT_TRUE(coord);
  const FakeClock clock;
  events::Journal events{loop};
  Store store{loop, **coord, FrontConfig{}, events};
  toys::ProductCache cache{{true, 10}, 1};
  FakeCalls calls;
  const Renderer renderer{Style::kStandard};
  loop::LoopTimers timers{loop};
  ProductPage page{{clock, timers}, cache, calls, renderer, 5000};
  Handlers handlers{loop, clock, page, calls, calls, store.order_replicas(), renderer, 5000};
  daemon::Metrics metrics;
  const FrontMetrics front{metrics, clock, cache, handlers, store};

  support::RecordedExchange exchange;
  handlers.buy(post(R"({"name":"Tux","quantity":1})"), http::Responder(exchange));
  calls.answer(200, R"({"order_number":0})");
  cache.find("Tux", clock.ns);
  cache.find("Tux", clock.ns);
  metrics.text();
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("tandem_purchases_total{outcome=\"bought\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("tandem_purchases_total{outcome=\"refused\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tandem_cache_misses_total 2\n"));
  EXPECT_THAT(text, HasSubstr("tandem_cache_lease 0\n"));
  EXPECT_THAT(text, HasSubstr("tandem_leader_open{group=\"catalog\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("tandem_active 0\n"));
  EXPECT_THAT(text, HasSubstr("tandem_in_sync_wanted{group=\"orders\"} 3\n"));
}

}  // namespace
}  // namespace tandem::front
