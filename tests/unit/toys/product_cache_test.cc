#include "toys/product_cache.h"

#include <gtest/gtest.h>

namespace tandem::toys {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kLease = 150 * kMs;
constexpr uint64_t kFront = 7;

using How = ProductCache::Join::How;

// A cache of three products whose catalog speaks as it should where nothing is said.
struct ProductCacheTest : testing::Test {
  // Polls and is answered 10 ms later.
  void push(std::vector<Invalidation> invalidations, int64_t lease_ns = kLease) {
    const Poll poll = cache.begin_poll(now);
    now += 10 * kMs;
    cache.pushed({subscription, false, poll.stamp_ns, lease_ns, std::move(invalidations)}, now);
  }
  void subscribe(uint64_t id = 500) {
    subscription = id;
    const Poll poll = cache.begin_poll(now);
    cache.pushed({id, true, poll.stamp_ns, kLease, {{1, "", 0}}}, now);
  }
  // A query that misses and is the one that asks.
  void begin(const std::string& name) {
    ASSERT_EQ(cache.find(name, now), nullptr);
    ASSERT_EQ(cache.join_fill(name, now).how, How::kBegin);
  }
  bool fill(const std::string& name, uint64_t version) {
    begin(name);
    return end(name, version);
  }
  bool end(const std::string& name, uint64_t version) {
    return cache.end_fill(name, version, name + std::to_string(version));
  }
  std::string hit(const std::string& name) {
    const std::string* text = cache.find(name, now);
    return text == nullptr ? "none" : *text;
  }

  ProductCache cache{{.size = 3}, kFront};
  uint64_t subscription = 0;
  int64_t now = 1000 * kMs;
};

TEST_F(ProductCacheTest, WithoutALeaseEveryQueryGoesAlone) {
  EXPECT_FALSE(cache.leased(now));
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_EQ(cache.join_fill("Tux", now).how, How::kAlone);
}

TEST_F(ProductCacheTest, AProductIsServedFromTheCacheOnceItIsThere) {
  subscribe();
  EXPECT_TRUE(cache.leased(now));
  EXPECT_TRUE(fill("Tux", 5));
  EXPECT_EQ(hit("Tux"), "Tux5");
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.figures().hits, 1U);
  EXPECT_EQ(cache.figures().misses, 1U);
  EXPECT_EQ(cache.figures().stored, 1U);
}

TEST_F(ProductCacheTest, ALeaseIsNineTenthsFromWhenThePollWasSent) {
  const Poll poll = cache.begin_poll(now);
  const int64_t sent = now;
  now += 100 * kMs;
  cache.pushed({500, true, poll.stamp_ns, kLease, {}}, now);
  EXPECT_TRUE(cache.leased(sent + 135 * kMs - 1));
  EXPECT_FALSE(cache.leased(sent + 135 * kMs));
}

TEST_F(ProductCacheTest, AHitNeedsALease) {
  subscribe();
  fill("Tux", 5);
  now += 135 * kMs;
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_EQ(cache.join_fill("Tux", now).how, How::kAlone);
  push({});
  EXPECT_EQ(hit("Tux"), "Tux5") << "nothing was missed";
}

TEST_F(ProductCacheTest, AShorterLeaseDoesNotEndALongerOne) {
  subscribe();
  push({}, kMs);
  now += 100 * kMs;
  EXPECT_TRUE(cache.leased(now));
}

TEST_F(ProductCacheTest, AnAnswerWithoutALeaseGivesNone) {
  subscribe();
  now += 135 * kMs;
  push({}, 0);
  EXPECT_FALSE(cache.leased(now));
}

TEST_F(ProductCacheTest, APollTellsWhatWasHeard) {
  Poll poll = cache.begin_poll(now);
  EXPECT_EQ(poll.front, kFront);
  EXPECT_EQ(poll.subscription, 0U);
  EXPECT_EQ(poll.stamp_ns, now);
  subscribe();
  push({{2, "Tux", 6}, {3, "Lego", 7}});
  poll = cache.begin_poll(now);
  EXPECT_EQ(poll.subscription, 500U);
  EXPECT_EQ(poll.acknowledged, 3U);
}

TEST_F(ProductCacheTest, AChangeIsHeardOf) {
  subscribe();
  fill("Tux", 5);
  fill("Lego", 5);
  push({{2, "Tux", 6}});
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_EQ(hit("Lego"), "Lego5");
  EXPECT_EQ(cache.figures().invalidated, 1U);
}

TEST_F(ProductCacheTest, WhatIsAsNewAsTheChangeStays) {
  subscribe();
  fill("Tux", 6);
  push({{2, "Tux", 6}});
  EXPECT_EQ(hit("Tux"), "Tux6");
}

