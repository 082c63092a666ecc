// The catalog as it is, on one loop with disks and links; the fronts are this test. A lease runs
// by the clock: that something is still held is only looked at while the lease must be running.
#include "store/catalog_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "coord/local.h"
#include "group/group.h"
#include "loop/loop.h"
#include "loop/loop_timers.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "rpc/client.h"
#include "storehost/part.h"
#include "storehost/people.h"
#include "support/temporary_directory.h"
#include "toys/catalog.h"
#include "toys/subscriptions.h"

namespace tandem::catalog {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using wire::Method;

constexpr uint64_t kTimeoutMs = 60'000;
constexpr int64_t kMs = 1'000'000;
constexpr int64_t kLease = 150 * kMs;

int64_t now_ns() { return system_clock().boot_ns(); }

// The process of one ts-catalog, and a link to it.
class Node {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id, store::CatalogOptions options)
      : url_("ipc://" + (root / std::to_string(id)).string() + ".sock"),
        coord_(*coord::open_local({.root = root / "coord"}, loop)),
        jobs_(loop),
        host_(loop, {.group = "catalog", .id = id, .directory = root / std::to_string(id)},
              applier_, *coord_),
        timers_(loop) {
    EXPECT_TRUE(host_.open());
    options.first_subscription = random_id();
    products_ = std::make_unique<store::CatalogService>(std::move(options), timers_.time(), people_,
                                                        toys, host_.driver());
    part_ = std::make_unique<storehost::Part>("catalog", *products_);
    service_ = std::make_unique<replica::Endpoint>(loop, url_, host_, *part_);
    const auto good = [](const Status& status) { EXPECT_TRUE(status); };
    service_->start(good);
    host_.start(good);
    part_->start(good);
    link_ = std::make_unique<rpc::Client>(loop, rpc::ClientOptions{.url = url_});
    EXPECT_TRUE(link_->start());
  }

  toys::Catalog toys;
  repl::Driver& driver() { return host_.driver(); }
  replica::Host& host() { return host_; }
  store::CatalogService& products() { return *products_; }
  rpc::Client& link() { return *link_; }

 private:
  const std::string url_;
  std::unique_ptr<coord::Coord> coord_;
  replica::BackgroundJobs jobs_;
  repl::MemoryApplier applier_{toys, {}, system_clock(), jobs_};
  replica::Host host_;
  loop::LoopTimers timers_;
  storehost::People people_;
  std::unique_ptr<store::CatalogService> products_;
  std::unique_ptr<storehost::Part> part_;
  std::unique_ptr<replica::Endpoint> service_;
  std::unique_ptr<rpc::Client> link_;
};

struct Answer {
  uint16_t status = 0;
  std::string body;
  int64_t at = 0;
};
using Pending = std::shared_ptr<std::optional<Answer>>;

class CatalogServiceTest : public testing::Test {
 protected:
  CatalogServiceTest() { coord_ = *coord::open_local({.root = root_ / "coord"}, loop_); }

