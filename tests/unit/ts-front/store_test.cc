// Two fronts on one coordination directory, without any replica.
#include "ts-front/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "coord/local.h"
#include "events/journal.h"
#include "support/temporary_directory.h"

namespace tandem::front {
namespace {

class StoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open() {
    auto store = std::make_unique<Store>(loop, *coord, config, events);
    store->start([](const Status&) {});
    return store;
  }
  // ctest ends a test whose wait has no end.
  void wait_until_active(const Store& store) {
    while (!store.active()) loop.run_once();
  }

  const support::TemporaryDirectory directory;
  loop::Loop loop;
  events::Journal events{loop};
  std::unique_ptr<coord::Coord> coord =
      std::move(coord::open_local({.root = directory.path()}, loop).value());
  FrontConfig config;
};

TEST_F(StoreTest, OneFrontIsTheControllerAndTheNextTakesOver) {
  auto first = open();
  wait_until_active(*first);
  auto second = open();
  EXPECT_FALSE(second->active());
  first->drain([] {});
  EXPECT_FALSE(first->active());
  wait_until_active(*second);
}

TEST_F(StoreTest, AFrontThatLosesTheLockSeeksItAgain) {
  auto store = open();
  wait_until_active(*store);
  ASSERT_TRUE(std::filesystem::remove(directory.file("orders/locks/active")));
  while (store->active()) loop.run_once();
  wait_until_active(*store);
}

TEST_F(StoreTest, ConfiguredReplicasAreShownBeforeTheyAreThere) {
  auto store = open();
  const auto views = store->order_replicas().views();
  ASSERT_EQ(views.size(), 3u);
  EXPECT_EQ(views[2].id, 3u);
  EXPECT_FALSE(views[2].connected);
  EXPECT_FALSE(views[2].leads);
  EXPECT_EQ(store->catalog_leader().session(), 0u);
  EXPECT_THAT(store->readiness().error().message, testing::HasSubstr("orders: "));
}

TEST_F(StoreTest, AMemberThatCannotBeReachedIsShownAsTheRecordHasIt) {
  repl::Record record;
  record.lineage = record.epoch = record.version = record.min_in_sync = 1;
  record.leader = 3;
  record.in_sync = {{2, 20}, {3, 30}};
  coord->swap_record("orders", 0, repl::to_text(record), [](const Result<coord::SwapOutcome>&) {});
  auto store = open();
  store->orders().start([](const Status&) {});
  while (!store->orders().leadership().record()) loop.run_once();
  const auto views = store->order_replicas().views();
  EXPECT_FALSE(views[0].in_sync);
  EXPECT_TRUE(views[1].in_sync);
  EXPECT_TRUE(views[2].in_sync);
  EXPECT_TRUE(views[2].leads);
  EXPECT_FALSE(views[2].connected);
}

TEST_F(StoreTest, ALossIsAcceptedByTheControllerForAGroupThatThereIs) {
  const auto refusal = [](Store& store, const std::string& group) {
    ErrorKind kind = ErrorKind::kBug;
    store.accept_loss({group, {1}, false}, [&](const Result<repl::ReplicaId>& leader) {
      if (!leader) kind = leader.error().kind;
    });
    return kind;
  };
  auto store = open();
  wait_until_active(*store);
  EXPECT_EQ(refusal(*store, "toys"), ErrorKind::kBadInput);
  EXPECT_EQ(refusal(*store, "orders"), ErrorKind::kUnavailable);  // there is no group yet
  auto passive = open();
  EXPECT_EQ(refusal(*passive, "catalog"), ErrorKind::kUnavailable);
}

TEST_F(StoreTest, TheStartWaitsForTheGroupsAndNotForEver) {
  auto store = open();
  StoreReady ready{loop, *store, 1};
  bool started = false;
  ready.start([&started](const Status& status) { started = status.has_value(); });
  EXPECT_FALSE(started);
  while (!started) loop.run_once();
}

}  // namespace
}  // namespace tandem::front
