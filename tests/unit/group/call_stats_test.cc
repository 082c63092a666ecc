#include "group/call_stats.h"

#include <gtest/gtest.h>

namespace tandem::group {
namespace {

TEST(CallStats, CountsByKindAndOutcome) {
  CallStats stats;
  EXPECT_EQ(stats.json().dump(), R"({"reads":{"answered":0,"failed":0,"us":[]},)"
                                 R"("writes":{"answered":0,"failed":0,"us":[]}})");
  stats.ended(CallStats::Kind::kRead, 200, 3);
  stats.ended(CallStats::Kind::kRead, 400, 3);
  stats.ended(CallStats::Kind::kWrite, 503, 5);
  EXPECT_EQ(stats.json().dump(), R"({"reads":{"answered":2,"failed":0,"us":[0,0,0,2]},)"
                                 R"("writes":{"answered":0,"failed":1,"us":[0,0,0,0,0,1]}})");
}

}  // namespace
}  // namespace tandem::group
