#include "ts-front/status_report.h"

#include <gtest/gtest.h>

namespace tandem::front {
namespace {

using wire::Json;

Json row(int64_t orders, const char* digest) {
  Json json;
  json.set("orders", orders).set("digest", digest);
  return json;
}

TEST(SameOrders, AreToldOfReplicasThatHaveAsMany) {
  EXPECT_EQ(same_orders({row(2, "a"), row(2, "a"), row(1, "b")}), Json(true));
  EXPECT_EQ(same_orders({row(2, "a"), row(2, "c"), row(2, "a")}), Json(false));
  EXPECT_EQ(same_orders({row(1, "b"), row(2, "a"), row(1, "c")}), Json(false));
}

TEST(SameOrders, AreNotKnownOfOneAlone) {
  EXPECT_EQ(same_orders({}), Json());
  EXPECT_EQ(same_orders({row(2, "a"), row(1, "b"), Json().set("id", 3)}), Json());
}

}  // namespace
}  // namespace tandem::front
