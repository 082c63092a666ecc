#include "rides/timestamp.h"

#include <algorithm>
#include <chrono>

#include "rides/answer.h"

namespace tandem::rides {
namespace {

constexpr std::string_view kShape = "DD-MM-YYYY:SS-MM-HH";
constexpr int64_t kSecondsADay = 86400;
// Local: 0001-01-01 00:00:00 and 9999-12-31 23:59:59.
constexpr int64_t kFirstS = kFirstTimestampMs / 1000;
constexpr int64_t kLastS = kLastTimestampMs / 1000;

bool has_shape(std::string_view text) {
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool separator = kShape[i] == '-' || kShape[i] == ':';
    if (separator ? text[i] != kShape[i] : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

// REQUIRES: has_shape; the digits at [at, at + size).
int number_at(std::string_view text, size_t at, size_t size) {
  int number = 0;
  for (size_t i = at; i < at + size; ++i) number = number * 10 + (text[i] - '0');
  return number;
}

void append_digits(std::string& out, int64_t number, size_t size) {
  const size_t start = out.size();
  out.append(size, '0');
  for (size_t i = start + size; i-- > start; number /= 10) {
    out[i] = static_cast<char>('0' + number % 10);
  }
}

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// The instant at which the zone's clocks first show `local_s`; false where they never do. Offsets
// change at most once within the two days looked at, in every zone there is.
bool to_utc(int64_t local_s, const TimeZone& zone, int64_t& utc_s) {
  const int64_t before = zone.offset_s(local_s - kSecondsADay);
  const int64_t after = zone.offset_s(local_s + kSecondsADay);
  // The larger offset gives the earlier instant.
  const int64_t larger = before > after ? before : after;
  const int64_t smaller = before > after ? after : before;
  for (const int64_t offset : {larger, smaller}) {
    if (zone.offset_s(local_s - offset) == offset) {
      utc_s = local_s - offset;
      return true;
    }
  }
  return false;
}

}  // namespace

Result<int64_t> parse_timestamp(std::string_view text, const TimeZone& zone) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorKind::kBadInput, "timestamp " + in_quotes(text) + " " + std::string(why));
  };
  if (!has_shape(text)) return refuse("is not of the form DD-MM-YYYY:SS-MM-HH");
  const std::chrono::year_month_day date{
      std::chrono::year{number_at(text, 6, 4)},
      std::chrono::month{static_cast<unsigned>(number_at(text, 3, 2))},
      std::chrono::day{static_cast<unsigned>(number_at(text, 0, 2))}};
  const int seconds = number_at(text, 11, 2);
  const int minutes = number_at(text, 14, 2);
  const int hours = number_at(text, 17, 2);
  if (!date.ok()) return refuse("has a date that does not exist");
  if (seconds > 59) return refuse("has seconds above 59");
  if (minutes > 59) return refuse("has minutes above 59");
  if (hours > 23) return refuse("has hours above 23");
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const int64_t local_s = days * kSecondsADay + hours * 3600 + minutes * 60 + seconds;
  int64_t utc_s = 0;
  if (!to_utc(local_s, zone, utc_s)) {
    return refuse("does not exist in the time zone: clocks are set forward past it");
  }
  if (utc_s < kFirstS || utc_s > kLastS || date.year() < std::chrono::year{1}) {
    return refuse("is not in the years 0001 to 9999");
  }
  return utc_s * 1000;
}

std::string format_timestamp(int64_t timestamp_ms, const TimeZone& zone) {
  // A zone is asked only about instants near the range: a far one may be beyond what it can answer.
  const int64_t utc_s =
      std::clamp(floor_divide(timestamp_ms, 1000), kFirstS - kSecondsADay, kLastS + kSecondsADay);
  const int64_t local_s = std::clamp(utc_s + zone.offset_s(utc_s), kFirstS, kLastS);
  const int64_t days = floor_divide(local_s, kSecondsADay);
  const int64_t second_of_day = local_s - days * kSecondsADay;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  std::string text;
  text.reserve(kShape.size());
  append_digits(text, static_cast<unsigned>(date.day()), 2);
  text.push_back('-');
  append_digits(text, static_cast<unsigned>(date.month()), 2);
  text.push_back('-');
  append_digits(text, static_cast<int>(date.year()), 4);
  text.push_back(':');
  append_digits(text, second_of_day % 60, 2);
  text.push_back('-');
  append_digits(text, second_of_day / 60 % 60, 2);
  text.push_back('-');
  append_digits(text, second_of_day / 3600, 2);
  return text;
}

}  // namespace tandem::rides
