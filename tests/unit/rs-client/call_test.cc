#include "rs-client/call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tandem::client {
namespace {

using testing::HasSubstr;
using Kind = Call::Kind;

Result<fetch::Answer> status(int code) { return fetch::Answer{code, "", ""}; }
Result<fetch::Answer> failure(ErrorKind kind) { return fail(kind, "x"); }

TEST(WorthRepeating, RepeatsReadsAndKeyedWritesWhateverWasDone) {
  for (const Kind kind : {Kind::kRead, Kind::kWrite}) {
    for (const int code : {502, 503, 504, 408, 429}) {
      EXPECT_TRUE(worth_repeating(kind, status(code))) << code;
    }
    EXPECT_TRUE(worth_repeating(kind, failure(ErrorKind::kUnavailable)));
    EXPECT_TRUE(worth_repeating(kind, failure(ErrorKind::kUnknown)));
    EXPECT_TRUE(worth_repeating(kind, failure(ErrorKind::kTimeout)));
  }
}

TEST(WorthRepeating, RepeatsOtherCallsOnlyWhereNothingWasDone) {
  EXPECT_TRUE(worth_repeating(Kind::kOnce, status(503)));
  EXPECT_TRUE(worth_repeating(Kind::kOnce, failure(ErrorKind::kUnavailable)));
  EXPECT_FALSE(worth_repeating(Kind::kOnce, status(502)));
  EXPECT_FALSE(worth_repeating(Kind::kOnce, status(504)));
  EXPECT_FALSE(worth_repeating(Kind::kOnce, failure(ErrorKind::kUnknown)));
  EXPECT_FALSE(worth_repeating(Kind::kOnce, failure(ErrorKind::kTimeout)));
}

TEST(WorthRepeating, TakesOtherAnswersAsTheyAre) {
  for (const int code : {200, 204, 400, 404, 409, 422, 500}) {
    EXPECT_FALSE(worth_repeating(Kind::kWrite, status(code))) << code;
  }
  EXPECT_FALSE(worth_repeating(Kind::kRead, failure(ErrorKind::kConfig)));
  EXPECT_FALSE(worth_repeating(Kind::kRead, failure(ErrorKind::kTooLarge)));
}

TEST(MayBeDone, HoldsForWritesThatWereSentAndGotNoAnswer) {
  for (const Kind kind : {Kind::kWrite, Kind::kOnce}) {
    for (const int code : {408, 500, 502, 504})
      EXPECT_TRUE(may_be_done(kind, status(code))) << code;
    EXPECT_TRUE(may_be_done(kind, failure(ErrorKind::kUnknown)));
    EXPECT_TRUE(may_be_done(kind, failure(ErrorKind::kTimeout)));
    EXPECT_TRUE(may_be_done(kind, failure(ErrorKind::kTooLarge)));
    for (const int code : {200, 400, 404, 409, 422, 503, 507}) {
      EXPECT_FALSE(may_be_done(kind, status(code))) << code;
    }
    EXPECT_FALSE(may_be_done(kind, failure(ErrorKind::kUnavailable)));
  }
  EXPECT_FALSE(may_be_done(Kind::kRead, status(504)));
  EXPECT_FALSE(may_be_done(Kind::kRead, failure(ErrorKind::kTimeout)));
}

TEST(Settles, TakesTheAnswersOfAServiceAndNotItsAbsence) {
  EXPECT_TRUE(settles(Reply{}));
  for (const ErrorKind kind : {ErrorKind::kBadInput, ErrorKind::kConflict, ErrorKind::kNotFound}) {
    EXPECT_TRUE(settles(fail(kind, "x")));
  }
  for (const ErrorKind kind : {ErrorKind::kUnavailable, ErrorKind::kUnknown, ErrorKind::kTimeout,
                               ErrorKind::kNoSpace, ErrorKind::kBug}) {
    EXPECT_FALSE(settles(fail(kind, "x")));
  }
}

TEST(Judge, GivesSuccessWithItsBodyAndId) {
  const auto reply = judge({201, "{}", "X-Request-Id: abc\r\n"}, "mine");
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 201);
  EXPECT_EQ(reply->body, "{}");
  EXPECT_EQ(reply->request_id, "abc");
}

