// The order group as it is, on one loop with disks and links; the catalog is a fake that answers
// what the test wants, when it wants.
#include "store/order_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coord/local.h"
#include "group/group.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "storehost/gateway.h"
#include "storehost/part.h"
#include "support/temporary_directory.h"
#include "toys/catalog.h"
#include "ts-order/config.h"

namespace tandem::order {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Nothing final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry&) override { return {}; }
  std::unique_ptr<repl::FrozenState> freeze() const override { return nullptr; }
  void reset() override {}
  Status restore_row(std::string_view) override { return {}; }
  Status finish_restore() override { return {}; }
  std::unique_ptr<repl::StateMachine> make_empty() const override {
    return std::make_unique<Nothing>();
  }
  void swap_state(repl::StateMachine&) override {}
};

// Answers takes by the name of the toy; while it is silent it keeps them.
class FakeCatalog final : public replica::Methods {
 public:
  FakeCatalog(loop::Loop& loop, const fs::path& root)
      : coord_(*coord::open_local({.root = root / "coord"}, loop)),
        jobs_(loop),
        host_(loop, {.group = "catalog", .id = 1, .directory = root / "catalog"}, applier_,
              *coord_) {
    EXPECT_TRUE(host_.open());
    service_ = std::make_unique<replica::Endpoint>(
        loop, "ipc://" + (root / "catalog.sock").string(), host_, *this);
    service_->start([](const Status& status) { EXPECT_TRUE(status); });
    host_.start([](const Status& status) { EXPECT_TRUE(status); });
  }

  void on_request(rpc::Reply reply, const wire::Request& request) override {
    ASSERT_EQ(request.method, wire::Method::kCatalogTake);
    const auto take = toys::parse_take(request.body);
    ASSERT_TRUE(take) << take.error().message;
    takes.push_back(*take);
    if (silent) {
      held_.emplace_back(std::move(reply), *take);
    } else {
      answer(reply, *take);
    }
  }
  void speak() {
    silent = false;
    for (auto& [reply, take] : std::exchange(held_, {})) answer(reply, take);
  }

  bool silent = false;
  std::vector<toys::Take> takes;
  std::map<std::string, uint16_t> statuses;  // by name; 200 where none is given

 private:
  void answer(rpc::Reply& reply, const toys::Take& take) {
    const auto status = statuses.find(take.name);
    replica::answer(reply, status == statuses.end() ? toys::kTaken : status->second, 1, "{}");
  }

  Nothing nothing_;
  std::unique_ptr<coord::Coord> coord_;
  replica::BackgroundJobs jobs_;
  repl::MemoryApplier applier_{nothing_, {}, system_clock(), jobs_};
  replica::Host host_;
  std::unique_ptr<replica::Endpoint> service_;
  std::vector<std::pair<rpc::Reply, toys::Take>> held_;
};

// The process of one ts-order.
class Node {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id, size_t max_open)
      : coord_(*coord::open_local({.root = root / "coord"}, loop)),
        jobs_(loop),
        host_(loop, {.group = "orders", .id = id, .directory = root / std::to_string(id)}, applier_,
              *coord_),
        catalog_(loop, *coord_, catalog_group({})),
        timers_(loop) {
    EXPECT_TRUE(host_.open());
    const auto good = [](const Status& status) { EXPECT_TRUE(status); };
    catalog_.start(good);
    purchases_ =
        std::make_unique<store::OrderService>(store::OrderOptions{.max_open = max_open},
                                              timers_.time(), orders, host_.driver(), gateway_);
    part_ = std::make_unique<storehost::Part>("orders", *purchases_);
    service_ = std::make_unique<replica::Endpoint>(
        loop, "ipc://" + (root / std::to_string(id)).string() + ".sock", host_, *part_);
    service_->start(good);
    host_.start(good);
    part_->start(good);
  }

  toys::Orders orders;
  repl::Driver& driver() { return host_.driver(); }
  replica::Host& host() { return host_; }
  store::OrderService& purchases() { return *purchases_; }

 private:
  std::unique_ptr<coord::Coord> coord_;
  replica::BackgroundJobs jobs_;
  repl::MemoryApplier applier_{orders, {}, system_clock(), jobs_};
  replica::Host host_;
  group::Group catalog_;
  loop::LoopTimers timers_;
  storehost::Gateway gateway_{catalog_.gateway()};
  std::unique_ptr<store::OrderService> purchases_;
  std::unique_ptr<storehost::Part> part_;
  std::unique_ptr<replica::Endpoint> service_;
};

