// Ride timestamps: the text `DD-MM-YYYY:SS-MM-HH` (seconds, then minutes, then hours) in a time
// zone, and milliseconds since 1970-01-01 UTC, which is what the database keeps.
//
// Pure: what a zone's clocks do comes from a TimeZone. UtcZone is here; a zone of the system's
// database is service/system_zone.h.
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

// Exactly 19 characters: two or four digits each, a date of the Gregorian calendar from year 0000
// to 9999, hours to 23, minutes and seconds to 59 (no leap second). Fails with kBadInput, saying
// which part is wrong.
//
// Where clocks are set back, a local time happens twice: the earlier instant is meant. Where they
// are set forward, some local times never happen: they are refused, because any instant chosen for
// them would be shown as another time than the client gave.
Result<int64_t> parse_timestamp(std::string_view text, const TimeZone& zone);

// The inverse, rounded down to the second. Fails with kCorrupt for an instant outside the years
// 0000..9999: parse_timestamp gives none, but other writers share the database.
Result<std::string> format_timestamp(int64_t timestamp_ms, const TimeZone& zone);

}  // namespace tandem::rides
