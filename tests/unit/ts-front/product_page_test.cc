#include "ts-front/product_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes.h"
#include "loop/loop_timers.h"
#include "support/recorded_exchange.h"

namespace tandem::front {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr uint64_t kSubscription = 5;

std::string tux(int quantity, uint64_t version) {
  return R"({"name":"Tux","price":15.99,"quantity":)" + std::to_string(quantity) +
         ",\"version\":" + std::to_string(version) + "}";
}
std::string shown(int quantity) {
  return R"({"data":{"name":"Tux","price":15.99,"quantity":)" + std::to_string(quantity) + "}}";
}
constexpr std::string_view kNotFound = R"({"error":{"code":404,"message":"product not found"}})";
constexpr std::string_view kBusy = R"({"error":{"code":503,"message":"not now"}})";

class ProductPageTest : public testing::Test {
 protected:
  // A query that arrives now.
  support::RecordedExchange& ask(std::string_view name = "Tux",
                                 std::string_view cache_control = {}) {
    exchanges_.push_back(std::make_unique<support::RecordedExchange>());
    http::Request request;
    request.params = {{"name", name}};
    request.request_id = "req-1";
    request.received_ns = clock.ns;
    if (!cache_control.empty()) request.headers = {{"cache-control", cache_control}};
    page.answer(request, http::Responder(*exchanges_.back()));
    return *exchanges_.back();
  }
  // The catalog grants a lease, with what has changed.
  void pushed(std::vector<toys::Invalidation> invalidations = {}) {
    toys::Push push;
    push.fresh = !std::exchange(subscribed_, true);
    push.subscription = kSubscription;
    push.stamp_ns = cache.begin_poll(clock.ns).stamp_ns;
    push.lease_ns = 150 * kMs;
    push.invalidations = std::move(invalidations);
    for (toys::Invalidation& item : push.invalidations) item.sequence = ++sequence_;
    cache.pushed(push, clock.ns);
  }

  loop::Loop loop;
  FakeClock clock;
  FakeCalls catalog;
  toys::ProductCache cache{{true, 10}, 1};
  const Renderer renderer{Style::kStandard};
  loop::LoopTimers timers{loop};
  ProductPage page{{clock, timers}, cache, catalog, renderer, 5000};

 private:
  std::vector<std::unique_ptr<support::RecordedExchange>> exchanges_;
  uint64_t sequence_ = 0;
  bool subscribed_ = false;
};

TEST_F(ProductPageTest, AsksTheCatalogOnceAndThenTheCache) {
  pushed();
  const auto& first = ask();
  ASSERT_EQ(catalog.calls.size(), 1u);
  EXPECT_EQ(catalog.calls[0].method, wire::Method::kCatalogGet);
  EXPECT_EQ(catalog.calls[0].consistency, wire::Consistency::kLinearizable);
  EXPECT_EQ(catalog.calls[0].budget_ms, 5000u);
  EXPECT_EQ(catalog.calls[0].request_id, "req-1");
  EXPECT_EQ(catalog.calls[0].body, R"({"name":"Tux"})");
  catalog.answer(200, tux(100, 7));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, shown(100));
  const auto& second = ask();
  EXPECT_TRUE(catalog.calls.empty());
  EXPECT_EQ(second.status, 200);
  EXPECT_EQ(second.content_type, "application/json");
  EXPECT_EQ(second.body, shown(100));
}

TEST_F(ProductPageTest, WithoutALeaseEveryQueryAsks) {
  pushed();
  ask();
  catalog.answer(200, tux(100, 7));
  clock.ns += 136 * kMs;
  const auto& one = ask();
  const auto& two = ask();
  ASSERT_EQ(catalog.calls.size(), 2u);
  catalog.answer(200, tux(99, 8));
  catalog.answer(200, tux(98, 9));
  EXPECT_EQ(one.body, shown(99));
  EXPECT_EQ(two.body, shown(98));
}

TEST_F(ProductPageTest, NoCacheAsksTheCatalogAndLeavesTheCacheAsItIs) {
  pushed();
  ask();
  catalog.answer(200, tux(100, 7));
  for (const char* words : {"no-cache", "max-age=5, No-Cache"}) {
    const auto& past = ask("Tux", words);
    ASSERT_EQ(catalog.calls.size(), 1u) << words;
    catalog.answer(200, tux(99, 8));
    EXPECT_EQ(past.body, shown(99));
  }
  EXPECT_EQ(ask("Tux", "max-age=0").body, shown(100));
  EXPECT_TRUE(catalog.calls.empty());
  // One that nobody has cached is not by this either, and it waits for nobody who fills it.
  ask("Lego");
  ask("Lego", "no-cache");
  EXPECT_EQ(catalog.calls.size(), 2u);
}

// The request came while the lease was good, however late it is handled.
TEST_F(ProductPageTest, TheLeaseCountsWhenTheRequestWasThere) {
  pushed();
  ask();
  catalog.answer(200, tux(100, 7));
  support::RecordedExchange late;
  http::Request request;
  request.params = {{"name", "Tux"}};
  request.received_ns = clock.ns + 136 * kMs;
  page.answer(request, http::Responder(late));
  EXPECT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(100, 7));
}