  static store::CatalogOptions options() {
    return {.first_toys = toys_of({{"Tux", 1599, 100}, {"Lego", 3599, 2}}), .restock_every_ms = 0};
  }
  static std::function<Result<std::vector<toys::NewToy>>()> toys_of(
      std::vector<toys::NewToy> first) {
    return [first = std::move(first)] { return first; };
  }
  void start(repl::ReplicaId id, store::CatalogOptions with = options()) {
    nodes_[id] = std::make_unique<Node>(loop_, root_, id, std::move(with));
  }
  void kill(repl::ReplicaId id) { nodes_.erase(id); }
  Node& node(repl::ReplicaId id = 1) { return *nodes_.at(id); }
  // Opens the group of the replicas that were started.
  void lead() {
    group::GroupOptions options;
    options.group = "catalog";
    for (const auto& [id, started] : nodes_) options.replicas.insert(id);
    options.prefer = group::prefer_highest_id;
    group_ = std::make_unique<group::Group>(loop_, *coord_, options);
    group_->set_active(true);
    group_->start([](const Status& status) { EXPECT_TRUE(status); });
    until_led();
  }
  // By replicas that are all in sync and have their first toys.
  void until_led() {
    until([&] {
      const auto& record = group_->leadership().record();
      return group_->readiness() && record->in_sync.size() == nodes_.size() &&
             std::all_of(nodes_.begin(), nodes_.end(),
                         [](const auto& entry) { return entry.second->toys.initialised(); });
    });
  }
  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }

  Pending begin(Method method, std::string_view body, std::string_view key = {},
                repl::ReplicaId id = 1) {
    auto pending = std::make_shared<std::optional<Answer>>();
    wire::Request request;
    request.method = method;
    request.budget_ms = kTimeoutMs;
    request.body = body;
    request.key = key;
    std::string payload;
    wire::encode(request, payload);
    node(id).link().call(payload, kTimeoutMs, [pending](const Result<std::string_view>& answer) {
      wire::Response response;
      const bool read = answer && wire::decode(*answer, response);
      *pending = read ? Answer{response.status, std::string(response.body), now_ns()} : Answer{};
    });
    return pending;
  }
  Answer wait(const Pending& pending) {
    until([&] { return pending->has_value(); });
    return **pending;
  }
  Answer ask(Method method, std::string_view body, std::string_view key = {},
             repl::ReplicaId id = 1) {
    return wait(begin(method, body, key, id));
  }
  // The one that takes writes; on a slow host it may be chosen anew at any time.
  repl::ReplicaId leader() {
    const auto leads = [](const auto& entry) { return entry.second->driver().takes_writes(); };
    until([&] { return std::any_of(nodes_.begin(), nodes_.end(), leads); });
    return std::find_if(nodes_.begin(), nodes_.end(), leads)->first;
  }
  // Asked of the leader, as by a client, until the outcome is known.
  Answer change(Method method, std::string_view body, std::string_view key) {
    for (;;) {
      Answer answer = ask(method, body, key, leader());
      if (answer.status != 503 && answer.status != 504) return answer;
    }
  }
  uint16_t take(uint64_t intent, const std::string& name, int64_t quantity,
                uint64_t closed_below = 1) {
    const toys::Take take{0xabc, {1, intent}, {1, closed_below}, name, quantity};
    return change(Method::kCatalogTake, toys::to_json(take), {}).status;
  }
  std::string product(const std::string& name) {
    return ask(Method::kCatalogGet, "{\"name\":\"" + name + "\"}").body;
  }

  // --- a front ---
  Pending begin_poll(toys::Poll poll, repl::ReplicaId id = 1) {
    return begin(Method::kCatalogPoll, toys::to_json(poll), {}, id);
  }
  // Nothing where it was refused.
  toys::Push push_of(const Pending& poll) {
    const auto push = toys::parse_push(wait(poll).body);
    return push.value_or(toys::Push{});
  }
  // The poll that acknowledges all of this.
  static toys::Poll next(uint64_t front, const toys::Push& push) {
    const uint64_t acknowledged =
        push.invalidations.empty() ? 0 : push.invalidations.back().sequence;
    return {front, push.subscription, acknowledged, 1};
  }
  static std::string restock(const std::string& name = "Tux") {
    return "{\"name\":\"" + name + "\",\"quantity\":50}";
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<coord::Coord> coord_;
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
  std::unique_ptr<group::Group> group_;
};

TEST_F(CatalogServiceTest, ANewStoreGetsItsFirstToysOnce) {
  start(1);
  lead();
  const std::string all = R"({"products":[{"name":"Tux","price":15.99,"quantity":100,"version":2},)"
                          R"({"name":"Lego","price":35.99,"quantity":2,"version":2}]})";
  EXPECT_EQ(ask(Method::kCatalogList, "").body, all);
  kill(1);
  auto others = options();
  others.first_toys = toys_of({{"Chess", 1, 1}});
  start(1, others);
  until_led();
  EXPECT_EQ(ask(Method::kCatalogList, "").body, all);
}

TEST_F(CatalogServiceTest, FirstToysThatCannotBeReadAreAskedForAgain) {
  auto with = options();
  size_t asked = 0;
  with.first_toys = [&asked]() -> Result<std::vector<toys::NewToy>> {
    if (++asked == 1) return fail(ErrorKind::kConfig, "no such file");
    return std::vector<toys::NewToy>{{"Kite", 100, 1}};
  };
  start(1, with);
  lead();
  EXPECT_EQ(asked, 2U);
  EXPECT_EQ(product("Kite"), R"({"name":"Kite","price":1.00,"quantity":1,"version":2})");
}

TEST_F(CatalogServiceTest, ProductsAreAskedForByName) {
  start(1);
  lead();
  EXPECT_EQ(product("Tux"), R"({"name":"Tux","price":15.99,"quantity":100,"version":2})");
  const Answer none = ask(Method::kCatalogGet, R"({"name":"Nothing"})");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.body, R"({"error":{"code":404,"message":"product not found"}})");
  const Answer bad = ask(Method::kCatalogGet, "{}");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.body, HasSubstr("name is missing"));
}

