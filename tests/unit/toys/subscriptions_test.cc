#include "toys/subscriptions.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tandem::toys {
namespace {

constexpr int64_t kMs = 1'000'000;
constexpr int64_t kLease = 150 * kMs;
constexpr int64_t kLong = 1'000'000 * kMs;  // until when the leader leads

using Ids = std::vector<uint64_t>;
using Invalidations = std::vector<Invalidation>;

// Fronts that do as they should where nothing is said: they poll, hear, and poll again.
struct SubscriptionsTest : testing::Test {
  SubscriptionsTest() {
    subscriptions.start(0);
    now = kLease;
  }

  struct Front {
    uint64_t id = 0;
    uint64_t subscription = 0;
    uint64_t acknowledged = 0;
  };

  Status poll(const Front& front) {
    return subscriptions.poll({front.id, front.subscription, front.acknowledged, now}, now);
  }
  Push answer(const Front& front, int64_t lease_until = kLong) {
    return subscriptions.answer(front.id, now, lease_until);
  }
  static void hear(Front& front, const Push& push) {
    if (push.fresh) front.acknowledged = 0;
    front.subscription = push.subscription;
    if (!push.invalidations.empty()) front.acknowledged = push.invalidations.back().sequence;
  }
  // A front whose cache is in use: it has a lease, owes nothing, and a poll of it waits.
  Front joined(uint64_t id) {
    Front front{id, 0, 0};
    EXPECT_TRUE(poll(front));
    hear(front, answer(front));
    EXPECT_TRUE(poll(front));
    return front;
  }
  void change(const std::string& name = "Tux") { subscriptions.changed(name, ++version); }
  bool acknowledged() { return subscriptions.acknowledged(subscriptions.latest(), now); }
  void pass(int64_t ms) { now += ms * kMs; }

