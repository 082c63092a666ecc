#include "rides/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

TEST(Answer, ErrorsAreObjectsThatRepeatTheStatus) {
  EXPECT_EQ(error_answer(400, "say \"why\"").body,
            R"({"error":{"code":400,"message":"say \"why\""}})");
  EXPECT_EQ(error_answer(Error{ErrorKind::kBadInput, "x"}).status, 400);
  EXPECT_EQ(error_answer(Error{ErrorKind::kUnavailable, "x"}).status, 503);
  EXPECT_EQ(error_answer(Error{ErrorKind::kTimeout, "x"}).status, 504);
  EXPECT_EQ(error_answer(Error{ErrorKind::kUnknown, "x"}).status, 504);
  EXPECT_EQ(error_answer(Error{ErrorKind::kCorrupt, "x"}).status, 500);
}

TEST(Answer, QuotesShortTextWhole) { EXPECT_EQ(in_quotes("ann"), "'ann'"); }

TEST(Answer, CutsLongTextBetweenCharacters) {
  std::string name(63, 'a');
  name += "é and more";
  EXPECT_EQ(in_quotes(name), "'" + std::string(63, 'a') + "…'");
}

TEST(Answer, ReadsTheFailedCondition) {
  EXPECT_EQ(failed_condition({409, R"({"error":{"code":409,"message":"m","condition":2}})"}), 2);
  EXPECT_EQ(failed_condition({409, R"({"error":{"code":409,"message":"m"}})"}), -1);
  EXPECT_EQ(failed_condition({409, R"({"error":{"condition":"2"}})"}), -1);
  EXPECT_EQ(failed_condition({409, "garbage"}), -1);
  EXPECT_EQ(failed_condition({200, R"({"error":{"condition":2}})"}), -1);
}

TEST(Answer, PassesOnWhatConcernsTheClient) {
  for (const int status : {400, 409, 422, 503, 504, 507}) {
    const std::string body = error_answer(status, "why").body;
    EXPECT_EQ(pass_on({status, body}), (Answer{status, body})) << status;
  }
}

TEST(Answer, TheBoundsOfTheDatabasesOwnCallsAreNotTheClients) {
  const Answer answer = error_answer(413, "this request takes more than the database does for one");
  EXPECT_EQ(pass_on({413, error_answer(413, "read 1: use 'limit' and 'offset'").body}), answer);
  EXPECT_EQ(error_answer(Error{ErrorKind::kTooLarge, "the message has 17 MiB"}), answer);
}

TEST(Answer, EverythingElseOfTheDatabaseIsA500) {
  for (const int status : {201, 302, 404, 405, 500}) {
    EXPECT_EQ(pass_on({status, error_answer(status, "why").body}).status, 500) << status;
  }
  EXPECT_EQ(pass_on({400, "no error object"}).status, 500);
}

TEST(Answer, AnUnavailableDatabaseNeedsNoBody) {
  EXPECT_EQ(pass_on({503, ""}), error_answer(503, "the database is not able to answer now"));
  EXPECT_EQ(pass_on({504, ""}).status, 504);
  EXPECT_EQ(pass_on({507, ""}).status, 507);
}

TEST(Answer, ReadsRowsAndTheirColumns) {
  const auto rows = rows_of(R"([{"a":1,"b":"x"}])");
  ASSERT_TRUE(rows);
  EXPECT_EQ(integer_of(rows->front(), "a").value(), 1);
  EXPECT_EQ(text_of(rows->front(), "b").value(), "x");
  EXPECT_FALSE(integer_of(rows->front(), "b"));
  EXPECT_FALSE(text_of(rows->front(), "c"));
  EXPECT_FALSE(rows_of("{}"));
  EXPECT_FALSE(rows_of("["));
}

}  // namespace
}  // namespace tandem::rides
