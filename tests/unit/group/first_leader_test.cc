#include "group/first_leader.h"

#include <gtest/gtest.h>

#include "views.h"

namespace tandem::group {
namespace {

TEST(FirstLeader, IsThePreferredOneOfAllThatAreConfigured) {
  const std::vector<View> all{view(1), view(2), view(3)};
  EXPECT_EQ(first_leader({1, 2, 3}, all, prefer_highest_id), 3U);
  EXPECT_EQ(first_leader({1, 2, 3}, all, prefer_lowest_pid), 3U);
  EXPECT_EQ(first_leader({1, 2}, all, prefer_highest_id), 2U) << "3 is not configured";
}

TEST(FirstLeader, WaitsForEveryConfiguredReplica) {
  const auto missing = first_leader({1, 2, 3}, {view(1)}, prefer_highest_id);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kUnavailable);
  EXPECT_NE(missing.error().message.find("2,3"), std::string::npos) << missing.error().message;

  std::vector<View> all{view(1), view(2)};
  all[1].answers = false;
  EXPECT_FALSE(first_leader({1, 2}, all, prefer_highest_id)) << "2 does not answer";
  all[1].answers = true;
  all[1].state.reset();
  EXPECT_FALSE(first_leader({1, 2}, all, prefer_highest_id)) << "2 has not told its state";
  EXPECT_FALSE(first_leader({}, {}, prefer_highest_id));
}

TEST(FirstLeader, NobodyWhereAReplicaHasData) {
  std::vector<View> all{view(1), view(2), view(3)};
  for (View& one : all) {
    one.lineage = 7;
    one.answers = false;  // it told of its data before
    const auto refused = first_leader({1, 2, 3}, all, prefer_highest_id);
    ASSERT_FALSE(refused) << one.member.id;
    EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
    EXPECT_FALSE(first_leader({1}, all, prefer_highest_id)) << "whether configured or not";
    one.lineage = 0;
    one.answers = true;
  }
  EXPECT_TRUE(first_leader({1, 2, 3}, all, prefer_highest_id));
}

}  // namespace
}  // namespace tandem::group
