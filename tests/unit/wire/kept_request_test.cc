#include "wire/kept_request.h"

#include <gtest/gtest.h>

namespace tandem::wire {
namespace {

TEST(KeptRequestTest, EachTryIsTheRequestWithItsOwnBudget) {
  KeptRequest kept;
  {
    const std::string body = "a body";
    kept.keep({Method::kDbRead, Consistency::kSession, 1000, 7, "id", "key", body});
  }
  const Request again = kept.with_budget(5);
  EXPECT_EQ(again.method, Method::kDbRead);
  EXPECT_EQ(again.consistency, Consistency::kSession);
  EXPECT_EQ(again.budget_ms, 5u);
  EXPECT_EQ(again.min_index, 7u);
  EXPECT_EQ(again.request_id, "id");
  EXPECT_EQ(again.key, "key");
  EXPECT_EQ(again.body, "a body");
}

}  // namespace
}  // namespace tandem::wire
