#include "rides/ride_calls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

constexpr int64_t kStartMs = 1895617073000;  // 26-01-2030:53-17-00
const UtcZone kUtc;
const NewRide kRide{"ann", kStartMs, {22, 23}};

std::string refusal(int condition) {
  return R"({"error":{"code":409,"message":"m","condition":)" + std::to_string(condition) + "}}";
}

TEST(RideCalls, CreateIsOneTransactionThatNeedsTheCreator) {
  EXPECT_EQ(create_ride_request(kRide),
            R"({"if":[{"table":"users","where":{"username":"ann"},"exists":true}],)"
            R"("ops":[{"table":"rides","op":"insert","row":{"created_by":"ann",)"
            R"("timestamp":1895617073000,"source":22,"destination":23}}]})");
}

TEST(RideCalls, ARideOfThePastIsNamedByItsTimestamp) {
  EXPECT_EQ(create_past_ride_answer(kRide, kUtc),
            error_answer(400, "timestamp '" + format_timestamp(kRide.timestamp_ms, kUtc) +
                                  "' is in the past"));
}

TEST(RideCalls, CreateAnswersTheKeyThatTheDatabaseGave) {
  EXPECT_EQ(create_ride_answer(kRide, {200, R"({"index":9,"results":[{"affected":1,"key":7}]})"}),
            (Answer{201, R"({"rideId":7})"}));
  EXPECT_EQ(create_ride_answer(kRide, {409, refusal(0)}),
            error_answer(400, "created_by: there is no user 'ann'"));
  EXPECT_EQ(create_ride_answer(kRide, {200, R"({"results":[]})"}).status, 500);
  EXPECT_EQ(create_ride_answer(kRide, {409, refusal(1)}).status, 500);
  const std::string none_left = error_answer(409, "no number is left").body;
  EXPECT_EQ(create_ride_answer(kRide, {409, none_left}), (Answer{409, none_left}));
  EXPECT_EQ(create_ride_answer(kRide, {422, error_answer(422, "key").body}).status, 422);
}

TEST(RideCalls, SearchAsksForUpcomingRidesSoonestFirst) {
  EXPECT_EQ(search_rides_request({22, 23}, 1000, 50),
            R"({"table":"rides","columns":["rideId","created_by","timestamp"],)"
            R"("where":{"source":22,"destination":23,"timestamp":{"gt":1000}},)"
            R"("order":["timestamp","rideId"],"limit":50})");
}

TEST(RideCalls, SearchAnswersRidesOr204) {
  EXPECT_EQ(
      search_rides_answer({200, R"([{"rideId":1,"created_by":"ann","timestamp":1895617073000},)"
                                R"({"timestamp":1895617074000,"created_by":"bob","rideId":2}])"},
                          kUtc),
      (Answer{200, R"([{"rideId":1,"username":"ann","timestamp":"26-01-2030:53-17-00"},)"
                   R"({"rideId":2,"username":"bob","timestamp":"26-01-2030:54-17-00"}])"}));
  EXPECT_EQ(search_rides_answer({200, "[]"}, kUtc), (Answer{204, ""}));
  EXPECT_EQ(search_rides_answer({200, "[1]"}, kUtc).status, 500);
  // Of an earlier version: it is there, so it is shown.
  EXPECT_EQ(search_rides_answer(
                {200, R"([{"rideId":1,"created_by":"a","timestamp":9223372036854775807}])"}, kUtc)
                .body,
            R"([{"rideId":1,"username":"a","timestamp":"31-12-9999:59-59-23"}])");
}

TEST(RideCalls, ShowReadsRideAndRidersFromOneState) {
  EXPECT_EQ(show_ride_request(7),
            R"({"reads":[{"table":"rides","columns":["rideId","created_by","timestamp","source",)"
            R"("destination"],"where":{"rideId":7}},{"table":"riders","columns":["username"],)"
            R"("where":{"rideId":7},"order":["seq"]}]})");
}

