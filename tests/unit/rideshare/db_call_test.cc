#include "rideshare/db_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "support/recorded_exchange.h"

namespace tandem::rideshare {
namespace {

using testing::HasSubstr;

TEST(DbCall, AReadPassesOnConsistencyIndexAndRequestId) {
  http::Request request;
  request.request_id = "r1";
  request.query = {{"source", "1"}, {"consistency", "session"}};
  request.headers = {{"x-db-index", "1234"}};
  const auto options = read_options(request);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->request_id, "r1");
  EXPECT_EQ(options->consistency, wire::Consistency::kSession);
  EXPECT_EQ(options->min_index, 1234u);
  EXPECT_EQ(options->key, "");
}

TEST(DbCall, AReadWithoutOptionsHasTheDefaults) {
  const auto options = read_options({});
  ASSERT_TRUE(options);
  EXPECT_EQ(options->consistency, wire::Consistency::kDefault);
  EXPECT_EQ(options->min_index, 0u);
}

TEST(DbCall, AReadRefusesWhatIsNoConsistencyOrIndex) {
  for (const char* consistency : {"", "strong", "Session"}) {
    http::Request request;
    request.query = {{"consistency", consistency}};
    const auto options = read_options(request);
    ASSERT_FALSE(options) << consistency;
    EXPECT_EQ(options.error().kind, ErrorKind::kBadInput);
  }
  for (const char* index : {"", "-1", "1.0", "x", "99999999999999999999"}) {
    http::Request request;
    request.headers = {{"X-Db-Index", index}};
    const auto options = read_options(request);
    ASSERT_FALSE(options) << index;
    EXPECT_THAT(options.error().message, HasSubstr("X-Db-Index"));
  }
}

TEST(DbCall, AWritePassesOnTheKey) {
  http::Request request;
  const std::string key(128, 'k');
  request.headers = {{"idempotency-key", key}};
  request.request_id = "r1";
  const auto options = write_options(request);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->key, key);
  EXPECT_EQ(options->request_id, "r1");
}

TEST(DbCall, AWriteRefusesKeysThatAreTooLongOrNoText) {
  for (const std::string& key : {std::string(129, 'k'), std::string("\xFF")}) {
    http::Request request;
    request.headers = {{"Idempotency-Key", key}};
    const auto options = write_options(request);
    ASSERT_FALSE(options);
    EXPECT_THAT(options.error().message, HasSubstr("Idempotency-Key"));
  }
}

class SendTest : public testing::Test {
 protected:
  void send_answer(const rides::Answer& answer, uint64_t index) {
    http::Responder responder(exchange_);
    send(responder, answer, index);
  }
  support::RecordedExchange exchange_;
};

TEST_F(SendTest, AnAnswerCarriesItsIndex) {
  send_answer({201, "{}"}, 1234);
  EXPECT_EQ(exchange_.status, 201);
  EXPECT_EQ(exchange_.body, "{}");
  EXPECT_EQ(exchange_.content_type, "application/json");
  EXPECT_EQ(exchange_.header("X-Db-Index"), "1234");
}

TEST_F(SendTest, NoBodyHasNoType) {
  send_answer({204, ""}, 0);
  EXPECT_EQ(exchange_.status, 204);
  EXPECT_EQ(exchange_.content_type, "");
  EXPECT_EQ(exchange_.header("X-Db-Index"), "");
}

// The bounds of the database's own calls are not told, that of the request is.
TEST_F(SendTest, ARequestBeyondABoundIsToldWhich) {
  http::Responder responder(exchange_);
  refuse(responder, Error{ErrorKind::kTooLarge, "more than 5 values"});
  EXPECT_EQ(exchange_.status, 413);
  EXPECT_THAT(exchange_.body, HasSubstr("more than 5 values"));
}

TEST_F(SendTest, UnavailableSaysWhenToComeAgain) {
  send_answer(rides::error_answer(503, "gone"), 0);
  EXPECT_EQ(exchange_.header("Retry-After"), "1");
}

TEST_F(SendTest, ACompletionAnswersWhatTheDatabaseSaid) {
  auto done = answer_with(http::Responder(exchange_), [](const rides::DbReply& reply) {
    return rides::Answer{reply.status + 1, std::string(reply.body)};
  });
  done(wire::Response{200, 7, "[]"});
  EXPECT_EQ(exchange_.status, 201);
  EXPECT_EQ(exchange_.body, "[]");
  EXPECT_EQ(exchange_.header("X-Db-Index"), "7");
}

TEST_F(SendTest, ACompletionAnswersErrors) {
  auto done = answer_with(http::Responder(exchange_), [](const rides::DbReply&) {
    ADD_FAILURE() << "there is no reply";
    return rides::Answer{};
  });
  done(fail(ErrorKind::kTimeout, "late"));
  EXPECT_EQ(exchange_.status, 504);
  EXPECT_THAT(exchange_.body, HasSubstr("late"));
}

TEST(DbCall, TooLargeIsAnErrorOrAStatus) {
  EXPECT_TRUE(is_too_large(fail(ErrorKind::kTooLarge, "x")));
  EXPECT_TRUE(is_too_large(wire::Response{413, 0, ""}));
  EXPECT_FALSE(is_too_large(fail(ErrorKind::kTimeout, "x")));
  EXPECT_FALSE(is_too_large(wire::Response{200, 0, ""}));
}

}  // namespace
}  // namespace tandem::rideshare