TEST_F(ProductPageTest, QueriesThatComeTogetherShareAnAnswer) {
  pushed();
  const auto& one = ask();
  const auto& two = ask();
  const auto& three = ask();
  ASSERT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(100, 7));
  EXPECT_EQ(one.body, shown(100));
  EXPECT_EQ(two.body, shown(100));
  EXPECT_EQ(three.body, shown(100));
  EXPECT_TRUE(catalog.calls.empty());
}

// The change was answered before the third query came, and the catalog's answer is older.
TEST_F(ProductPageTest, WhoeverCameAfterAChangeIsNotServedByWhatWasAskedBefore) {
  pushed();
  const auto& before = ask();
  const auto& joined = ask();
  pushed({{0, "Tux", 8}});
  const auto& after = ask();
  const auto& after_too = ask();
  ASSERT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(100, 7));
  EXPECT_EQ(before.body, shown(100));
  EXPECT_EQ(joined.body, shown(100));
  EXPECT_EQ(after.status, 0);
  EXPECT_EQ(after_too.status, 0);
  EXPECT_EQ(cache.size(), 0u);
  // One of them asks anew, for both.
  ASSERT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(99, 8));
  EXPECT_EQ(after.body, shown(99));
  EXPECT_EQ(after_too.body, shown(99));
  EXPECT_EQ(ask().body, shown(99));
}

TEST_F(ProductPageTest, NotFoundIsNotKept) {
  pushed();
  const auto& one = ask("Nope");
  const auto& two = ask("Nope");
  catalog.answer(404, kNotFound);
  EXPECT_EQ(one.status, 404);
  EXPECT_EQ(two.status, 404);
  EXPECT_EQ(two.body, kNotFound);
  ask("Nope");
  EXPECT_EQ(catalog.calls.size(), 1u);
  catalog.answer(404, kNotFound);
}

TEST_F(ProductPageTest, ANameThatNoToyCanHaveIsNotAskedFor) {
  pushed();
  EXPECT_EQ(ask(std::string(101, 'x')).status, 404);
  EXPECT_EQ(ask("a\x01").body, kNotFound);
  EXPECT_TRUE(catalog.calls.empty());
}

TEST_F(ProductPageTest, WhoWaitsAsksItselfWhereTheFirstGotNoAnswer) {
  pushed();
  const auto& first = ask();
  clock.ns += 1000 * kMs;
  pushed();
  const auto& second = ask();
  const auto& third = ask();
  clock.ns += 500 * kMs;
  pushed();
  catalog.answer(503, kBusy);
  EXPECT_EQ(first.status, 503);
  EXPECT_EQ(first.header("Retry-After"), "1");
  EXPECT_EQ(second.status, 0);
  ASSERT_EQ(catalog.calls.size(), 1u);
  EXPECT_EQ(catalog.calls[0].budget_ms, 4500u);  // what is left of the second one's time
  catalog.answer(200, tux(100, 7));
  EXPECT_EQ(second.body, shown(100));
  EXPECT_EQ(third.body, shown(100));
}

TEST_F(ProductPageTest, NobodyIsLeftWaitingWhereTheCatalogRefusesAtOnce) {
  pushed();
  const auto& one = ask();
  const auto& two = ask();
  const auto& three = ask();
  catalog.refuses = true;
  catalog.answer(503, kBusy);
  EXPECT_EQ(one.status, 503);
  EXPECT_EQ(two.status, 503);
  EXPECT_EQ(three.status, 503);
}

TEST_F(ProductPageTest, NonsenseOfTheCatalogIsAnErrorAndNotKept) {
  pushed();
  const auto& one = ask();
  catalog.answer(200, "{}");
  EXPECT_EQ(one.status, 500);
  ask();
  EXPECT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(100, 7));
}

TEST_F(ProductPageTest, AQueryDoesNotWaitBeyondItsTime) {
  pushed();
  ask();
  const auto& waits = ask();
  clock.ns += 4999 * kMs;
  page.queries().expire();
  EXPECT_EQ(waits.status, 0);
  clock.ns += kMs;
  page.queries().expire();
  EXPECT_EQ(waits.status, 503);
  catalog.answer(200, tux(100, 7));
}

TEST_F(ProductPageTest, WhoHasNoTimeLeftIsNotAskedForAgain) {
  pushed();
  ask();
  const auto& waits = ask();
  clock.ns += 5000 * kMs;
  catalog.answer(503, kBusy);
  EXPECT_EQ(waits.status, 503);
  EXPECT_TRUE(catalog.calls.empty());
}

TEST_F(ProductPageTest, WhoHasGoneIsNotAskedForAgain) {
  pushed();
  ask();
  auto& waits = ask();
  waits.hang_up();
  catalog.answer(503, kBusy);
  EXPECT_TRUE(catalog.calls.empty());
}

TEST_F(ProductPageTest, ACacheThatIsOffAsksForEachQuery) {
  toys::ProductCache off{{false, 10}, 1};
  ProductPage alone{{clock, timers}, off, catalog, renderer, 5000};
  http::Request request;
  request.params = {{"name", "Tux"}};
  request.received_ns = clock.ns;
  support::RecordedExchange exchange;
  alone.answer(request, http::Responder(exchange));
  catalog.answer(200, tux(100, 7));
  EXPECT_EQ(exchange.body, shown(100));
  support::RecordedExchange again;
  alone.answer(request, http::Responder(again));
  EXPECT_EQ(catalog.calls.size(), 1u);
  catalog.answer(200, tux(100, 7));
}

}  // namespace
}  // namespace tandem::front
