#include "ts-front/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::front {
namespace {

using testing::HasSubstr;

std::string problem(const FrontConfig& config) {
  const Status status = check_front(config);
  return status ? "" : status.error().message;
}

TEST(FrontConfigTest, TheDefaultsAreGood) {
  const FrontConfig config;
  EXPECT_EQ(problem(config), "");
  EXPECT_EQ(config.http.port, 8001);
  EXPECT_EQ(style_of(config), Style::kStandard);
}

TEST(FrontConfigTest, GroupsAreCheckedAsAWhole) {
  FrontConfig config;
  config.catalog.group = "orders";
  EXPECT_THAT(problem(config), HasSubstr("are the same"));
  config = {};
  config.orders.replicas = {};
  EXPECT_THAT(problem(config), HasSubstr("orders.replicas is empty"));
  config = {};
  config.catalog.replicas = {2, 1, 2};
  EXPECT_THAT(problem(config), HasSubstr("catalog.replicas names a replica twice"));
  config = {};
  config.catalog.min_in_sync = 2;
  EXPECT_THAT(problem(config), HasSubstr("catalog.min_in_sync is above"));
}

TEST(FrontConfigTest, TheHighestIdIsToLeadTheOrders) {
  FrontConfig config;
  config.timeout_ms = 1234;
  const group::GroupOptions orders = orders_options(config);
  EXPECT_EQ(orders.group, "orders");
  EXPECT_THAT(orders.replicas, testing::ElementsAre(1, 2, 3));
  EXPECT_EQ(orders.min_in_sync, 2u);
  EXPECT_EQ(orders.timeout_ms, 1234u);
  EXPECT_TRUE(orders.hand_over);
  repl::Candidate low, high;
  low.member.id = 1;
  low.state.pid = 1;
  high.member.id = 2;
  high.state.pid = 2;
  EXPECT_TRUE(orders.prefer(high, low));
  const group::GroupOptions catalog = catalog_options(config);
  EXPECT_FALSE(catalog.hand_over);
  EXPECT_TRUE(catalog.prefer(low, high));
}

}  // namespace
}  // namespace tandem::front
