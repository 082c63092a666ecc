#include "rides/long_ride.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

const UtcZone kUtc;

constexpr std::string_view kRide =
    R"([[{"rideId":7,"created_by":"bob","timestamp":1895617073000,"source":22,"destination":23}],)";

// Shrinks the pages to one row.
void shrink_fully(LongRide& ride) {
  while (ride.shrink()) {
  }
}

TEST(LongRide, AsksForTheRideAndAPageOfItsRiders) {
  LongRide ride(7);
  EXPECT_EQ(ride.next_request(),
            R"({"reads":[{"table":"rides","columns":["rideId","created_by","timestamp","source",)"
            R"("destination"],"where":{"rideId":7}},{"table":"riders","columns":["seq",)"
            R"("username"],"where":{"rideId":7},"order":["username"],"limit":50000}]})");
  EXPECT_TRUE(ride.shrink());
  EXPECT_THAT(ride.next_request(), testing::HasSubstr(R"("limit":6250)"));
  shrink_fully(ride);
  EXPECT_THAT(ride.next_request(), testing::HasSubstr(R"("limit":1})"));
}

TEST(LongRide, PagesFollowByNameAndAreShownByTheOrderOfJoining) {
  LongRide ride(7);
  shrink_fully(ride);
  EXPECT_FALSE(ride.add(std::string(kRide) + R"([{"seq":9,"username":"a\"b"}]])").value());
  EXPECT_THAT(ride.next_request(),
              testing::HasSubstr(R"("where":{"rideId":7,"username":{"gt":"a\"b"}})"));
  EXPECT_FALSE(ride.add(std::string(kRide) + R"([{"seq":10,"username":"c"}]])").value());
  EXPECT_FALSE(ride.add(std::string(kRide) + R"([{"seq":8,"username":"d"}]])").value());
  EXPECT_TRUE(ride.add(std::string(kRide) + "[]]").value());
  EXPECT_EQ(ride.answer(kUtc),
            (Answer{200, R"({"rideId":7,"created_by":"bob","users":["bob","d","a\"b","c"],)"
                         R"("timestamp":"26-01-2030:53-17-00","source":22,"destination":23})"}));
}

TEST(LongRide, ARideThatGoesMeanwhileIsNotShown) {
  LongRide ride(7);
  shrink_fully(ride);
  EXPECT_FALSE(ride.add(std::string(kRide) + R"([{"seq":1,"username":"a"}]])").value());
  EXPECT_TRUE(ride.add("[[],[]]").value());
  EXPECT_EQ(ride.answer(kUtc), (Answer{204, ""}));
}

TEST(LongRide, RepliesThatAreNoRideAreRefused) {
  LongRide ride(7);
  for (const std::string body : {"{}", "[]", "[[]]", "[{},[]]", "[[],7]", R"([[],[{"seq":1}]])",
                                 R"([[],[{"username":"a"}]])"}) {
    EXPECT_FALSE(ride.add(body)) << body;
  }
}

}  // namespace
}  // namespace tandem::rides