  int64_t now = 0;
  uint64_t version = 100;
  Subscriptions subscriptions{{.max_fronts = 3, .max_unacknowledged = 4}, 1000};
};

TEST_F(SubscriptionsTest, WithoutFrontsAChangeIsAnsweredAtOnce) {
  EXPECT_TRUE(acknowledged());
  change();
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, ANewLeaderAnswersNoChangeForALease) {
  subscriptions.start(now);
  change();
  pass(149);
  EXPECT_FALSE(acknowledged());
  pass(1);
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, WhoDoesNotLeadAnswersNothing) {
  const Front front = joined(1);
  subscriptions.stop();
  EXPECT_FALSE(subscriptions.started());
  EXPECT_FALSE(acknowledged());
  EXPECT_EQ(subscriptions.fronts(), 0U);
  EXPECT_TRUE(subscriptions.due(now + kLong).empty());
  change();
  const uint64_t before = subscriptions.latest();
  subscriptions.start(now);
  EXPECT_GE(subscriptions.latest(), before);
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(answer(front).fresh) << "what it knew of the fronts is gone";
}

TEST_F(SubscriptionsTest, AFrontBeginsWithAFreshSubscriptionAndALease) {
  const Front front{1, 0, 0};
  EXPECT_TRUE(poll(front));
  EXPECT_EQ(subscriptions.due(now), (Ids{1})) << "at once: it has no lease";
  const Push push = answer(front);
  EXPECT_NE(push.subscription, 0U);
  EXPECT_TRUE(push.fresh);
  EXPECT_EQ(push.stamp_ns, now);
  EXPECT_EQ(push.lease_ns, kLease);
  EXPECT_EQ(push.invalidations, (Invalidations{{1, "", 0}}));
  EXPECT_TRUE(subscriptions.due(now + kLong).empty()) << "no poll waits";
}

TEST_F(SubscriptionsTest, WithoutNewsAPollIsAnsweredAfterTheHeartbeat) {
  const Front front = joined(1);
  EXPECT_TRUE(subscriptions.due(now + 50 * kMs - 1).empty());
  EXPECT_EQ(subscriptions.due(now + 50 * kMs), (Ids{1}));
  const int64_t polled = now;
  pass(50);
  const Push push = answer(front);
  EXPECT_FALSE(push.fresh);
  EXPECT_EQ(push.subscription, front.subscription);
  EXPECT_EQ(push.stamp_ns, polled);
  EXPECT_TRUE(push.invalidations.empty());
}

TEST_F(SubscriptionsTest, TheNextBeatIsThatOfThePollThatHasWaitedLongest) {
  EXPECT_EQ(subscriptions.next_beat(), INT64_MAX);
  Front first = joined(1);
  const int64_t beat = now + 50 * kMs;
  pass(20);
  joined(2);
  EXPECT_EQ(subscriptions.next_beat(), beat);
  now = beat;
  hear(first, answer(first));
  EXPECT_EQ(subscriptions.next_beat(), beat + 20 * kMs);
}

TEST_F(SubscriptionsTest, AChangeIsToldAtOnceAndAnsweredWhenItIsAcknowledged) {
  Front front = joined(1);
  change("Lego");
  EXPECT_EQ(subscriptions.due(now), (Ids{1}));
  EXPECT_FALSE(acknowledged());
  const Push push = answer(front);
  EXPECT_EQ(push.invalidations, (Invalidations{{2, "Lego", 101}}));
  EXPECT_FALSE(acknowledged()) << "it may not have come";
  hear(front, push);
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, WhatIsNotAcknowledgedIsToldAgain) {
  Front front = joined(1);
  change("Lego");
  answer(front);  // lost
  change("Tux");
  ASSERT_TRUE(poll(front));
  EXPECT_EQ(subscriptions.due(now), (Ids{1}));
  const Push push = answer(front);
  EXPECT_EQ(push.invalidations, (Invalidations{{2, "Lego", 101}, {3, "Tux", 102}}));
  hear(front, push);
  change("Chess");
  ASSERT_TRUE(poll(front));
  EXPECT_EQ(answer(front).invalidations, (Invalidations{{4, "Chess", 103}}));
}

TEST_F(SubscriptionsTest, AChangeWaitsOnlyForItself) {
  Front front = joined(1);
  change("Lego");
  const uint64_t barrier = subscriptions.latest();
  hear(front, answer(front));
  change("Tux");
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(subscriptions.acknowledged(barrier, now));
  EXPECT_FALSE(acknowledged());
}

TEST_F(SubscriptionsTest, ALeaseIsCountedFromWhenThePollCame) {
  const Front front = joined(1);
  const int64_t polled = now;
  pass(40);
  EXPECT_EQ(answer(front).lease_ns, kLease);
  change();
  now = polled + kLease - 1;
  EXPECT_FALSE(acknowledged());
  now = polled + kLease;
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, NoLeaseOutlivesThatOfTheLeader) {
  Front front{1, 0, 0};
  ASSERT_TRUE(poll(front));
  EXPECT_EQ(answer(front, now + 30 * kMs).lease_ns, 30 * kMs);
  change();
  pass(29);
  EXPECT_FALSE(acknowledged());
  pass(1);
  EXPECT_TRUE(acknowledged());
  ASSERT_TRUE(poll(front));
  EXPECT_EQ(answer(front, now - 1).lease_ns, 0) << "never negative";
}

TEST_F(SubscriptionsTest, ALeaseIsNeverTakenBack) {
  Front front = joined(1);
  ASSERT_EQ(answer(front).lease_ns, kLease);
  const int64_t leased_until = now + kLease;
  pass(10);
  ASSERT_TRUE(poll(front));
  EXPECT_EQ(answer(front, now + kMs).lease_ns, kMs);
  change();
  now = leased_until - 1;
  EXPECT_FALSE(acknowledged());
}

TEST_F(SubscriptionsTest, AFrontThatMissedAChangeBeginsAnew) {
  Front front = joined(1);
  answer(front);
  change();
  pass(200);
  EXPECT_TRUE(acknowledged());
  EXPECT_EQ(subscriptions.fronts(), 0U);
  ASSERT_TRUE(poll(front));
  const Push push = answer(front);
  EXPECT_TRUE(push.fresh);
  EXPECT_NE(push.subscription, front.subscription);
  EXPECT_EQ(push.invalidations, (Invalidations{{1, "", 0}}));
}

TEST_F(SubscriptionsTest, AFrontThatMissedNothingGoesOn) {
  Front front = joined(1);
  answer(front);
  pass(1000);
  EXPECT_TRUE(acknowledged());
  ASSERT_TRUE(poll(front));
  EXPECT_FALSE(answer(front).fresh);
}

// Its lease is out, so that nobody waits for it; the change comes to it before its next lease.
TEST_F(SubscriptionsTest, AFrontWhosePollWaitsIsTold) {
  const Front front = joined(1);
  pass(200);
  change("Lego");
  EXPECT_TRUE(acknowledged());
  ASSERT_EQ(subscriptions.due(now), (Ids{1}));
  const Push push = answer(front);
  EXPECT_EQ(push.invalidations, (Invalidations{{2, "Lego", 101}}));
  EXPECT_FALSE(push.fresh);
}

TEST_F(SubscriptionsTest, EveryFrontHasToAcknowledge) {
  Front one = joined(1);
  Front two = joined(2);
  change("Lego");
  const uint64_t lego = subscriptions.latest();
  Front three = joined(3);
  change("Tux");
  EXPECT_EQ(subscriptions.due(now), (Ids{1, 2, 3}));
  hear(one, answer(one));
  hear(two, answer(two));
  hear(three, answer(three));
  ASSERT_TRUE(poll(one));
  EXPECT_FALSE(subscriptions.acknowledged(lego, now));
  ASSERT_TRUE(poll(two));
  EXPECT_TRUE(subscriptions.acknowledged(lego, now)) << "the third came after it";
  EXPECT_FALSE(acknowledged());
  ASSERT_TRUE(poll(three));
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, AFrontOwesNothingOfWhatWasBeforeIt) {
  change();
  Front front{1, 0, 0};
  ASSERT_TRUE(poll(front));
  answer(front);
  EXPECT_TRUE(acknowledged());
  change();
  EXPECT_FALSE(acknowledged()) << "it may have the lease already";
}

// A poll may be doubled on its way: the front knows nothing of the subscription that comes of it,
// and goes on under its lease.
TEST_F(SubscriptionsTest, WhatAFrontOwesOutlivesItsSubscription) {
  Front front = joined(1);
  change();
  answer(front);  // lost
  ASSERT_TRUE(poll({1, 0, 0}));
  EXPECT_FALSE(acknowledged());
  const Push late = answer(front);  // lost
  ASSERT_TRUE(poll(front));
  EXPECT_FALSE(acknowledged());
  const Push push = answer(front);
  EXPECT_TRUE(push.fresh);
  EXPECT_NE(push.subscription, late.subscription);
  hear(front, push);
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(acknowledged());
}

TEST_F(SubscriptionsTest, AChangeAfterASubscriptionThatTheFrontDoesNotKnowOfIsOwedToo) {
  Front front = joined(1);
  answer(front);
  ASSERT_TRUE(poll({1, 0, 0}));
  answer(front);  // lost
  change();
  ASSERT_TRUE(poll(front));
  EXPECT_FALSE(acknowledged());
}

TEST_F(SubscriptionsTest, AnAcknowledgementOfWhatWasNeverSentIsFromAnotherTime) {
  Front front = joined(1);
  front.acknowledged = 77;
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(answer(front).fresh);
}

// Its polls come and the answers do not: it is as good as dead, whatever it polls with.
TEST_F(SubscriptionsTest, AFrontThatHearsNothingHoldsUpAChangeForNoMoreThanALease) {
  for (const bool forgets : {false, true}) {
    Front front = joined(1);
    answer(front);
    if (forgets) front = {1, 0, 0};
    change();
    const int64_t changed_at = now;
    while (now < changed_at + kLease) {
      ASSERT_FALSE(acknowledged()) << (now - changed_at) / kMs;
      ASSERT_TRUE(poll(front));
      for (const uint64_t id : subscriptions.due(now)) subscriptions.answer(id, now, kLong);
      pass(10);
    }
    EXPECT_TRUE(acknowledged());
  }
}

TEST_F(SubscriptionsTest, OneThatHearsIsLeasedHoweverMuchChanges) {
  Front front = joined(1);
  for (int i = 0; i < 100; ++i) {
    change();
    const Push push = answer(front);
    EXPECT_EQ(push.lease_ns, kLease);
    hear(front, push);
    pass(20);
    ASSERT_TRUE(poll(front));
    ASSERT_TRUE(acknowledged());
  }
}

TEST_F(SubscriptionsTest, TooMuchToTellBecomesEverything) {
  Front front = joined(1);
  for (const char* name : {"a", "b", "c", "d"}) change(name);
  hear(front, answer(front));
  const uint64_t barrier = subscriptions.latest();
  for (const char* name : {"e", "f"}) change(name);
  const Push push = [&] {
    Front lost = front;
    lost.acknowledged = 1;
    EXPECT_TRUE(poll(lost));
    return answer(lost);
  }();
  EXPECT_EQ(push.invalidations, (Invalidations{{6, "", 105}, {7, "f", 106}}));
  EXPECT_FALSE(subscriptions.acknowledged(barrier, now)) << "it stands for what it replaced";
  hear(front, push);
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(acknowledged());
  change("g");
  EXPECT_EQ(answer(front).invalidations, (Invalidations{{8, "g", 107}}));
}

TEST_F(SubscriptionsTest, ASilentFrontIsToldLittleHoweverMuchChanges) {
  const Front front = joined(1);
  for (int i = 0; i < 1000; ++i) change();
  EXPECT_LE(answer(front).invalidations.size(), 4U);
}

TEST_F(SubscriptionsTest, FrontsAreBoundedAndWhoIsGoneMakesRoom) {
  for (uint64_t id = 1; id <= 3; ++id) answer(joined(id));
  const Status refused = poll({4, 0, 0});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBusy);
  pass(100);
  ASSERT_TRUE(poll({2, 0, 0}));
  EXPECT_FALSE(poll({4, 0, 0}));
  pass(100);  // the leases of 1 and 3 are out
  ASSERT_TRUE(poll({4, 0, 0}));
  ASSERT_TRUE(poll({5, 0, 0}));
  EXPECT_EQ(subscriptions.fronts(), 3U);
  EXPECT_FALSE(poll({6, 0, 0})) << "the polls of all others wait";
  EXPECT_EQ(subscriptions.due(now), (Ids{2, 4, 5}));
}

