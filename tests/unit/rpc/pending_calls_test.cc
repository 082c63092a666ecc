#include "rpc/pending_calls.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace tandem::rpc {
namespace {

PendingCalls::Call call_in_batch(uint64_t batch) {
  PendingCalls::Call call;
  call.batch = batch;
  return call;
}

TEST(PendingCalls, ACallIsTakenOnce) {
  PendingCalls calls(0);
  const uint64_t id = calls.add(call_in_batch(3), 0, 100);
  EXPECT_NE(id, 0U);
  EXPECT_EQ(id >> 63, 0U);
  ASSERT_NE(calls.find(id), nullptr);
  EXPECT_EQ(calls.take(id)->batch, 3U);
  EXPECT_FALSE(calls.take(id));
  EXPECT_EQ(calls.find(id), nullptr);
  EXPECT_EQ(calls.size(), 0U);
}

TEST(PendingCalls, AnOldIdDoesNotFindTheNextCallInItsPlace) {
  PendingCalls calls(0);
  const uint64_t first = calls.add({}, 0, 100);
  calls.take(first);
  const uint64_t second = calls.add({}, 0, 100);
  EXPECT_NE(first, second);
  EXPECT_FALSE(calls.take(first));
  EXPECT_TRUE(calls.take(second));
}

TEST(PendingCalls, UnknownIdsAreNobody) {
  PendingCalls calls(0);
  EXPECT_FALSE(calls.take(0));
  EXPECT_FALSE(calls.take(~uint64_t{0}));
  calls.add({}, 0, 100);
  EXPECT_FALSE(calls.take(0));
}

TEST(PendingCalls, ExpireNeverEarlyAndWithinTwoTicks) {
  for (const uint64_t start : {0U, 1U, 4U, 5U, 1003U}) {
    for (const uint64_t timeout : {0U, 1U, 5U, 23U, 1279U, 1280U, 1281U, 5000U}) {
      PendingCalls calls(start);
      calls.add({}, start, timeout);
      uint64_t now = start;
      while (calls.expire(now).empty()) ++now;
      EXPECT_GE(now, start + timeout);
      EXPECT_LE(now, start + timeout + 2 * kTickMs);
    }
  }
}

TEST(PendingCalls, NothingIsDueBeforeTheNextExpiry) {
  PendingCalls calls(1003);
  EXPECT_EQ(calls.next_expiry_ms(), UINT64_MAX);
  for (const uint64_t timeout : {0U, 5U, 23U, 1279U, 1280U, 1281U, 5000U}) {
    calls.add({}, 1003, timeout);
  }
  uint64_t now = 1003;
  for (size_t looks = 0; calls.size() > 0; ++looks) {
    ASSERT_LT(looks, 20U);
    const uint64_t next = calls.next_expiry_ms();
    ASSERT_GT(next, now);
    EXPECT_TRUE(calls.expire(next - 1).empty()) << next;
    now = next;
    calls.expire(now);
  }
  EXPECT_LE(now, 1003 + 5000 + 2 * kTickMs);
}

TEST(PendingCalls, OneLookAfterALongTimeExpiresAllThatIsDue) {
  PendingCalls calls(0);
  for (uint64_t timeout = 0; timeout < 10000; timeout += 7) calls.add({}, 0, timeout);
  const size_t all = calls.size();
  const size_t due = calls.expire(5000).size();
  EXPECT_EQ(due, 4999U / 7 + 1);
  EXPECT_EQ(calls.size(), all - due);
  EXPECT_EQ(calls.expire(1'000'000).size(), all - due);
}

TEST(PendingCalls, ACallAddedAfterAnIdleTimeIsNotLateByATurnOfTheWheel) {
  PendingCalls calls(0);
  EXPECT_TRUE(calls.expire(100'000).empty());
  calls.add({}, 100'000, 0);
  EXPECT_EQ(calls.expire(100'010).size(), 1U);
}

TEST(PendingCalls, AnswersAndDeadlinesInAnyOrderLoseNone) {
  PendingCalls calls(0);
  std::vector<uint64_t> ids;
  std::set<uint64_t> distinct;
  uint64_t random = 1;
  size_t over = 0;
  for (uint64_t now = 0; now < 20000; ++now) {
    random = random * 6364136223846793005U + 1442695040888963407U;
    ids.push_back(calls.add({}, now, random >> 52));
    EXPECT_TRUE(distinct.insert(ids.back()).second);
    if (random & (1U << 20)) over += calls.take(ids[(random >> 33) % ids.size()]) ? 1 : 0;
    over += calls.expire(now).size();
    ASSERT_EQ(calls.size() + over, ids.size());
  }
  over += calls.expire(1'000'000).size();
  EXPECT_EQ(over, ids.size());
  EXPECT_EQ(calls.size(), 0U);
}

TEST(PendingCalls, TakesOnlyWhatIsInAMessage) {
  PendingCalls calls(0);
  calls.add(call_in_batch(0), 0, 100);
  calls.add(call_in_batch(1), 0, 100);
  EXPECT_EQ(calls.take_batched().size(), 1U);
  EXPECT_EQ(calls.size(), 1U);
  EXPECT_EQ(calls.take_all().size(), 1U);
}

}  // namespace
}  // namespace tandem::rpc