TEST(Judge, TellsTheReasonOfTheServiceWithStatusAndId) {
  const auto reply = judge({400, R"({"error":{"code":400,"message":"no user 'x'"}})", ""}, "mine");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().message, "no user 'x' (status 400, request mine)");
}

TEST(Judge, TellsTheStatusWhereThereIsNoReason) {
  const auto reply = judge({503, "<html>", ""}, "mine");
  ASSERT_FALSE(reply);
  EXPECT_THAT(reply.error().message, HasSubstr("status 503"));
}

TEST(Judge, TakesAPlainNoFromTheServiceForOne) {
  const std::string missing = R"({"error":{"code":404,"message":"product not found"}})";
  const std::string sold_out = R"({"error":{"code":400,"message":"out of stock"}})";
  const std::vector<std::string_view> no = {"product not found", "out of stock"};
  EXPECT_EQ(judge({404, missing, ""}, "mine", no).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(judge({400, sold_out, ""}, "mine", no).error().kind, ErrorKind::kConflict);
  // What follows is about the thing that was asked for.
  const std::string no_ride = R"({"error":{"code":400,"message":"there is no ride 7"}})";
  EXPECT_EQ(judge({400, no_ride, ""}, "mine", {"there is no ride "}).error().kind,
            ErrorKind::kConflict);
  // Where the call has no such answer, and with any other status, it is what the status says.
  EXPECT_EQ(judge({404, missing, ""}, "mine").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(judge({400, sold_out, ""}, "mine").error().kind, ErrorKind::kBadInput);
  EXPECT_EQ(judge({503, missing, ""}, "mine", no).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(judge({404, "{}", ""}, "mine", no).error().kind, ErrorKind::kUnavailable);
}

// The table of EXIT STATUS in rs-client(1).
TEST(ExitStatuses, OfEveryStatus) {
  const std::pair<int, ExitStatus> kExpected[] = {
      {302, ExitStatus::kUnavailable}, {400, ExitStatus::kBadInput},
      {401, ExitStatus::kPermission},  {403, ExitStatus::kPermission},
      {404, ExitStatus::kNo},          {405, ExitStatus::kUnavailable},
      {408, ExitStatus::kTimeout},     {409, ExitStatus::kNo},
      {413, ExitStatus::kBadInput},    {414, ExitStatus::kBadInput},
      {415, ExitStatus::kBadInput},    {421, ExitStatus::kUnavailable},
      {422, ExitStatus::kBadInput},    {429, ExitStatus::kUnavailable},
      {431, ExitStatus::kBadInput},    {500, ExitStatus::kBug},
      {501, ExitStatus::kUnavailable}, {502, ExitStatus::kUnavailable},
      {503, ExitStatus::kUnavailable}, {504, ExitStatus::kTimeout},
      {505, ExitStatus::kUnavailable}, {507, ExitStatus::kIo},
      {599, ExitStatus::kBug}};
  for (const auto& [code, expected] : kExpected) {
    const auto reply = judge({code, R"({"error":{"code":1,"message":"why"}})", ""}, "mine");
    ASSERT_FALSE(reply);
    EXPECT_EQ(exit_status_of(reply.error().kind), expected) << code;
  }
}

TEST(ExitStatuses, OfEveryFailureOfTheTransport) {
  const std::pair<ErrorKind, ExitStatus> kExpected[] = {
      {ErrorKind::kUnavailable, ExitStatus::kUnavailable},  // no connection
      {ErrorKind::kUnknown, ExitStatus::kTimeout},          // it broke
      {ErrorKind::kTimeout, ExitStatus::kTimeout},
      {ErrorKind::kTooLarge, ExitStatus::kBadInput},
      {ErrorKind::kConfig, ExitStatus::kConfig}};
  for (const auto& [kind, expected] : kExpected) EXPECT_EQ(exit_status_of(kind), expected);
}

TEST(ExitStatuses, APathThatIsNotThereIsAnotherService) {
  for (const char* body : {R"({"error":{"code":404,"message":"no such path"}})", "<html>", ""}) {
    const auto reply = judge({404, body, ""}, "mine");
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::kUnavailable);
    EXPECT_THAT(reply.error().message, HasSubstr("another service answers there"));
  }
}

}  // namespace
}  // namespace tandem::client