TEST_F(SubscriptionsTest, ALaterPollTakesThePlaceOfAnEarlierOne) {
  const Front front = joined(1);
  pass(30);
  ASSERT_TRUE(poll(front));
  EXPECT_TRUE(subscriptions.due(now + 49 * kMs).empty());
  EXPECT_EQ(answer(front).stamp_ns, now);
}

TEST_F(SubscriptionsTest, NoSubscriptionHasTheNumberOfAnotherOrNone) {
  Subscriptions wraps({}, UINT64_MAX);
  wraps.start(0);
  std::vector<uint64_t> seen{0};
  for (uint64_t front = 1; front < 5; ++front) {
    ASSERT_TRUE(wraps.poll({front, 0, 0, 0}, 0));
    const uint64_t id = wraps.answer(front, 0, kLong).subscription;
    EXPECT_EQ(std::count(seen.begin(), seen.end(), id), 0) << id;
    seen.push_back(id);
  }
}

TEST_F(SubscriptionsTest, MessagesReadAsTheyWereWritten) {
  const std::string poll = to_json(Poll{0xf, 0xabc, 17, 81230001234});
  EXPECT_EQ(poll,
            R"({"front":"000000000000000f","subscription":"0000000000000abc","acknowledged":17,)"
            R"("stamp_ns":81230001234})");
  EXPECT_EQ(to_json(*parse_poll(poll)), poll);
  const std::string push =
      to_json(Push{0xabc, true, 7, kLease, {{1, "", 0}, {2, "say \"hi\"", 412}}});
  EXPECT_EQ(push,
            R"({"subscription":"0000000000000abc","fresh":true,"stamp_ns":7,"lease_ns":150000000,)"
            R"("invalidations":[{"sequence":1,"name":"","version":0},)"
            R"({"sequence":2,"name":"say \"hi\"","version":412}]})");
  EXPECT_EQ(to_json(*parse_push(push)), push);
}