class OrderServiceTest : public testing::Test {
 protected:
  OrderServiceTest() {
    coord_ = *coord::open_local({.root = root_ / "coord"}, loop_);
    catalog_ = std::make_unique<FakeCatalog>(loop_, root_);
    catalog_group_ = open_group("catalog", {1}, 1);
  }

  std::unique_ptr<group::Group> open_group(const std::string& name, std::set<repl::ReplicaId> ids,
                                           uint32_t min_in_sync) {
    group::GroupOptions options;
    options.group = name;
    options.replicas = std::move(ids);
    options.min_in_sync = min_in_sync;
    options.prefer = group::prefer_highest_id;
    options.timeout_ms = 60'000;
    auto group = std::make_unique<group::Group>(loop_, *coord_, options);
    group->set_active(true);
    group->start([](const Status& status) { EXPECT_TRUE(status); });
    return group;
  }
  void start(repl::ReplicaId id, size_t max_open = 100) {
    nodes_[id] = std::make_unique<Node>(loop_, root_, id, max_open);
  }
  void kill(repl::ReplicaId id) { nodes_.erase(id); }
  Node& node(repl::ReplicaId id) { return *nodes_.at(id); }
  // Opens the group of the replicas that were started.
  void lead(uint32_t min_in_sync = 1) {
    std::set<repl::ReplicaId> ids;
    for (const auto& [id, started] : nodes_) ids.insert(id);
    orders_group_ = open_group("orders", ids, min_in_sync);
    until([&] {
      const auto& record = orders_group_->leadership().record();
      return orders_group_->readiness() && record->in_sync.size() == nodes_.size();
    });
  }

  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }

  struct Answer {
    uint16_t status = 0;
    std::string body;
    bool operator==(const Answer&) const = default;
  };
  using Pending = std::shared_ptr<std::optional<Answer>>;
  Pending begin(wire::Method method, std::string_view body, std::string_view key,
                uint32_t budget_ms = 0) {
    auto pending = std::make_shared<std::optional<Answer>>();
    wire::Request request;
    request.method = method;
    request.body = body;
    request.key = key;
    request.budget_ms = budget_ms;
    orders_group_->gateway().submit(request, [pending](const wire::Response& r) {
      *pending = Answer{r.status, std::string(r.body)};
    });
    return pending;
  }
  Pending begin_purchase(std::string_view name, std::string_view key, uint32_t budget_ms = 0) {
    return begin(wire::Method::kOrderPlace,
                 "{\"name\":\"" + std::string(name) + "\",\"quantity\":2}", key, budget_ms);
  }
  Pending hold(std::string_view id, int ms = 2000, uint32_t budget_ms = 0) {
    return begin(wire::Method::kOrderHold, "{\"ms\":" + std::to_string(ms) + "}", id, budget_ms);
  }
  Pending release(std::string_view id) {
    return begin(wire::Method::kOrderRelease, "{\"hold\":\"" + std::string(id) + "\"}", {});
  }
  Answer wait(const Pending& pending) {
    until([&] { return pending->has_value(); });
    return **pending;
  }
  Answer buy(std::string_view name, std::string_view key) {
    return wait(begin_purchase(name, key));
  }
  Answer get(uint64_t number) {
    return wait(begin(wire::Method::kOrderGet, "{\"number\":" + std::to_string(number) + "}", {}));
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<coord::Coord> coord_;
  std::unique_ptr<FakeCatalog> catalog_;
  std::unique_ptr<group::Group> catalog_group_;
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
  std::unique_ptr<group::Group> orders_group_;
};

