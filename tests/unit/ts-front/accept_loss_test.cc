#include "ts-front/accept_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "fakes.h"
#include "support/recorded_exchange.h"

namespace tandem::front {
namespace {

class FakeGroups final : public LosingGroups {
 public:
  void accept_loss(const Loss& given, Done done) override {
    loss = given;
    done(std::move(outcome));
  }
  std::optional<Loss> loss;
  Result<repl::ReplicaId> outcome = repl::ReplicaId{3};
};

class AcceptLossTest : public testing::Test {
 protected:
  void call(std::string_view body) { accept_loss(groups, post(body), http::Responder(exchange)); }
  FakeGroups groups;
  support::RecordedExchange exchange;
};

TEST_F(AcceptLossTest, TellsWhoLeads) {
  call(R"({"group":"orders","ids":[2,1,2]})");
  ASSERT_TRUE(groups.loss);
  EXPECT_EQ(groups.loss->group, "orders");
  EXPECT_EQ(groups.loss->ids, (std::set<repl::ReplicaId>{1, 2}));
  EXPECT_FALSE(groups.loss->force);
  EXPECT_EQ(exchange.status, 200);
  EXPECT_EQ(exchange.body, R"({"data":{"leader":3}})");
}

TEST_F(AcceptLossTest, LeavesWhoAskedAndWhatBecameOfItInTheLog) {
  http::Request request = post(R"({"group":"orders","ids":[1,2]})");
  request.peer = "127.0.0.1:4711";
  testing::internal::CaptureStderr();
  accept_loss(groups, request, http::Responder(exchange));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, testing::HasSubstr("giving up replicas of orders 1 2 is asked for "
                                      "request_id=req-1 peer=127.0.0.1:4711"));
  EXPECT_THAT(log, testing::HasSubstr("giving up replicas of orders 1 2 is done request_id=req-1"));
}

TEST_F(AcceptLossTest, IsForcedByAWordOfItsOwn) {
  EXPECT_TRUE(parse_loss(R"({"group":"orders","ids":[1],"force":true})")->force);
  EXPECT_FALSE(parse_loss(R"({"group":"orders","ids":[1],"force":false})")->force);
  EXPECT_FALSE(parse_loss(R"({"group":"orders","ids":[1],"force":1})"));
}

TEST_F(AcceptLossTest, TellsWhyNot) {
  groups.outcome = fail(ErrorKind::kConflict, "every in-sync replica must be named: 1, 2");
  call(R"({"group":"orders","ids":[1]})");
  EXPECT_EQ(exchange.status, 409);
  EXPECT_THAT(exchange.body, testing::HasSubstr("must be named: 1, 2"));
}

TEST_F(AcceptLossTest, AnOutcomeThatIsNotKnownIs504WithHowToLearnIt) {
  groups.outcome = fail(ErrorKind::kUnknown, "not known yet: give the same request again");
  call(R"({"group":"orders","ids":[1]})");
  EXPECT_EQ(exchange.status, 504);
  EXPECT_THAT(exchange.body, testing::HasSubstr("give the same request again"));
}

TEST_F(AcceptLossTest, RefusesWhatNamesNobody) {
  for (const char* body :
       {"", "[]", R"({"ids":[1]})", R"({"group":1,"ids":[1]})", R"({"group":"orders"})",
        R"({"group":"orders","ids":[]})", R"({"group":"orders","ids":1})",
        R"({"group":"orders","ids":[0]})", R"({"group":"orders","ids":["1"]})",
        R"({"group":"orders","ids":[4294967296]})"}) {
    EXPECT_EQ(parse_loss(body).error().kind, ErrorKind::kBadInput) << body;
  }
  call("{}");
  EXPECT_FALSE(groups.loss);
  EXPECT_EQ(exchange.status, 400);
}

}  // namespace
}  // namespace tandem::front
