#include "ts-front/handlers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "fakes.h"
#include "loop/loop_timers.h"
#include "support/recorded_exchange.h"
#include "ts-front/routes.h"
#include "wire/error_body.h"

namespace tandem::front {
namespace {

constexpr std::string_view kUnknown =
    R"({"error":{"code":504,"message":"the outcome is unknown"}})";
constexpr std::string_view kKite = R"({"name":"Kite","price":12.5,"quantity":10,"version":3})";

class FakeReplicas final : public OrderReplicas {
 public:
  std::vector<View> views() const override { return all; }
  void call(uint32_t id, std::string_view payload, uint64_t, Completion done) override {
    wire::Request request;
    ASSERT_TRUE(wire::decode(payload, request));
    ASSERT_EQ(request.method, wire::Method::kWorkerInfo);
    calls.emplace_back(id, std::move(done));
  }
  void answer(std::string_view info) {
    auto [id, done] = std::move(calls.front());
    calls.pop_front();
    std::string bytes;
    wire::encode(wire::Response{200, 0, info}, bytes);
    done(std::string_view(bytes));
  }

  std::vector<View> all;
  std::deque<std::pair<uint32_t, Completion>> calls;
};

class HandlersTest : public testing::Test {
 protected:
  HandlersTest() { add_routes(router_, handlers); }

  support::RecordedExchange& call(http::Method method, const std::string& path,
                                  std::string_view body = {},
                                  std::vector<http::NameValue> headers = {}) {
    exchanges_.push_back(std::make_unique<support::RecordedExchange>());
    http::Request request;
    request.method = method;
    request.body = body;
    request.headers = std::move(headers);
    request.request_id = "req-1";
    request.received_ns = clock.ns;
    std::string decoded;
    const auto match = router_.match(method, path, request.params, decoded);
    if (match.route == nullptr) {
      ADD_FAILURE() << "no route for " << path;
    } else {
      match.route->handler(request, http::Responder(*exchanges_.back()));
    }
    return *exchanges_.back();
  }

  FakeClock clock;
  FakeCalls catalog;
  FakeCalls orders;
  FakeReplicas replicas;
  loop::Loop loop;
  toys::ProductCache cache{{true, 10}, 1};
  const Renderer renderer{Style::kStandard};
  loop::LoopTimers timers{loop};
  ProductPage page{{clock, timers}, cache, catalog, renderer, 5000};
  Handlers handlers{loop, clock, page, catalog, orders, replicas, renderer, 5000};

