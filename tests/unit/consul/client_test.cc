#include "consul/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "by_hand.h"

namespace tandem::consul {
namespace {

using testing::HasSubstr;

// What Consul answers a token without rights: a list has nothing, a single key is refused.
class ClientTest : public testing::Test {
 protected:
  const std::optional<Result<Listing>>& list(Answer answer) {
    got_.reset();
    client_.list("t/g/", 0, 0, [this](Result<Listing> listing) { got_ = std::move(listing); });
    transport_.answer("t/g/?recurse", std::move(answer));
    return got_;
  }
  void answer_single(Answer answer) {
    transport_.answer("t/g/record?consistent", std::move(answer));
  }

  HandClock clock_;
  HandTimers timers_{clock_};
  HandTransport transport_;
  Client client_{transport_, {clock_, timers_}};
  std::optional<Result<Listing>> got_;
};

const Answer kNone{404, "", 7};
const Answer kOne{200, R"([{"Key":"t/g/members/1","Value":null,"Flags":0,"ModifyIndex":8}])", 8};

TEST_F(ClientTest, AnEmptyListIsBelievedWhereASingleKeyMayBeRead) {
  for (const Answer& nothing : {kNone, Answer{200, "[]", 7}}) {
    EXPECT_FALSE(list(nothing)) << "it may be that it may not be read";
    answer_single(kNone);
    ASSERT_TRUE(got_ && *got_);
    EXPECT_TRUE((*got_)->entries.empty());
    EXPECT_EQ((*got_)->index, 7u);
    EXPECT_EQ(client_.trouble(), "");
  }
}

TEST_F(ClientTest, AnEmptyListOfWhoMayNotReadIsARefusal) {
  list(kNone);
  answer_single({403, "Permission denied"});
  ASSERT_TRUE(got_ && !*got_);
  EXPECT_EQ(got_->error().kind, ErrorKind::kPermission);
  EXPECT_THAT(client_.trouble(), HasSubstr("does not let this process read keys"));
  list(kNone);
  EXPECT_THAT(client_.trouble(), HasSubstr("read keys")) << "an empty list is no sign of a right";
  answer_single(kNone);
  EXPECT_EQ(client_.trouble(), "");
}

TEST_F(ClientTest, AListWithKeysIsASignOfTheRightToReadThem) {
  list(kNone);
  answer_single({403, "Permission denied"});
  ASSERT_TRUE(list(kOne));
  EXPECT_EQ((*got_)->entries.size(), 1u);
  EXPECT_EQ(client_.trouble(), "");
}

// --- what Consul refuses for another reason than rights ---

TEST_F(ClientTest, AValueThatIsTooLargeForConsulIsRefusedAndTold) {
  std::optional<Result<bool>> put;
  client_.put("t/g/record", "text", {}, [&](Result<bool> done) { put = std::move(done); });
  transport_.answer("t/g/record?flags", Answer{413, "Value exceeds 5 byte limit"});
  ASSERT_TRUE(put && !*put);
  EXPECT_EQ(put->error().kind, ErrorKind::kUnavailable) << "it is waited for";
  EXPECT_EQ(put->error().message, "Consul answers 413: Value exceeds 5 byte limit");
  EXPECT_THAT(client_.trouble(), HasSubstr("refuses to write keys"));
  // Reads go on as ever.
  list(kOne);
  EXPECT_THAT(client_.trouble(), HasSubstr("Value exceeds 5 byte limit"));
  client_.put("t/g/record", "t", {}, [](const Result<bool>&) {});
  transport_.answer("t/g/record?flags", Answer{200, "true"});
  EXPECT_EQ(client_.trouble(), "");
}

class SessionTtlTest : public ClientTest {
 protected:
  void refuse() {
    made_.reset();
    client_.create_session("s", [this](Result<std::string> made) { made_ = std::move(made); });
    transport_.answer(
        "session/create",
        Answer{500, "Invalid Session TTL '10000000000', must be between [30s=24h0m0s]"});
    ASSERT_TRUE(made_ && !*made_);
    EXPECT_EQ(made_->error().kind, ErrorKind::kUnavailable);
  }
  std::optional<Result<std::string>> made_;
};

TEST_F(SessionTtlTest, AMinimumAboveOursIsToldAsWhatItIsUntilASessionIsMade) {
  refuse();
  EXPECT_THAT(client_.trouble(), HasSubstr("refuses to make sessions"));
  EXPECT_THAT(client_.trouble(), HasSubstr("Invalid Session TTL"));
  list(kOne);
  EXPECT_THAT(client_.trouble(), HasSubstr("refuses to make sessions")) << "that is another right";
  client_.create_session("s", [](const Result<std::string>&) {});
  transport_.answer("session/create", Answer{200, R"({"ID":"77"})"});
  EXPECT_EQ(client_.trouble(), "");
}

TEST_F(SessionTtlTest, IsToldAsLongAsItIsRepeated) {
  refuse();
  clock_.now_ns += 59'000 * kMs;
  refuse();
  clock_.now_ns += 59'000 * kMs;
  EXPECT_NE(client_.trouble(), "");
  clock_.now_ns += 2'000 * kMs;
  EXPECT_EQ(client_.trouble(), "");
}

}  // namespace
}  // namespace tandem::consul
