#include "rides/timestamp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tandem::rides {
namespace {

using testing::HasSubstr;

const UtcZone kUtc;

// Clocks that are `before` ahead until an instant, and `after` ahead from then on.
class ChangingZone final : public TimeZone {
 public:
  ChangingZone(int64_t at_utc_s, int64_t before, int64_t after)
      : at_utc_s_(at_utc_s), before_(before), after_(after) {}
  int64_t offset_s(int64_t utc_s) const override { return utc_s < at_utc_s_ ? before_ : after_; }

 private:
  int64_t at_utc_s_, before_, after_;
};

// Berlin in 2026: forward on 29-03 at 01:00 UTC (02:00 becomes 03:00), back on 25-10 at 01:00 UTC.
const ChangingZone kSpring(1774746000, 3600, 7200);
const ChangingZone kAutumn(1792890000, 7200, 3600);

std::string problem_of(std::string_view text, const TimeZone& zone = kUtc) {
  const auto parsed = parse_timestamp(text, zone);
  if (parsed) return "none";
  EXPECT_EQ(parsed.error().kind, ErrorKind::kBadInput);
  return parsed.error().message;
}

TEST(Timestamp, ReadsSecondsThenMinutesThenHours) {
  EXPECT_EQ(parse_timestamp("26-01-2030:53-17-00", kUtc).value(), 1895617073000);
  EXPECT_EQ(parse_timestamp("01-01-1970:00-00-00", kUtc).value(), 0);
  EXPECT_EQ(parse_timestamp("31-12-1969:59-59-23", kUtc).value(), -1000);
  EXPECT_EQ(parse_timestamp("31-12-9999:59-59-23", kUtc).value(), 253402300799000);
}

TEST(Timestamp, ComesBackAsItWasGiven) {
  for (const char* text : {"26-01-2030:53-17-00", "29-02-2028:00-00-12", "31-12-1969:59-59-23",
                           "01-01-0001:00-00-00", "31-12-9999:59-59-23", "01-03-2100:01-02-03"}) {
    EXPECT_EQ(format_timestamp(parse_timestamp(text, kUtc).value(), kUtc), text);
  }
}

TEST(Timestamp, ReadsIso8601InTheZoneOrWithAnOffset) {
  EXPECT_EQ(parse_timestamp("2030-01-26T00:17:53", kUtc).value(), 1895617073000);
  EXPECT_EQ(parse_timestamp("2030-01-26T00:17:53Z", kSpring).value(), 1895617073000);
  EXPECT_EQ(parse_timestamp("2030-01-26T05:47:53+05:30", kSpring).value(), 1895617073000);
  EXPECT_EQ(parse_timestamp("2030-01-25T23:17:53-01:00", kSpring).value(), 1895617073000);
  EXPECT_EQ(parse_timestamp("2026-07-01T02:00:00", kSpring).value(),
            parse_timestamp("01-07-2026:00-00-02", kSpring).value());
  // An offset says which instant is meant where clocks are set forward past the local time.
  EXPECT_THAT(problem_of("2026-03-29T02:30:00", kSpring), HasSubstr("does not exist"));
  EXPECT_EQ(problem_of("2026-03-29T02:30:00+01:00", kSpring), "none");
  EXPECT_THAT(problem_of("2030-02-31T00:00:00Z"), HasSubstr("a date that does not exist"));
  EXPECT_THAT(problem_of("9999-12-31T23:59:59-01:00"), HasSubstr("0001 to 9999"));
  for (const char* text :
       {"2030-01-26T00:17", "2030-01-26T00:17:53z", "2030-01-26T00:17:53+0530",
        "2030-01-26T00:17:53+05", "2030-01-26T00:17:53+24:00", "2030-01-26T00:17:53.5Z",
        "2030-01-26T00:17:53 Z", "20-01-2630T00:17:53", "2030-01-26T"}) {
    EXPECT_THAT(problem_of(text), HasSubstr("nor like 2030-01-26T09:17:53+05:30")) << text;
  }
}

TEST(Timestamp, RefusesEveryOtherShape) {
  for (const char* text :
       {"", "26-01-2030", "26-1-2030:53-17-00", "26-01-30:53-17-00", "2030-01-26:53-17-00",
        "26-01-2030 53-17-00", "26/01/2030:53-17-00", "26-01-2030:53:17:00", "26-01-2030:53-17-0",
        "26-01-2030:53-17-000", " 26-01-2030:53-17-00", "+6-01-2030:53-17-00",
        "2a-01-2030:53-17-00", "26-01-2030:53-17-00Z"}) {
    EXPECT_THAT(problem_of(text), HasSubstr("is not of the form DD-MM-YYYY:SS-MM-HH")) << text;
  }
}

TEST(Timestamp, RefusesDatesThatDoNotExist) {
  for (const char* text : {"31-02-2030:00-00-00", "29-02-2030:00-00-00", "29-02-2100:00-00-00",
                           "31-04-2030:00-00-00", "00-01-2030:00-00-00", "01-00-2030:00-00-00",
                           "01-13-2030:00-00-00", "32-01-2030:00-00-00"}) {
    EXPECT_THAT(problem_of(text), HasSubstr("has a date that does not exist")) << text;
  }
}

TEST(Timestamp, RefusesTimesThatDoNotExist) {
  EXPECT_THAT(problem_of("26-01-2030:60-00-00"), HasSubstr("seconds above 59"));
  EXPECT_THAT(problem_of("26-01-2030:00-60-00"), HasSubstr("minutes above 59"));
  EXPECT_THAT(problem_of("26-01-2030:00-00-24"), HasSubstr("hours above 23"));
}

TEST(Timestamp, NamesTheTextButNotAllOfALongOne) {
  EXPECT_THAT(problem_of("31-02-2030:00-00-00"), HasSubstr("timestamp '31-02-2030:00-00-00'"));
  EXPECT_LT(problem_of(std::string(100'000, '1')).size(), 200u);
}

TEST(Timestamp, IsLocalTimeOfTheZone) {
  EXPECT_EQ(parse_timestamp("26-01-2026:00-00-12", kSpring).value(),
            parse_timestamp("26-01-2026:00-00-11", kUtc).value());
  EXPECT_EQ(parse_timestamp("26-06-2026:00-00-12", kSpring).value(),
            parse_timestamp("26-06-2026:00-00-10", kUtc).value());
  EXPECT_EQ(format_timestamp(0, kSpring), "01-01-1970:00-00-01");
}

TEST(Timestamp, RefusesATimeThatClocksSkip) {
  EXPECT_THAT(problem_of("29-03-2026:00-00-02", kSpring), HasSubstr("clocks are set forward"));
  EXPECT_THAT(problem_of("29-03-2026:59-59-02", kSpring), HasSubstr("clocks are set forward"));
  EXPECT_EQ(parse_timestamp("29-03-2026:59-59-01", kSpring).value(), 1774745999000);
  EXPECT_EQ(parse_timestamp("29-03-2026:00-00-03", kSpring).value(), 1774746000000);
}

TEST(Timestamp, TakesTheEarlierOfTwoEqualLocalTimes) {
  EXPECT_EQ(parse_timestamp("25-10-2026:00-30-02", kAutumn).value(), 1792890000000 - 1800'000);
  EXPECT_EQ(parse_timestamp("25-10-2026:00-00-03", kAutumn).value(), 1792890000000 + 3600'000);
  EXPECT_EQ(format_timestamp(1792890000000 + 1800'000, kAutumn), "25-10-2026:00-30-02");
}

TEST(Timestamp, FormatRoundsDownToTheSecond) {
  EXPECT_EQ(format_timestamp(1999, kUtc), "01-01-1970:01-00-00");
  EXPECT_EQ(format_timestamp(-1, kUtc), "31-12-1969:59-59-23");
}

TEST(Timestamp, FormatShowsWhatNoCalendarHasAsTheFirstOrTheLast) {
  class Ahead final : public TimeZone {
    int64_t offset_s(int64_t) const override { return 14 * 3600; }
  };
  const Ahead ahead;
  for (const TimeZone* zone :
       {static_cast<const TimeZone*>(&kUtc), static_cast<const TimeZone*>(&ahead)}) {
    for (const int64_t ms : {INT64_MIN, int64_t{-62167219200001}, kFirstTimestampMs - 86'400'000}) {
      EXPECT_EQ(format_timestamp(ms, *zone), "01-01-0001:00-00-00") << ms;
    }
    for (const int64_t ms : {INT64_MAX, kLastTimestampMs + 86'400'000}) {
      EXPECT_EQ(format_timestamp(ms, *zone), "31-12-9999:59-59-23") << ms;
    }
  }
}

TEST(Timestamp, AYearThatTheDatabaseHasNotIsRefused) {
  EXPECT_FALSE(parse_timestamp("01-01-0000:00-00-00", kUtc));
  EXPECT_FALSE(parse_timestamp("31-12-0000:59-59-23", kUtc));
  EXPECT_TRUE(parse_timestamp("01-01-0001:00-00-00", kUtc));
  // Still 9999 where the zone is, 10000 in UTC.
  class Behind final : public TimeZone {
    int64_t offset_s(int64_t) const override { return -12 * 3600; }
  };
  EXPECT_FALSE(parse_timestamp("31-12-9999:59-59-23", Behind()));
}

}  // namespace
}  // namespace tandem::rides
