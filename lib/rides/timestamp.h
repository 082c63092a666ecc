// Ride timestamps: the text `DD-MM-YYYY:SS-MM-HH` (seconds, then minutes, then hours) in a time
// zone, and milliseconds since 1970-01-01 UTC, which is what the database keeps. What clients send
// may also be `YYYY-MM-DDTHH:MM:SS` (ISO 8601), in that zone or with `Z` or an offset `+05:30`
// behind it.
//
// Pure: what a zone's clocks do comes from a TimeZone. UtcZone is here; a zone of the system's
// database is rideshare/system_zone.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::rides {

class TimeZone {
 public:
  virtual ~TimeZone() = default;
  // Seconds that local clocks are ahead of UTC at an instant (seconds since 1970).
  virtual int64_t offset_s(int64_t utc_s) const = 0;
};

class UtcZone final : public TimeZone {
 public:
  int64_t offset_s(int64_t) const override { return 0; }
};

// The years that a timestamp of the database may be in, in ms since 1970.
constexpr int64_t kFirstTimestampMs = -62'135'596'800'000;  // 0001-01-01
constexpr int64_t kLastTimestampMs = 253'402'300'799'999;   // the end of 9999

// One of those forms, each number with all of its digits: a date of the Gregorian calendar that is
// in the years 0001 to 9999 also in UTC, hours to 23, minutes and seconds to 59 (no leap second).
// Fails with kBadInput, saying which part is wrong.
//
// Where clocks are set back, a local time happens twice: the earlier instant is meant. Where they
// are set forward, some local times never happen: they are refused, because any instant chosen for
// them would be shown as another time than the client gave.
Result<int64_t> parse_timestamp(std::string_view text, const TimeZone& zone);

// The inverse, rounded down to the second. An instant that is in no year from 0001 to 9999 where
// the zone is, as other writers may have stored it, is shown as the first or the last one that is:
// a ride that is there can be seen and deleted.
std::string format_timestamp(int64_t timestamp_ms, const TimeZone& zone);

}  // namespace tandem::rides
