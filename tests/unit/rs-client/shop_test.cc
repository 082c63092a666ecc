// Shop against a store in the same process, which can be made to lie.
#include "rs-client/shop.h"

#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/router.h"
#include "http/server.h"
#include "wire/json.h"

namespace tandem::client {
namespace {

using wire::Json;

struct Order {
  std::string name;
  int64_t quantity = 0;
};

class FakeStore {
 public:
  explicit FakeStore(loop::Loop& loop) : server_(loop, {}, router_) {
    router_.add(http::Method::kGet, "/products/{name}",
                [this](const http::Request& request, http::Responder responder) {
                  show(std::string(request.param("name")), responder);
                });
    router_.add(http::Method::kPost, "/orders",
                [this](const http::Request& request, http::Responder responder) {
                  keys.push_back(std::string(*request.header("Idempotency-Key")));
                  buy(wire::parse_json(request.body).value(), responder);
                });
    router_.add(http::Method::kGet, "/orders/{number}",
                [this](const http::Request& request, http::Responder responder) {
                  order(std::string(request.param("number")), responder);
                });
    EXPECT_TRUE(server_.listen("127.0.0.1", 0));
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }

  int64_t stock = 1'000'000;        // of every toy
  int not_now = 0;                  // so many purchases are answered 503 first
  bool dead = false;                // everything is answered 503
  int lives = -1;                   // so many queries until it is dead
  bool other_toys = false;          // a query shows another toy
  bool same_number = false;         // every purchase has the number 0
  bool forgets = false;             // no order is there
  int64_t too_many = 0;             // an order shows so many more
  std::vector<std::string> looked;  // names of the toys that were looked at
  std::vector<std::string> keys;    // of purchases
  std::vector<Order> orders;

 private:
  void show(const std::string& name, http::Responder& responder) {
    if (lives >= 0 && --lives < 0) dead = true;
    if (dead) return responder.error(503, "not now");
    looked.push_back(name);
    responder.json(200, Json(Json::Object{{"data", Json::Object{{"name", other_toys ? "X" : name},
                                                                {"price", 1.5},
                                                                {"quantity", stock}}}}));
  }

  void buy(const Json& body, http::Responder& responder) {
    if (dead || not_now-- > 0) return responder.error(503, "not now");
    const int64_t quantity = *body.find("quantity")->as_int();
    if (quantity > stock) return responder.error(400, "product out of stock");
    stock -= quantity;
    orders.push_back({*body.find("name")->as_string(), quantity});
    const size_t number = same_number ? 0 : orders.size() - 1;
    responder.json(200, Json(Json::Object{{"data", Json::Object{{"order_number", number}}}}));
  }

  void order(const std::string& text, http::Responder& responder) {
    size_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    if (dead) return responder.error(503, "not now");
    if (forgets || number >= orders.size()) {
      return responder.error(404, "order_id does not exist");
    }
    responder.json(200,
                   Json(Json::Object{
                       {"data", Json::Object{{"number", number},
                                             {"name", orders[number].name},
                                             {"quantity", orders[number].quantity + too_many}}}}));
  }

  http::Router router_;
  http::Server server_;
};

class ShopTest : public testing::Test {
 protected:
  ShopResult shop(double probability) {
    plan.url = store.url();
    plan.probability = probability;
    return Shop(session, plan, {"Tux", "Whale", "Lego"}, "").run();
  }
  static const Tally& of(const ShopResult& result, Kind kind) {
    return result.tallies.at(static_cast<size_t>(kind));
  }