TEST_F(OrderServiceTest, OrdersGetNumbersWithoutAGap) {
  start(1);
  lead();
  catalog_->statuses = {{"None", toys::kNoSuchToy}, {"Empty", toys::kOutOfStock}};
  EXPECT_EQ(buy("Tux", "a"), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(buy("None", "b").status, 404);
  EXPECT_THAT(buy("None", "b").body, testing::HasSubstr("product not found"));
  EXPECT_EQ(buy("Empty", "c").status, 400);
  EXPECT_THAT(buy("Empty", "c").body, testing::HasSubstr("product out of stock"));
  EXPECT_EQ(buy("Whale", "d"), (Answer{200, R"({"order_number":1})"}));
  EXPECT_EQ(get(1), (Answer{200, R"({"number":1,"name":"Whale","quantity":2})"}));
  EXPECT_EQ(get(2).status, 404);
  EXPECT_THAT(get(2).body, testing::HasSubstr("order_id does not exist"));
  EXPECT_EQ(catalog_->takes.size(), 4U) << "a repetition asks for nothing";
}

TEST_F(OrderServiceTest, AnotherBodyUnderAKeyIsRefused) {
  start(1);
  lead();
  EXPECT_EQ(buy("Tux", "a").status, 200);
  EXPECT_EQ(buy("Whale", "a").status, 422);
  EXPECT_EQ(buy("", "b").status, 400);
  EXPECT_EQ(buy("Tux", std::string()).status, 200) << "the gateway makes a key";
  EXPECT_EQ(node(1).orders.count(), 2U);
}

TEST_F(OrderServiceTest, ARepetitionWaitsForTheSameOutcome) {
  start(1);
  lead();
  catalog_->silent = true;
  const auto first = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  const auto again = begin_purchase("Tux", "a");
  const auto other = begin_purchase("Tux", "b");
  until([&] { return catalog_->takes.size() == 2; });
  EXPECT_FALSE(first->has_value());
  catalog_->speak();
  EXPECT_EQ(wait(first), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(wait(again), wait(first));
  EXPECT_EQ(wait(other), (Answer{200, R"({"order_number":1})"}));
}

TEST_F(OrderServiceTest, WhatTheCatalogKnowsAsClosedIsClosedThere) {
  start(1);
  lead();
  catalog_->silent = true;
  const auto first = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  EXPECT_EQ(catalog_->takes[0].closed_below, catalog_->takes[0].intent);
  catalog_->speak();
  wait(first);
  buy("Tux", "b");
  EXPECT_GT(catalog_->takes[1].closed_below, catalog_->takes[0].intent);
  EXPECT_EQ(catalog_->takes[1].orders, node(1).driver().lineage());
}

TEST_F(OrderServiceTest, TheCatalogIsAskedAgainUntilThereIsAnOutcome) {
  start(1);
  lead();
  catalog_->statuses = {{"Tux", 500}};
  const auto purchase = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() >= 3; });
  EXPECT_EQ(catalog_->takes[0].intent, catalog_->takes[2].intent);
  EXPECT_FALSE(purchase->has_value());
  catalog_->statuses.clear();
  EXPECT_EQ(wait(purchase), (Answer{200, R"({"order_number":0})"}));
}

TEST_F(OrderServiceTest, AnUnknownOutcomeCanBeAskedForAgain) {
  start(1);
  lead();
  catalog_->silent = true;
  EXPECT_EQ(wait(begin_purchase("Tux", "a", 50)).status, 504);
  catalog_->speak();
  EXPECT_EQ(buy("Tux", "a"), (Answer{200, R"({"order_number":0})"}));
}