TEST_F(ProductCacheTest, WhatIsToldAgainIsNoNews) {
  subscribe();
  push({{2, "Tux", 6}});
  fill("Tux", 6);
  push({{2, "Tux", 9}, {3, "Lego", 7}});
  EXPECT_EQ(hit("Tux"), "Tux6");
  EXPECT_EQ(cache.begin_poll(now).acknowledged, 3U);
}

TEST_F(ProductCacheTest, EverythingMayStandForManyChanges) {
  subscribe();
  fill("Tux", 5);
  begin("Lego");
  push({{40, "", 90}, {41, "Chess", 91}});
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.begin_poll(now).acknowledged, 41U);
  EXPECT_TRUE(cache.leased(now));
  EXPECT_FALSE(end("Lego", 89)) << "it may be what was changed";
}

TEST_F(ProductCacheTest, AFreshSubscriptionEmptiesTheCache) {
  subscribe();
  fill("Tux", 5);
  subscribe(600);
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_TRUE(cache.leased(now));
  EXPECT_EQ(cache.figures().emptied, 1U);
  EXPECT_EQ(cache.begin_poll(now).subscription, 600U);
}

TEST_F(ProductCacheTest, AFreshSubscriptionEmptiesTheCacheWhateverElseItTells) {
  subscribe();
  fill("Tux", 5);
  begin("Lego");
  const Poll poll = cache.begin_poll(now);
  cache.pushed({600, true, poll.stamp_ns, kLease, {}}, now);
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_FALSE(end("Lego", 99));
}

// The catalog is restored from a backup while a front lives on.
TEST_F(ProductCacheTest, VersionsMayGoBackWithAFreshSubscription) {
  subscribe();
  EXPECT_TRUE(fill("Tux", 9));
  push({{2, "Tux", 12}});
  subscribe(501);
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_TRUE(fill("Tux", 3));
  EXPECT_EQ(hit("Tux"), "Tux3");
  push({{2, "Tux", 4}});
  EXPECT_EQ(hit("Tux"), "none");
}

TEST_F(ProductCacheTest, AFreshSubscriptionTakesTheLeaseOfTheOneBefore) {
  subscribe();
  const Poll poll = cache.begin_poll(now);
  cache.pushed({600, true, poll.stamp_ns, 0, {{1, "", 0}}}, now);
  EXPECT_FALSE(cache.leased(now));
}

TEST_F(ProductCacheTest, AFillOfAnotherSubscriptionIsNotStored) {
  subscribe();
  begin("Tux");
  subscribe(600);
  EXPECT_EQ(cache.join_fill("Tux", now).how, How::kAlone) << "it cannot serve any more";
  EXPECT_FALSE(end("Tux", 50));
  EXPECT_EQ(hit("Tux"), "none");
  EXPECT_EQ(cache.figures().refused, 1U);
  EXPECT_TRUE(fill("Tux", 50));
}

TEST_F(ProductCacheTest, AFillBelowAChangeThatWasHeardOfIsNotStored) {
  subscribe();
  begin("Tux");
  push({{2, "Tux", 7}});
  EXPECT_FALSE(end("Tux", 6));
  EXPECT_EQ(hit("Tux"), "none");
  begin("Tux");
  EXPECT_TRUE(end("Tux", 7)) << "the floor was that of the fill before";
  begin("Lego");
  push({{3, "Lego", 9}, {4, "Lego", 8}});
  EXPECT_FALSE(end("Lego", 8));
}

TEST_F(ProductCacheTest, AFillAtOrAboveTheChangeIsStored) {
  subscribe();
  begin("Tux");
  push({{2, "Tux", 7}, {3, "Lego", 8}});
  EXPECT_TRUE(end("Tux", 7));
  EXPECT_EQ(hit("Tux"), "Tux7");
}

TEST_F(ProductCacheTest, OneFillOfANameIsUnderWayAtATime) {
  subscribe();
  begin("Tux");
  const ProductCache::Join join = cache.join_fill("Tux", now);
  EXPECT_EQ(join.how, How::kWait);
  EXPECT_EQ(join.floor, 0U);
  EXPECT_EQ(cache.join_fill("Lego", now).how, How::kBegin);
  cache.fail_fill("Tux");
  EXPECT_EQ(cache.join_fill("Tux", now).how, How::kBegin);
}

// It may have come after the change was answered, and must not get what was before.
TEST_F(ProductCacheTest, WhoJoinsAfterAChangeWaitsForAnAnswerThatHasIt) {
  subscribe();
  begin("Tux");
  EXPECT_EQ(cache.join_fill("Tux", now).floor, 0U);
  push({{2, "Tux", 7}});
  EXPECT_EQ(cache.join_fill("Tux", now).floor, 7U);
}

TEST_F(ProductCacheTest, NobodyJoinsWithoutALease) {
  subscribe();
  begin("Tux");
  now += kLease;
  EXPECT_EQ(cache.join_fill("Tux", now).how, How::kAlone);
  EXPECT_TRUE(end("Tux", 5)) << "what is changed meanwhile is heard of before the next lease";
  EXPECT_EQ(hit("Tux"), "none");
  push({{2, "Tux", 6}});
  EXPECT_EQ(hit("Tux"), "none");
}

