#include "group/hand_over.h"

#include <gtest/gtest.h>

#include "views.h"

namespace tandem::group {
namespace {

constexpr int64_t kMs = 1'000'000;

struct HandOverTest : testing::Test {
  std::optional<repl::ReplicaId> look(repl::ReplicaId leader, const std::vector<View>& views) {
    return hand_over.look(leader, views, now);
  }
  // Looks every 20 ms for so long; whom it names, if anybody.
  std::optional<repl::ReplicaId> look_for(int64_t ms, const std::vector<View>& views) {
    for (const int64_t end = now + ms * kMs; now < end; now += 20 * kMs) {
      const auto to = look(1, views);
      if (to) return to;
    }
    return std::nullopt;
  }

  HandOver hand_over{prefer_highest_id};
  int64_t now = 5000 * kMs;
};

TEST_F(HandOverTest, GoesToAPreferredReplicaThatIsSteadyForASecond) {
  const auto views = in_sync({1, 2, 3});
  EXPECT_FALSE(look_for(1000, views));
  EXPECT_EQ(look(1, views), 3U);
}

TEST_F(HandOverTest, NobodyWhereThePreferredOneLeadsOrNobodyDoes) {
  const auto views = in_sync({1, 2, 3});
  for (int i = 0; i < 100; ++i, now += 100 * kMs) {
    EXPECT_FALSE(look(3, views));
    EXPECT_FALSE(look(0, views));
    EXPECT_FALSE(look(4, views)) << "the leader itself is not known";
  }
}

TEST_F(HandOverTest, NeverToOneThatCouldNotLead) {
  auto views = in_sync({1, 2});
  views[1].in_sync = false;
  EXPECT_FALSE(look_for(3000, views));
  views = in_sync({1, 2});
  views[1].answers = false;
  EXPECT_FALSE(look_for(3000, views));
  views = in_sync({1, 2});
  views[1].state->has_space = false;
  EXPECT_FALSE(look_for(3000, views));
  views = in_sync({1, 2});
  views[1].state.reset();
  EXPECT_FALSE(look_for(3000, views));
  EXPECT_FALSE(look_for(1000, in_sync({1, 2}))) << "its second begins now";
  EXPECT_EQ(look(1, in_sync({1, 2})), 2U);
}

TEST_F(HandOverTest, ALapseBeginsTheSecondAnew) {
  const auto good = in_sync({1, 2});
  auto lapse = good;
  lapse[1].answers = false;
  EXPECT_FALSE(look_for(980, good));
  EXPECT_FALSE(look(1, lapse));
  EXPECT_FALSE(look_for(1000, good));
  auto another_session = good;
  another_session[1].session = 9;
  EXPECT_FALSE(look(1, another_session));
  EXPECT_FALSE(look_for(980, another_session));
}

TEST_F(HandOverTest, OneAtATime) {
  const auto views = in_sync({1, 2});
  EXPECT_TRUE(look_for(1100, views));
  EXPECT_FALSE(look_for(10'000, views));
  hand_over.ended(true, now);
  EXPECT_TRUE(look_for(1100, views));
}

TEST_F(HandOverTest, ALeaderOfNoUseGoesForOneOfUseAndStaysWhereNoneIs) {
  auto views = in_sync({1, 2, 3});
  views[0].useful = views[2].useful = false;
  EXPECT_FALSE(look_for(1000, views));
  EXPECT_EQ(look(1, views), 2U);
  hand_over.ended(true, now);
  for (int i = 0; i < 100; ++i, now += 100 * kMs) EXPECT_FALSE(look(2, views));
  views[1].useful = false;
  EXPECT_FALSE(look_for(10'000, views));
}

TEST_F(HandOverTest, FailuresMakeThePausesGrowAndSuccessEndsThem) {
  const auto views = in_sync({1, 2});
  int64_t last_ms = 0;
  ASSERT_TRUE(look_for(100'000, views));
  for (int i = 0; i < 10; ++i) {
    hand_over.ended(false, now);
    const int64_t ended = now;
    ASSERT_TRUE(look_for(100'000, views));
    const int64_t pause_ms = (now - ended) / kMs;
    EXPECT_TRUE(pause_ms > last_ms || pause_ms == 60'000) << pause_ms << " after " << last_ms;
    last_ms = pause_ms;
  }
  EXPECT_EQ(last_ms, 60'000);
  hand_over.ended(true, now);
  EXPECT_TRUE(look_for(1100, views));
}

}  // namespace
}  // namespace tandem::group