TEST(RideCalls, ShowPutsTheCreatorFirst) {
  const std::string ride =
      R"([[{"rideId":1,"created_by":"bob","timestamp":1895617073000,"source":22,"destination":23}],)";
  EXPECT_EQ(show_ride_answer({200, ride + R"([{"username":"zoe"},{"username":"ann"}]])"}, kUtc),
            (Answer{200, R"({"rideId":1,"created_by":"bob","users":["bob","zoe","ann"],)"
                         R"("timestamp":"26-01-2030:53-17-00","source":22,"destination":23})"}));
  EXPECT_EQ(show_ride_answer({200, "[[],[]]"}, kUtc), (Answer{204, ""}));
  EXPECT_EQ(show_ride_answer({200, ride + "[7]]"}, kUtc).status, 500);
  EXPECT_EQ(show_ride_answer({200, "[[]]"}, kUtc).status, 500);
  EXPECT_EQ(show_ride_answer({200, "[{},[]]"}, kUtc).status, 500);
}

TEST(RideCalls, OnlyARideThatIsThereCanBePast) {
  EXPECT_TRUE(ride_is_past(R"([{"timestamp":1000}])", 1000).value());
  EXPECT_FALSE(ride_is_past(R"([{"timestamp":1000}])", 999).value());
  EXPECT_FALSE(ride_is_past("[]", 1000).value());
  EXPECT_FALSE(ride_is_past("{}", 1000));
  EXPECT_FALSE(ride_is_past("[{}]", 1000));
  EXPECT_EQ(ride_is_past_answer(7), error_answer(400, "ride 7 is in the past"));
}

TEST(RideCalls, JoinIsOneTransactionWithEveryCondition) {
  EXPECT_EQ(join_ride_request(7, "bob"),
            R"({"if":[{"table":"rides","where":{"rideId":7},"exists":true},)"
            R"({"table":"users","where":{"username":"bob"},"exists":true},)"
            R"({"table":"rides","where":{"rideId":7,"created_by":"bob"},"exists":false},)"
            R"({"table":"riders","where":{"rideId":7,"username":"bob"},"exists":false}],)"
            R"("ops":[{"table":"riders","op":"insert","row":{"rideId":7,"username":"bob"}}]})");
}

TEST(RideCalls, JoinTellsWhichConditionFailed) {
  EXPECT_EQ(join_ride_answer(7, "bob", {200, "{}"}), (Answer{200, "{}"}));
  EXPECT_EQ(join_ride_answer(7, "bob", {409, refusal(0)}), (Answer{204, ""}));
  EXPECT_EQ(join_ride_answer(7, "bob", {409, refusal(1)}),
            error_answer(400, "username: there is no user 'bob'"));
  for (const int condition : {2, 3}) {
    EXPECT_EQ(join_ride_answer(7, "bob", {409, refusal(condition)}),
              error_answer(400, "username: 'bob' is on ride 7 already"));
  }
  EXPECT_EQ(join_ride_answer(7, "bob", {409, refusal(4)}).status, 500);
}

TEST(RideCalls, DeleteNeedsTheRide) {
  EXPECT_EQ(delete_ride_request(7),
            R"({"if":[{"table":"rides","where":{"rideId":7},"exists":true}],)"
            R"("ops":[{"table":"rides","op":"delete","where":{"rideId":7}}]})");
  EXPECT_EQ(delete_ride_answer("7", {200, "{}"}), (Answer{200, "{}"}));
  EXPECT_EQ(delete_ride_answer("7", {409, refusal(0)}), error_answer(400, "there is no ride 7"));
  EXPECT_EQ(delete_ride_answer("99999999999999999999", {409, refusal(0)}),
            error_answer(400, "there is no ride 99999999999999999999"));
  EXPECT_EQ(delete_ride_answer(std::string(100, '9'), {409, refusal(0)}),
            error_answer(400, "there is no ride " + std::string(64, '9') + "…"));
}

TEST(RideCalls, CountIsPassedOn) {
  EXPECT_EQ(count_rides_request(), R"({"table":"rides","count":true})");
  EXPECT_EQ(count_rides_answer({200, "[258]"}), (Answer{200, "[258]"}));
  EXPECT_EQ(count_rides_answer({503, ""}).status, 503);
}

}  // namespace
}  // namespace tandem::rides
