// What a call ends with, by all of its tries, against a service in the same process.
#include "rs-client/caller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/router.h"
#include "http/server.h"
#include "rs-client/session.h"

namespace tandem::client {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

class CallerTest : public testing::Test {
 protected:
  CallerTest() {
    router_.add(http::Method::kPost, "/orders",
                [this](const http::Request& request, http::Responder responder) {
                  keys_.push_back(std::string(*request.header("Idempotency-Key")));
                  const int status = statuses_.empty() ? 503 : statuses_.front();
                  if (!statuses_.empty()) statuses_.erase(statuses_.begin());
                  if (status == 200) return responder.json(200, wire::Json(wire::Json::Object{}));
                  if (status == 0) return silent_.push_back(std::move(responder));
                  responder.error(status, "as told");
                });
    EXPECT_TRUE(server_.listen("127.0.0.1", 0));
    session_.caller.set_timeout_ms(400);
    session_.again.command = "toys buy";
    session_.again.operands = {"Lego"};
  }

  Result<Reply> write() {
    return session_.ask(session_.write(
        "POST", "http://127.0.0.1:" + std::to_string(server_.port()) + "/orders", "{}"));
  }

  Session session_{Settings{}};
  http::Router router_;
  std::vector<http::Responder> silent_;
  http::Server server_{session_.loop, {}, router_};
  std::vector<int> statuses_;  // of the answers, 0 for none; then 503
  std::vector<std::string> keys_;
};

TEST_F(CallerTest, KnowsThatNothingWasDoneWhereNoTryWasTaken) {
  const auto reply = write();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kUnavailable);
  EXPECT_THAT(reply.error().message, Not(HasSubstr("may have been done")));
  EXPECT_GT(keys_.size(), 1u);
}

TEST_F(CallerTest, RemembersThatAnEarlierTryMayHaveBeenDone) {
  statuses_ = {504};
  const auto reply = write();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(reply.error().message, HasSubstr("an earlier try: as told (status 504"));
  EXPECT_THAT(reply.error().message,
              EndsWith("; may have been done; finish it once: rs-client --key " + keys_.at(0) +
                       " toys buy Lego"));
}

TEST_F(CallerTest, CallsASilentServiceUnknownAlsoOnAKeptConnection) {
  statuses_ = {200, 0};
  ASSERT_TRUE(write());
  const auto reply = write();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(reply.error().message, HasSubstr("no answer in time"));
}

TEST_F(CallerTest, TakesALaterAnswerUnderTheKeyForTheOutcome) {
  statuses_ = {504, 502, 200};
  EXPECT_TRUE(write());
  statuses_ = {504, 400};
  const auto refused = write();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kBadInput);
}

TEST_F(CallerTest, ShowsTheKeyOfWhatEndedWithABug) {
  statuses_ = {500};
  const auto reply = write();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kBug);
  EXPECT_THAT(reply.error().message,
              HasSubstr("; may have been done; finish it once: rs-client --key " + keys_.at(0)));
}

TEST_F(CallerTest, ShowsNoKeyForWhatHasNone) {
  router_.add(http::Method::kPost, "/once", [](const http::Request&, http::Responder responder) {
    responder.error(502, "as told");
  });
  Call call{.kind = Call::Kind::kOnce,
            .method = "POST",
            .url = "http://127.0.0.1:" + std::to_string(server_.port()) + "/once"};
  const auto reply = session_.ask(std::move(call));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::kUnknown);
  EXPECT_THAT(reply.error().message, EndsWith("; may have been done"));
}

}  // namespace
}  // namespace tandem::client
