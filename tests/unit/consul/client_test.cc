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

}  // namespace
}  // namespace tandem::consul