TEST_F(OrderServiceTest, ANewLeaderFinishesWhatIsOpen) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  lead(2);
  catalog_->silent = true;
  const auto purchase = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  begin_purchase("Whale", "b", 50);  // nobody asks for this one again
  until([&] { return catalog_->takes.size() == 2; });
  ASSERT_TRUE(node(3).driver().leading());
  kill(3);
  until([&] { return catalog_->takes.size() == 4; });
  EXPECT_EQ(catalog_->takes[2].intent, catalog_->takes[0].intent);
  EXPECT_EQ(catalog_->takes[3].intent, catalog_->takes[1].intent);
  catalog_->speak();
  EXPECT_EQ(wait(purchase), (Answer{200, R"({"order_number":0})"}));
  until([&] { return node(1).orders.count() == 2 && node(2).orders.count() == 2; });
  EXPECT_EQ(*node(1).orders.find(1), *node(2).orders.find(1));
}

// Its caller has the answer 504 before the intent is applied.
TEST_F(OrderServiceTest, AnIntentThatIsAppliedLateIsFinishedToo) {
  start(1);
  start(2);
  lead(2);
  ASSERT_TRUE(node(2).driver().leading());
  kill(1);
  EXPECT_EQ(wait(begin_purchase("Tux", "a", 50)).status, 504);
  EXPECT_TRUE(catalog_->takes.empty()) << "not before the intent is committed";
  start(1);
  until([&] { return node(2).orders.count() == 1; });
}

TEST_F(OrderServiceTest, WhatIsUnderWayIsFinishedBeforeItStops) {
  start(1);
  lead();
  catalog_->silent = true;
  const auto logged = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  bool drained = false;
  node(1).purchases().drain([&drained] { drained = true; });
  EXPECT_FALSE(drained);
  // 503, or 504 where the last try's answer was still on its way.
  EXPECT_GE(wait(begin_purchase("Tux", "c", 50)).status, 503);
  EXPECT_EQ(node(1).orders.open().size(), 1U) << "no new ones";
  EXPECT_FALSE(logged->has_value());
  catalog_->speak();
  EXPECT_EQ(wait(logged), (Answer{200, R"({"order_number":0})"}));
  until([&] { return drained; });
  EXPECT_TRUE(node(1).orders.open().empty());
  EXPECT_EQ(node(1).orders.count(), 1U);
}

TEST_F(OrderServiceTest, StopsAtOnceWhereNothingIsUnderWay) {
  start(1);
  lead();
  buy("Tux", "a");
  bool drained = false;
  node(1).purchases().drain([&drained] { drained = true; });
  EXPECT_TRUE(drained);
}

TEST_F(OrderServiceTest, StopsThoughTheCatalogIsSilent) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  lead(2);
  catalog_->silent = true;
  const auto purchase = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  bool drained = false;
  node(3).purchases().drain([&drained] { drained = true; });
  EXPECT_FALSE(drained);
  until([&] { return drained; });
  kill(3);
  until([&] { return catalog_->takes.size() == 2; });
  catalog_->speak();
  EXPECT_EQ(wait(purchase), (Answer{200, R"({"order_number":0})"})) << "by the next leader";
}

TEST_F(OrderServiceTest, RefusesMoreOpenPurchasesThanItMayHave) {
  start(1, 2);
  lead();
  catalog_->silent = true;
  const auto first = begin_purchase("Tux", "a");
  const auto second = begin_purchase("Tux", "b");
  until([&] { return catalog_->takes.size() == 2; });
  // 503, or 504 where the last try's answer was still on its way.
  EXPECT_GE(wait(begin_purchase("Tux", "c", 50)).status, 503);
  EXPECT_EQ(node(1).orders.open().size(), 2U);
  catalog_->speak();
  wait(first);
  wait(second);
  EXPECT_EQ(buy("Tux", "c").status, 200);
}

// --- purchases that are held for a backup ---