TEST_F(CatalogServiceTest, TakesHaveOneOutcome) {
  start(1);
  lead();
  EXPECT_EQ(take(5, "Lego", 2), 200);
  EXPECT_EQ(take(5, "Lego", 2), 200);
  EXPECT_EQ(take(6, "Lego", 1), 400);
  EXPECT_EQ(take(7, "Nothing", 1), 404);
  EXPECT_EQ(take(8, "Tux", 1, 8), 200);
  EXPECT_EQ(take(5, "Lego", 2), 410);
  EXPECT_THAT(product("Lego"), HasSubstr("\"quantity\":0,"));
  // 400 would be an outcome.
  EXPECT_EQ(ask(Method::kCatalogTake, "{}").status, 500);
  EXPECT_EQ(ask(Method::kCatalogTake, "x").status, 500);
}

TEST_F(CatalogServiceTest, ToysAreRestockedPricedAndAdded) {
  start(1);
  lead();
  const Answer restocked = change(Method::kCatalogRestock, restock(), "k1");
  EXPECT_EQ(restocked.status, 200);
  EXPECT_THAT(restocked.body, HasSubstr("\"quantity\":150"));
  EXPECT_EQ(change(Method::kCatalogRestock, restock(), "k1").body, restocked.body) << "once";
  EXPECT_EQ(change(Method::kCatalogRestock, restock("Lego"), "k1").status, 422);
  EXPECT_THAT(change(Method::kCatalogPrice, R"({"name":"Tux","price":9.99})", "k2").body,
              HasSubstr("\"price\":9.99,\"quantity\":150"));
  const std::string kite = R"({"name":"Kite","price":12.50,"quantity":10})";
  EXPECT_EQ(change(Method::kCatalogAdd, kite, "k3").status, 201);
  EXPECT_EQ(change(Method::kCatalogAdd, kite, "k4").status, 409);
  EXPECT_EQ(change(Method::kCatalogRestock, restock("Nothing"), "k5").status, 404);
  for (const Method method :
       {Method::kCatalogRestock, Method::kCatalogPrice, Method::kCatalogAdd}) {
    EXPECT_EQ(change(method, R"({"name":"Tux"})", "k6").status, 400);
  }
}

// Where this host is too slow for a lease, or the group has chosen its leader anew meanwhile, an
// attempt shows nothing and there is another.
TEST_F(CatalogServiceTest, AChangeIsAnsweredWhenTheFrontHasAcknowledgedIt) {
  start(1);
  lead();
  for (bool shown = false; !shown;) {
    const int64_t began = now_ns();
    toys::Push push = push_of(begin_poll({7, 0, 0, 1}));
    const Pending poll = begin_poll(next(7, push));
    const Pending change = begin(Method::kCatalogRestock, restock());
    push = push_of(poll);
    const bool heard = !push.invalidations.empty() && push.invalidations.back().name == "Tux";
    for (int turn = 0; turn < 5; ++turn) loop_.run_once();
    const bool answered = change->has_value();
    const bool leased = now_ns() - began < push.lease_ns;
    const Pending acknowledgement = begin_poll(next(7, push));
    shown = wait(change).status == 200 && heard && leased;
    EXPECT_FALSE(shown && answered);
    wait(acknowledgement);
  }
}

TEST_F(CatalogServiceTest, ASilentFrontIsWaitedForAsLongAsItsLeaseRuns) {
  start(1);
  lead();
  const toys::Push push = push_of(begin_poll({7, 0, 0, 1}));
  const int64_t began = now_ns();
  const toys::Push heard = push_of(begin_poll(next(7, push)));
  const Answer changed = change(Method::kCatalogRestock, restock(), "k");
  EXPECT_EQ(changed.status, 200);
  EXPECT_GE(changed.at - began, heard.lease_ns);
  const toys::Push again = push_of(begin_poll(next(7, heard)));
  EXPECT_TRUE(again.fresh) << "it has missed something";
}

TEST_F(CatalogServiceTest, ANewLeaderAnswersNoChangeForALease) {
  start(1);
  lead();
  const Answer changed = change(Method::kCatalogRestock, restock(), "k");
  EXPECT_EQ(changed.status, 200);
  EXPECT_GE(changed.at, node().driver().leading_since_ns() + kLease);
}

