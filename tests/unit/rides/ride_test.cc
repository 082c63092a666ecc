#include "rides/ride.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "wire/json.h"

namespace tandem::rides {
namespace {

using testing::HasSubstr;
using wire::Json;

constexpr int64_t kStartMs = 1895617073000;  // 26-01-2030:53-17-00

class RideTest : public testing::Test {
 protected:
  std::string problem_of(const std::string& body) {
    const auto ride = parse_new_ride(body, rules_);
    if (ride) return "none";
    EXPECT_EQ(ride.error().kind, ErrorKind::kBadInput);
    return ride.error().message;
  }
  // A good body with one member replaced, or left out where the value is null.
  static std::string body_with(std::string_view member, const Json& value) {
    Json body;
    const Json good = Json::Object{{"created_by", "ann"},
                                   {"timestamp", "26-01-2030:53-17-00"},
                                   {"source", "22"},
                                   {"destination", 23}};
    for (const auto& [name, was] : *good.as_object()) {
      if (name != member) body.set(name, was);
    }
    if (!member.empty() && !value.is_null()) body.set(member, value);
    return body.dump();
  }

  Areas areas_ = parse_areas("no,name\n1,a\n22,b\n23,c\n198,d\n").value();
  UtcZone utc_;
  RideRules rules_{areas_, utc_};
};

TEST_F(RideTest, ReadsABodyWithAreasAsTextOrNumber) {
  const auto ride = parse_new_ride(body_with("", nullptr), rules_);
  ASSERT_TRUE(ride);
  EXPECT_EQ(ride->created_by, "ann");
  EXPECT_EQ(ride->timestamp_ms, kStartMs);
  EXPECT_EQ(ride->route.source, 22);
  EXPECT_EQ(ride->route.destination, 23);
}

TEST_F(RideTest, NamesTheMemberThatIsMissingOrMistyped) {
  EXPECT_EQ(problem_of("[1]"), "the body is an array, not a JSON object");
  for (const char* member : {"created_by", "timestamp", "source", "destination"}) {
    EXPECT_EQ(problem_of(body_with(member, nullptr)), std::string(member) + " is missing");
    EXPECT_THAT(problem_of(body_with(member, true)), HasSubstr(std::string(member) + " must be"));
  }
  EXPECT_EQ(problem_of(body_with("created_by", "")), "created_by must not be empty");
  EXPECT_EQ(problem_of(body_with("created_by", std::string(2001, 'a'))),
            "created_by has 2001 bytes, more than the limit of 2000");
  EXPECT_EQ(problem_of(body_with("timestamp", 7)), "timestamp must be a string, not an integer");
}

TEST_F(RideTest, RefusesAreasThatAreNotThere) {
  for (const Json& area : {Json(0), Json(2), Json(199), Json(-22), Json("2"), Json("0"),
                           Json("99999999999999999999"), Json(1e300)}) {
    EXPECT_THAT(problem_of(body_with("source", area)), HasSubstr("source")) << area.dump();
    EXPECT_THAT(problem_of(body_with("destination", area)), HasSubstr("destination"));
  }
}

TEST_F(RideTest, RefusesTextThatIsNotDigits) {
  for (const char* area : {"", " 22", "22 ", "+22", "-22", "22.0", "2x", "٢٢"}) {
    EXPECT_THAT(problem_of(body_with("source", area)), HasSubstr("is not a number of digits"));
  }
}

TEST_F(RideTest, AWholeNumberIsAnIntegerHoweverItIsWritten) {
  EXPECT_EQ(problem_of(body_with("source", 22.0)), "none");
  EXPECT_THAT(problem_of(body_with("source", 22.5)), HasSubstr("source must be a whole number"));
}

TEST_F(RideTest, RefusesARideToWhereItStarts) {
  EXPECT_EQ(problem_of(body_with("source", 23)), "source and destination must differ");
}

TEST_F(RideTest, RefusesBadTimestamps) {
  EXPECT_THAT(problem_of(body_with("timestamp", "31-02-2030:00-00-00")),
              HasSubstr("timestamp '31-02-2030:00-00-00' has a date that does not exist"));
}

TEST_F(RideTest, ReadsTheRouteOfASearch) {
  const auto route = parse_route("22", "23", areas_);
  ASSERT_TRUE(route);
  EXPECT_EQ(route->source, 22);
  EXPECT_EQ(route->destination, 23);
}

TEST_F(RideTest, RefusesSearchesWithoutTwoKnownAreas) {
  const auto problem = [&](std::optional<std::string_view> source,
                           std::optional<std::string_view> destination) {
    return parse_route(source, destination, areas_).error().message;
  };
  EXPECT_EQ(problem(std::nullopt, "23"), "parameter source is missing");
  EXPECT_EQ(problem("22", std::nullopt), "parameter destination is missing");
  EXPECT_EQ(problem("", "23"), "source '' is not a number of digits");
  EXPECT_EQ(problem("22", "199"), "destination '199' is not the number of an area");
  EXPECT_EQ(problem("22", "022"), "source and destination must differ");
}

TEST_F(RideTest, ReadsTheRider) {
  EXPECT_EQ(parse_rider(R"({"username":"bob"})").value(), "bob");
  EXPECT_EQ(parse_rider(R"({"username":""})").error().message, "username must not be empty");
  // The database would refuse both, in words of its own.
  EXPECT_EQ(parse_rider(R"({"username":"a\u0000b"})").error().message,
            "username must not hold U+0000");
  EXPECT_EQ(parse_rider(R"({"username":")" + std::string(2001, 'a') + "\"}").error().message,
            "username has 2001 bytes, more than the limit of 2000");
  EXPECT_EQ(parse_rider("7").error().message, "the body is an integer, not a JSON object");
}

TEST_F(RideTest, ReadsRideIds) {
  EXPECT_EQ(parse_ride_id("1").value(), 1);
  EXPECT_EQ(parse_ride_id("007").value(), 7);
  EXPECT_EQ(parse_ride_id("9223372036854775808").value(), kNoRide);
  EXPECT_EQ(parse_ride_id(std::string(5000, '9')).value(), kNoRide);
  for (const char* text : {"", "0", "-1", "+1", "1.0", "abc", "1e3", " 1", "0x1"}) {
    const auto id = parse_ride_id(text);
    ASSERT_FALSE(id) << text;
    EXPECT_THAT(id.error().message, HasSubstr("is not a positive integer"));
  }
}

}  // namespace
}  // namespace tandem::rides