TEST_F(OrderServiceTest, WhileTheyAreHeldNoneIsBegun) {
  start(1);
  lead();
  EXPECT_EQ(wait(hold("h1")).status, 200);
  const auto later = begin_purchase("Tux", "a");
  const auto another = begin_purchase("Whale", "b");
  EXPECT_EQ(wait(hold("h1")).status, 200);  // again: the answer was lost
  EXPECT_EQ(node(1).orders.open().size(), 0U);
  EXPECT_TRUE(catalog_->takes.empty());
  EXPECT_EQ(wait(release("h1")), (Answer{200, R"({"stood":true})"}));
  EXPECT_EQ(wait(later), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(wait(another), (Answer{200, R"({"order_number":1})"}));
}

TEST_F(OrderServiceTest, AHoldIsGivenWhenWhatWasBegunHasItsOutcome) {
  start(1);
  lead();
  catalog_->silent = true;
  const auto first = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  const auto held = hold("h1");
  const auto second = begin_purchase("Tux", "b");
  EXPECT_EQ(wait(release("another")), (Answer{200, R"({"stood":false})"}));
  EXPECT_FALSE(held->has_value());
  catalog_->speak();
  EXPECT_EQ(wait(held).status, 200);
  EXPECT_EQ(node(1).orders.count(), 1U);
  EXPECT_FALSE(second->has_value());
  EXPECT_EQ(wait(release("h1")), (Answer{200, R"({"stood":true})"}));
  EXPECT_EQ(wait(second), (Answer{200, R"({"order_number":1})"}));
}

TEST_F(OrderServiceTest, AHoldEndsByItself) {
  start(1);
  lead();
  EXPECT_EQ(wait(hold("h1", 30)).status, 200);
  EXPECT_EQ(buy("Tux", "a"), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(wait(release("h1")), (Answer{200, R"({"stood":false})"}));
}

TEST_F(OrderServiceTest, AHoldThatIsNeverGivenSaysWhy) {
  start(1);
  lead();
  catalog_->silent = true;
  const auto first = begin_purchase("Tux", "a");
  until([&] { return catalog_->takes.size() == 1; });
  const auto held = hold("h1", 30);
  EXPECT_EQ(wait(held).status, 429);
  EXPECT_THAT(wait(held).body, testing::HasSubstr("without an outcome"));
  catalog_->speak();
  EXPECT_EQ(wait(first).status, 200);
}

TEST_F(OrderServiceTest, APurchaseThatHasNoTimeToWaitWasNotDone) {
  start(1);
  lead();
  EXPECT_EQ(wait(hold("h1", 200)).status, 200);
  EXPECT_EQ(wait(begin_purchase("Tux", "a", 20)).status, 504);  // as far as the gateway knows
  EXPECT_EQ(buy("Whale", "b"), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(catalog_->takes.size(), 1U);
}

TEST_F(OrderServiceTest, AHoldDoesNotOutliveItsLeader) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  lead(2);
  EXPECT_EQ(wait(hold("h1")).status, 200);
  const auto purchase = begin_purchase("Tux", "a");
  ASSERT_TRUE(node(3).driver().leading());
  kill(3);
  EXPECT_EQ(wait(purchase), (Answer{200, R"({"order_number":0})"}));
  EXPECT_EQ(wait(release("h1")), (Answer{200, R"({"stood":false})"}));
}

TEST_F(OrderServiceTest, OneHoldAtATime) {
  start(1);
  lead();
  EXPECT_EQ(wait(hold("h1", 100)).status, 200);
  EXPECT_EQ(wait(hold("h2", 2000, 20)).status, 503);
  EXPECT_EQ(wait(hold("h2")).status, 200);  // when the first one has ended
  EXPECT_EQ(wait(begin(wire::Method::kOrderHold, R"({"ms":2001})", "h3")).status, 400);
}

}  // namespace
}  // namespace tandem::order