TEST_F(CatalogServiceTest, ALaterPollTakesThePlaceOfAnEarlierOne) {
  start(1);
  lead();
  const toys::Push push = push_of(begin_poll({7, 0, 0, 1}));
  const Pending earlier = begin_poll(next(7, push));
  const Pending later = begin_poll(next(7, push));
  EXPECT_EQ(wait(earlier).status, 503);
  EXPECT_FALSE(push_of(later).fresh);
  EXPECT_EQ(ask(Method::kCatalogPoll, "{}").status, 400);
}

TEST_F(CatalogServiceTest, FrontsAreBounded) {
  auto with = options();
  with.subscriptions.max_fronts = 1;
  start(1, with);
  lead();
  const toys::Push push = push_of(begin_poll({7, 0, 0, 1}));
  const Pending waits = begin_poll(next(7, push));
  EXPECT_EQ(ask(Method::kCatalogPoll, toys::to_json(toys::Poll{8, 0, 0, 1})).status, 429);
  push_of(waits);
}

TEST_F(CatalogServiceTest, ChangesThatWaitAreBounded) {
  auto with = options();
  with.max_held = 1;
  start(1, with);
  lead();
  push_of(begin_poll({7, 0, 0, 1}));
  const Pending first = begin(Method::kCatalogRestock, restock());
  const Pending second = begin(Method::kCatalogRestock, restock());
  EXPECT_EQ(wait(second).status, 503);
  EXPECT_EQ(wait(first).status, 200);
}

TEST_F(CatalogServiceTest, WhatIsSoldOutIsRestocked) {
  auto with = options();
  with.restock_every_ms = 10;
  with.restock_to = 30;
  start(1, with);
  lead();
  EXPECT_EQ(take(5, "Lego", 2), 200);
  until([&] { return node().toys.find("Lego")->stock == 30; });
  EXPECT_EQ(node().toys.find("Tux")->stock, 100);
}

TEST_F(CatalogServiceTest, EveryReplicaAnswersReadsAndOnlyTheLeaderTheRest) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  lead();
  EXPECT_EQ(change(Method::kCatalogRestock, restock(), "k").status, 200);
  for (const repl::ReplicaId id : {1U, 2U, 3U}) {
    EXPECT_THAT(ask(Method::kCatalogGet, R"({"name":"Tux"})", {}, id).body,
                HasSubstr("\"quantity\":150"));
  }
  const repl::ReplicaId follower = leader() == 1 ? 2 : 1;
  EXPECT_EQ(ask(Method::kCatalogRestock, restock(), "k", follower).status, 503);
  EXPECT_EQ(wait(begin_poll({7, 0, 0, 1}, follower)).status, 503);
}

TEST_F(CatalogServiceTest, ARepetitionAtANewLeaderIsHeldTooAndChangesNothing) {
  for (const repl::ReplicaId id : {1U, 2U, 3U}) start(id);
  lead();
  EXPECT_EQ(change(Method::kCatalogRestock, restock(), "k").status, 200);
  kill(leader());
  const int64_t since = node(leader()).driver().leading_since_ns();
  const Answer again = change(Method::kCatalogRestock, restock(), "k");
  EXPECT_EQ(again.status, 200);
  EXPECT_GE(again.at, since + kLease);
  EXPECT_EQ(node(leader()).toys.find("Tux")->stock, 150);
}

TEST_F(CatalogServiceTest, WhoStopsAnswersTheChangesThatItHas) {
  start(1);
  lead();
  push_of(begin_poll({7, 0, 0, 1}));
  const Pending change = begin(Method::kCatalogRestock, restock());
  until([&] { return node().toys.find("Tux")->stock == 150; });
  bool drained = false;
  node().products().drain([&] { drained = true; });
  EXPECT_EQ(ask(Method::kCatalogRestock, restock()).status, 503);
  until([&] { return drained; });
  EXPECT_EQ(wait(change).status, 200);
}

TEST_F(CatalogServiceTest, TellsItsSums) {
  start(1);
  lead();
  take(5, "Tux", 30);
  wire::Json info;
  node().products().add_info(info);
  EXPECT_EQ(info.dump(),
            R"({"toys":2,"stock":72,"start":102,"restocked":0,"sold":30,"outcomes":1,"fronts":0,)"
            R"("held":0,"changes":1})");
}

}  // namespace
}  // namespace tandem::catalog