 private:
  http::Router router_;
  std::vector<std::unique_ptr<support::RecordedExchange>> exchanges_;
};

TEST_F(HandlersTest, BuysWithTheClientsKey) {
  const auto& bought = call(http::Method::kPost, "/orders", R"({"quantity":1,"name":"Tux"})",
                            {{"Idempotency-Key", "k1"}});
  ASSERT_EQ(orders.calls.size(), 1u);
  EXPECT_EQ(orders.calls[0].method, wire::Method::kOrderPlace);
  EXPECT_EQ(orders.calls[0].key, "k1");
  EXPECT_EQ(orders.calls[0].request_id, "req-1");
  EXPECT_EQ(orders.calls[0].body, R"({"name":"Tux","quantity":1})");
  orders.answer(200, R"({"order_number":0})");
  EXPECT_EQ(bought.status, 200);
  EXPECT_EQ(bought.body, R"({"data":{"order_number":0}})");
  EXPECT_EQ(handlers.purchases().bought, 1u);
}

TEST_F(HandlersTest, TellsTheKeyWhereTheOutcomeIsUnknown) {
  const auto& made = call(http::Method::kPost, "/orders", R"({"quantity":1,"name":"Tux"})");
  const std::string key = orders.calls[0].key;
  EXPECT_TRUE(key.starts_with("r-")) << key;
  orders.answer(504, kUnknown);
  EXPECT_EQ(made.status, 504);
  EXPECT_EQ(made.body, kUnknown);
  EXPECT_EQ(made.header("Idempotency-Key"), key);
  const auto& priced =
      call(http::Method::kPatch, "/products/Kite", R"({"price":1})", {{"Idempotency-Key", "mine"}});
  catalog.answer(504, kUnknown);
  EXPECT_EQ(priced.header("Idempotency-Key"), "mine");
}

TEST_F(HandlersTest, MakesKeysThatTellOfTheLogThatTheyAreFor) {
  const auto change = [this] { call(http::Method::kPatch, "/products/Kite", R"({"price":1})"); };
  const auto buy = [this] {
    call(http::Method::kPost, "/orders", R"({"quantity":1,"name":"Tux"})");
  };
  change();
  catalog.answer(200, kKite, 70);
  buy();
  orders.answer(200, R"({"order_number":0})", 5);
  change();
  buy();
  EXPECT_EQ(key_birth(catalog.calls.back().key), 70);
  EXPECT_EQ(key_birth(orders.calls.back().key), 5);
}

TEST_F(HandlersTest, NothingDoneMeansTryLater) {
  const auto& refused = call(http::Method::kPost, "/orders", R"({"quantity":1,"name":"Tux"})");
  orders.answer(503, R"({"error":{"code":503,"message":"no leader"}})");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(refused.header("Idempotency-Key"), "");
}

TEST_F(HandlersTest, CountsPurchasesByTheirOutcome) {
  const auto buy = [this](uint16_t status, std::string_view message) {
    call(http::Method::kPost, "/orders", R"({"quantity":1,"name":"Tux"})");
    orders.answer(status, wire::error_body(status, message));
  };
  buy(404, kNoProduct);
  buy(400, kOutOfStock);
  buy(422, "another body");
  buy(400, "something else");
  buy(503, "not now");
  buy(507, "full");
  buy(504, "who knows");
  call(http::Method::kPost, "/orders", R"({"name":"Tux"})");
  EXPECT_TRUE(orders.calls.empty());
  const PurchaseFigures& figures = handlers.purchases();
  EXPECT_EQ(figures.bought, 0u);
  EXPECT_EQ(figures.not_found, 1u);
  EXPECT_EQ(figures.out_of_stock, 1u);
  EXPECT_EQ(figures.refused, 3u);
  EXPECT_EQ(figures.unavailable, 2u);
  EXPECT_EQ(figures.unknown, 1u);
}

TEST_F(HandlersTest, ChangesProducts) {
  const auto& added =
      call(http::Method::kPost, "/products", R"({"name":"Kite","price":12.5,"quantity":10})");
  EXPECT_EQ(catalog.calls[0].method, wire::Method::kCatalogAdd);
  EXPECT_EQ(catalog.calls[0].body, R"({"name":"Kite","price":12.50,"quantity":10})");
  EXPECT_TRUE(catalog.calls[0].key.starts_with("r-")) << catalog.calls[0].key;
  EXPECT_EQ(catalog.calls[0].request_id, "req-1");
  catalog.answer(201, kKite);
  EXPECT_EQ(added.status, 201);
  EXPECT_EQ(added.body, R"({"data":{"name":"Kite","price":12.50,"quantity":10}})");

  const auto& priced = call(http::Method::kPatch, "/products/Caf%C3%A9", R"({"price":12.34})");
  EXPECT_EQ(catalog.calls[0].method, wire::Method::kCatalogPrice);
  EXPECT_EQ(catalog.calls[0].body, "{\"name\":\"Caf\xc3\xa9\",\"price\":12.34}");
  catalog.answer(200, kKite);
  EXPECT_EQ(priced.status, 200);

  const auto& restocked = call(http::Method::kPost, "/products/Kite/restock", R"({"quantity":5})");
  EXPECT_EQ(catalog.calls[0].method, wire::Method::kCatalogRestock);
  EXPECT_EQ(catalog.calls[0].body, R"({"name":"Kite","quantity":5})");
  catalog.answer(404, wire::error_body(404, kNoProduct));
  EXPECT_EQ(restocked.status, 404);
}

TEST_F(HandlersTest, RefusesBadChangesBeforeTheyAreAsked) {
  const std::string long_name(101, 'x');
  EXPECT_EQ(
      call(http::Method::kPost, "/products", R"({"name":"Kite","price":-1,"quantity":1})").status,
      400);
  EXPECT_EQ(call(http::Method::kPatch, "/products/Kite", "{}").status, 400);
  EXPECT_EQ(call(http::Method::kPatch, "/products/" + long_name, R"({"price":1})").status, 404);
  EXPECT_EQ(call(http::Method::kPost, "/products/Kite/restock", R"({"quantity":0})").status, 400);
  EXPECT_EQ(call(http::Method::kPost, "/products/%07/restock", R"({"quantity":1})").status, 404);
  const std::string key(129, 'k');
  for (const char* path : {"/orders", "/products/Kite/restock"}) {
    const auto& refused = call(http::Method::kPost, path, R"({"name":"Tux","quantity":1})",
                               {{"Idempotency-Key", key}});
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, testing::HasSubstr("Idempotency-Key has 129 bytes"));
  }
  EXPECT_TRUE(catalog.calls.empty());
  EXPECT_TRUE(orders.calls.empty());
}

TEST_F(HandlersTest, NamesTheBoundThatABodyIsBeyond) {
  std::string json = R"({"name":"Tux","quantity":1,"x":[0)";
  for (int i = 0; i < 50'000; ++i) json += ",0";
  json += "]}";
  std::string form = "name=Tux&quantity=1";
  for (int i = 0; i < 1000; ++i) form += "&x=1";
  const http::NameValue type = {"Content-Type", "application/x-www-form-urlencoded"};
  for (const auto& [method, path] : {std::pair{http::Method::kPost, "/orders"},
                                     {http::Method::kPost, "/products"},
                                     {http::Method::kPatch, "/products/Tux"},
                                     {http::Method::kPost, "/products/Tux/restock"}}) {
    const auto& values = call(method, path, json);
    EXPECT_EQ(values.status, 413) << path;
    EXPECT_THAT(values.body, testing::HasSubstr("more than 50000 values"));
    const auto& fields = call(method, path, form, {type});
    EXPECT_EQ(fields.status, 413) << path;
    EXPECT_THAT(fields.body, testing::HasSubstr("more than 1000 form fields"));
  }
  EXPECT_TRUE(catalog.calls.empty());
  EXPECT_TRUE(orders.calls.empty());
}

TEST_F(HandlersTest, SaysWhichTypesItReads) {
  const std::vector<std::pair<http::Method, const char*>> changes = {
      {http::Method::kPost, "/orders"},
      {http::Method::kPost, "/products"},
      {http::Method::kPatch, "/products/Tux"},
      {http::Method::kPost, "/products/Tux/restock"}};
  for (const auto& [method, path] : changes) {
    const auto& refused = call(method, path, "--x", {{"Content-Type", "multipart/form-data"}});
    EXPECT_EQ(refused.status, 415) << path;
    EXPECT_THAT(refused.body, testing::HasSubstr("application/x-www-form-urlencoded"));
  }
  EXPECT_EQ(handlers.purchases().refused, 1u);
  EXPECT_TRUE(catalog.calls.empty());
  EXPECT_TRUE(orders.calls.empty());
}

TEST_F(HandlersTest, Orders) {
  const auto& found = call(http::Method::kGet, "/orders/7");
  EXPECT_EQ(orders.calls[0].method, wire::Method::kOrderGet);
  EXPECT_EQ(orders.calls[0].body, R"({"number":7})");
  orders.answer(200, R"({"number":7,"name":"Tux","quantity":1})");
  EXPECT_EQ(found.body, R"({"data":{"number":7,"name":"Tux","quantity":1}})");
  EXPECT_EQ(call(http::Method::kGet, "/orders/x").body,
            R"({"error":{"code":400,"message":"invalid order_id"}})");
  for (const char* number : {"9223372036854775808", "1000000000000000000000000000000"}) {
    EXPECT_EQ(call(http::Method::kGet, std::string("/orders/") + number).body,
              R"({"error":{"code":404,"message":"order_id does not exist"}})");
  }
  EXPECT_TRUE(orders.calls.empty());
}

TEST_F(HandlersTest, ProductsAreTheCatalogs) {
  const auto& all = call(http::Method::kGet, "/products");
  EXPECT_EQ(catalog.calls[0].method, wire::Method::kCatalogList);
  catalog.answer(200, R"({"products":[]})");
  EXPECT_EQ(all.body, R"({"data":[]})");
  const auto& one = call(http::Method::kGet, "/products/Kite");
  catalog.answer(200, kKite);
  EXPECT_EQ(one.body, R"({"data":{"name":"Kite","price":12.50,"quantity":10}})");
}

TEST_F(HandlersTest, ReplicasThatAnswerAreAlive) {
  replicas.all = {{1, true, false, true},
                  {2, true, false, true},
                  {3, false, true, true},
                  {4, true, false, false}};
  const auto& report = call(http::Method::kGet, "/replicas");
  ASSERT_EQ(replicas.calls.size(), 3u);  // 3 is not connected
  replicas.answer(R"({"orders":42})");
  replicas.answer(R"({"orders":0,"mirror":{"lag":3,"trouble":"gone"}})");
  EXPECT_EQ(report.status, 0);
  replicas.calls.clear();  // the link to 4 is given up
  EXPECT_EQ(report.body,
            R"({"data":[{"id":1,"alive":true,"role":"follower","last_order":41,"in_sync":true},)"
            R"({"id":2,"alive":true,"role":"follower","last_order":null,"in_sync":true,)"
            R"("mirror":{"lag":3,"trouble":"gone"}},)"
            R"({"id":3,"alive":false,"role":"leader","last_order":null,"in_sync":true},)"
            R"({"id":4,"alive":false,"role":"follower","last_order":null,"in_sync":false}]})");
}

}  // namespace
}  // namespace tandem::front