TEST_F(ProductCacheTest, WhatIsNotFoundIsNotStored) {
  subscribe();
  EXPECT_FALSE(fill("Nothing", 0));
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_EQ(cache.figures().refused, 0U);
  EXPECT_EQ(cache.join_fill("Nothing", now).how, How::kBegin);
}

TEST_F(ProductCacheTest, WhatNobodyAskedForIsNotStored) {
  subscribe();
  EXPECT_FALSE(end("Tux", 5));
  cache.fail_fill("Tux");
  EXPECT_EQ(hit("Tux"), "none");
}

TEST_F(ProductCacheTest, TheLeastRecentlyUsedMakesRoom) {
  subscribe();
  for (const char* name : {"a", "b", "c"}) fill(name, 5);
  EXPECT_EQ(hit("a"), "a5");
  EXPECT_EQ(hit("b"), "b5");
  EXPECT_EQ(hit("a"), "a5");
  fill("d", 5);
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(hit("c"), "none");
  EXPECT_EQ(hit("b"), "b5");
  EXPECT_EQ(hit("a"), "a5");
  EXPECT_EQ(hit("d"), "d5");
  fill("e", 5);
  EXPECT_EQ(hit("b"), "none");
  EXPECT_EQ(cache.figures().evicted, 2U);
}

TEST_F(ProductCacheTest, WhatIsDroppedMakesRoomToo) {
  subscribe();
  for (const char* name : {"a", "b", "c"}) fill(name, 5);
  push({{2, "b", 6}});
  EXPECT_TRUE(fill("d", 6));
  EXPECT_EQ(hit("a"), "a5");
  EXPECT_EQ(cache.size(), 3U);
  EXPECT_EQ(cache.figures().evicted, 0U);
}

TEST_F(ProductCacheTest, ACacheThatIsOffOrHasNoRoomStoresNothing) {
  for (const CacheOptions options : {CacheOptions{false, 3}, CacheOptions{true, 0}}) {
    ProductCache off(options, kFront);
    const Poll poll = off.begin_poll(now);
    off.pushed({500, true, poll.stamp_ns, kLease, {{1, "", 0}}}, now);
    EXPECT_EQ(off.join_fill("Tux", now).how, How::kAlone);
    EXPECT_FALSE(off.end_fill("Tux", 5, "Tux5"));
    EXPECT_EQ(off.find("Tux", now), nullptr);
  }
}

TEST_F(ProductCacheTest, FillsAreBounded) {
  subscribe();
  size_t begun = 0;
  for (size_t i = 0; i < 100'000; ++i) {
    if (cache.join_fill("toy " + std::to_string(i), now).how == How::kBegin) ++begun;
  }
  EXPECT_GE(begun, 1000U);
  EXPECT_LE(begun, 10'000U);
  EXPECT_EQ(cache.join_fill("toy 0", now).how, How::kWait);
  cache.fail_fill("toy 0");
  EXPECT_EQ(cache.join_fill("one more", now).how, How::kBegin);
}

// --- a catalog that is not as ours ---

TEST_F(ProductCacheTest, AGapMeansThatSomethingWasMissed) {
  subscribe();
  fill("Tux", 5);
  begin("Lego");
  push({{3, "Chess", 6}});
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_FALSE(cache.leased(now));
  EXPECT_FALSE(end("Lego", 99));
  EXPECT_EQ(cache.begin_poll(now).subscription, 0U) << "it begins anew";
}

TEST_F(ProductCacheTest, AnAnswerOfAnotherSubscriptionEmptiesTheCache) {
  subscribe();
  fill("Tux", 5);
  subscription = 600;
  push({});
  EXPECT_EQ(cache.size(), 0U);
  EXPECT_FALSE(cache.leased(now));
  EXPECT_EQ(cache.begin_poll(now).subscription, 0U);
  subscribe(0);
  EXPECT_FALSE(cache.leased(now)) << "0 is none";
}

TEST_F(ProductCacheTest, AnAnswerCountsOnceAndOnlyForTheLastPoll) {
  subscribe();
  fill("Tux", 5);
  const Poll first = cache.begin_poll(now);
  now += 140 * kMs;
  const Poll second = cache.begin_poll(now);
  const Push of_first{500, false, first.stamp_ns, kLease, {{2, "Lego", 6}}};
  cache.pushed(of_first, now);
  EXPECT_EQ(cache.begin_poll(now).acknowledged, 1U);
  const Push of_second{500, true, second.stamp_ns, kLease, {{1, "", 0}}};
  cache.pushed(of_second, now);
  fill("Chess", 9);
  cache.pushed(of_second, now);
  EXPECT_EQ(hit("Chess"), "Chess9");
}

}  // namespace
}  // namespace tandem::toys