TEST_F(SubscriptionsTest, MessagesThatAreWrongNameTheField) {
  EXPECT_EQ(parse_poll("{}").error().message, "front is missing");
  EXPECT_EQ(parse_poll(R"({"front":"x"})").error().message,
            "front must be 16 lower-case hex digits");
  const std::string begin = R"({"subscription":"0000000000000abc","fresh":)";
  for (
      const char* rest :
      {"1}", "true}", R"(true,"stamp_ns":-1})", R"(true,"stamp_ns":1,"lease_ns":-1})",
       R"(true,"stamp_ns":1,"lease_ns":9000000000000000000,"invalidations":[]})",
       R"(true,"stamp_ns":1,"lease_ns":1})", R"(true,"stamp_ns":1,"lease_ns":1,"invalidations":7})",
       R"(true,"stamp_ns":1,"lease_ns":1,"invalidations":[7]})",
       R"(true,"stamp_ns":1,"lease_ns":1,"invalidations":[{"sequence":-1,"name":"","version":0}]})",
       R"(true,"stamp_ns":1,"lease_ns":1,"invalidations":[{"sequence":1,"version":0}]})"}) {
    const auto push = parse_push(begin + rest);
    ASSERT_FALSE(push) << rest;
    EXPECT_EQ(push.error().kind, ErrorKind::kBadInput);
  }
}

}  // namespace
}  // namespace tandem::toys