  Session session{Settings{}};
  FakeStore store{session.loop};
  ShopPlan plan{.iterations = 20, .clients = 3, .seed = 1};
};

TEST_F(ShopTest, BuysAndComparesEverything) {
  plan.quantity = 2;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kOk);
  EXPECT_EQ(of(result, Kind::kQuery).latencies.count(), 60u);
  EXPECT_EQ(of(result, Kind::kBuy).latencies.count(), 60u);
  EXPECT_EQ(of(result, Kind::kOrder).latencies.count(), 60u);
  EXPECT_EQ(store.orders.size(), 60u);
  EXPECT_EQ(store.orders[0].quantity, 2);
  EXPECT_EQ(result.rows().as_array()->size(), 4u);
}

TEST_F(ShopTest, BuysNothingWithoutChance) {
  const ShopResult result = shop(0);
  EXPECT_EQ(result.status(), ExitStatus::kOk);
  EXPECT_EQ(store.looked.size(), 60u);
  EXPECT_EQ(store.orders.size(), 0u);
}

TEST_F(ShopTest, MakesTheSameChoicesForTheSameSeed) {
  plan.clients = 1;
  shop(0.5);
  const auto first = std::exchange(store.looked, {});
  const size_t bought = store.orders.size();
  shop(0.5);
  EXPECT_EQ(store.looked, first);
  EXPECT_EQ(store.orders.size(), 2 * bought);
  EXPECT_GT(bought, 0u);
  EXPECT_LT(bought, 20u);
}

TEST_F(ShopTest, CountsWhatIsOutOfStock) {
  store.stock = 10;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kOk);
  EXPECT_EQ(of(result, Kind::kBuy).latencies.count(), 60u);
  EXPECT_EQ(of(result, Kind::kBuy).out_of_stock, 50u);
  EXPECT_EQ(of(result, Kind::kOrder).latencies.count(), 10u);
}

TEST_F(ShopTest, RepeatsUnderTheSameKey) {
  store.not_now = 1;
  plan.clients = 1;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kOk);
  EXPECT_EQ(of(result, Kind::kBuy).retries, 1u);
  EXPECT_EQ(of(result, Kind::kBuy).errors, 0u);
  ASSERT_EQ(store.keys.size(), 21u);
  EXPECT_EQ(store.keys[0], store.keys[1]);
  EXPECT_NE(store.keys[1], store.keys[2]);
}

TEST_F(ShopTest, FindsANumberThatWasGivenTwice) {
  store.same_number = true;
  plan.clients = 1;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kNo);
  EXPECT_EQ(of(result, Kind::kBuy).mismatches, 19u);
}

TEST_F(ShopTest, FindsAnOrderThatIsMissing) {
  store.forgets = true;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kNo);
  EXPECT_EQ(of(result, Kind::kOrder).mismatches, 60u);
  EXPECT_EQ(of(result, Kind::kOrder).errors, 0u);
}

TEST_F(ShopTest, FindsAnOrderThatDiffers) {
  store.too_many = 1;
  const ShopResult result = shop(1);
  EXPECT_EQ(result.status(), ExitStatus::kNo);
  EXPECT_EQ(of(result, Kind::kOrder).mismatches, 60u);
}

TEST_F(ShopTest, FindsAToyThatIsAnother) {
  store.other_toys = true;
  const ShopResult result = shop(0);
  EXPECT_EQ(result.status(), ExitStatus::kNo);
  EXPECT_EQ(of(result, Kind::kQuery).mismatches, 60u);
}

TEST_F(ShopTest, EndsWhereTheStoreHasGone) {
  store.lives = 30;
  session.caller.set_timeout_ms(300);
  const ShopResult result = shop(0.5);
  EXPECT_TRUE(result.gone);
  EXPECT_EQ(result.status(), ExitStatus::kUnavailable);
  // A request that was sent before the last answer came tells nothing yet, the next one does.
  EXPECT_GE(result.all().errors, 3u);
  EXPECT_LE(result.all().errors, 6u);
  EXPECT_LT(store.looked.size(), 60u);
  EXPECT_EQ(of(result, Kind::kOrder).latencies.count(), 0u);
}

TEST_F(ShopTest, AMismatchWeighsMoreThanAnError) {
  ShopResult result;
  result.first_error = Error{ErrorKind::kTimeout, "x"};
  EXPECT_EQ(result.status(), ExitStatus::kTimeout);
  result.tallies[1].mismatches = 1;
  EXPECT_EQ(result.status(), ExitStatus::kNo);
}

}  // namespace
}  // namespace tandem::client
