#include "group/choices.h"

#include <gtest/gtest.h>

namespace tandem::group {
namespace {

constexpr int64_t kMs = 1'000'000;

// One that answers, has space and no data; its pids are in the order opposite to the ids.
View view(repl::ReplicaId id) {
  View view;
  view.member = {id, 100 + id};
  view.session = 200 + id;
  view.answers = true;
  view.state.emplace();
  view.state->has_space = true;
  view.state->pid = 1000 - id;
  return view;
}

std::vector<View> in_sync(std::initializer_list<repl::ReplicaId> ids) {
  std::vector<View> views;
  for (const repl::ReplicaId id : ids) {
    views.push_back(view(id));
    views.back().in_sync = true;
    views.back().lineage = 7;
  }
  return views;
}

// --- a group without a record ---

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

// --- handing over ---

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

TEST(Reach, ChangesAfterSeveralAnswersInARowAndMoreForTheBetter) {
  Reach reach;
  EXPECT_TRUE(reach.useful(3));
  for (const bool told : {false, false, true, false, false}) reach.told(3, told);
  EXPECT_TRUE(reach.useful(3));
  reach.told(3, false);
  EXPECT_FALSE(reach.useful(3));
  EXPECT_TRUE(reach.useful(2));
  for (int i = 0; i < 19; ++i) reach.told(3, true);
  EXPECT_FALSE(reach.useful(3));
  reach.told(3, false);
  for (int i = 0; i < 19; ++i) reach.told(3, true);
  EXPECT_FALSE(reach.useful(3));
  reach.told(3, true);
  EXPECT_TRUE(reach.useful(3));
}

TEST(StandIn, BeginsWhenThereWasNoLeaderForLongAndEndsWithOne) {
  constexpr int64_t kS = 1'000'000'000;
  StandIn stand_in(1 * kS);
  EXPECT_FALSE(stand_in.look(true, 10 * kS));
  EXPECT_FALSE(stand_in.look(false, 20 * kS));
  EXPECT_FALSE(stand_in.look(false, 21 * kS - 1));
  EXPECT_FALSE(stand_in.look(true, 21 * kS));  // it was back just in time
  EXPECT_FALSE(stand_in.look(false, 22 * kS));
  EXPECT_TRUE(stand_in.look(false, 23 * kS));
  EXPECT_TRUE(stand_in.look(false, 99 * kS));
  EXPECT_FALSE(stand_in.look(true, 100 * kS));
}

TEST(StandIn, WaitsForLongerEachTimeUntilALeaderStays) {
  constexpr int64_t kS = 1'000'000'000;
  StandIn stand_in(1 * kS);
  int64_t now = 10 * kS;
  for (const int64_t wait : {1 * kS, 2 * kS, 4 * kS, 8 * kS, 16 * kS, 32 * kS, 60 * kS, 60 * kS}) {
    EXPECT_FALSE(stand_in.look(false, now));
    EXPECT_FALSE(stand_in.look(false, now + wait - 1));
    EXPECT_TRUE(stand_in.look(false, now += wait));
    EXPECT_FALSE(stand_in.look(true, now += kS));
    now += kS;
  }
  EXPECT_FALSE(stand_in.look(true, now += kS));
  EXPECT_FALSE(stand_in.look(true, now += 60 * kS));
  EXPECT_FALSE(stand_in.look(false, now += kS));
  EXPECT_TRUE(stand_in.look(false, now += kS));
}

TEST(StandIn, NeverWhereItIsNotWanted) {
  StandIn stand_in(0);
  EXPECT_FALSE(stand_in.look(false, 1));
  EXPECT_FALSE(stand_in.look(false, INT64_MAX));
}

}  // namespace
}  // namespace tandem::group
