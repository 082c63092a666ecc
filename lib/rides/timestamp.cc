#include "rides/timestamp.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "rides/answer.h"

namespace tandem::rides {
namespace {

constexpr std::string_view kShape = "DD-MM-YYYY:SS-MM-HH";
constexpr std::string_view kIsoShape = "YYYY-MM-DDTHH:MM:SS";
constexpr int64_t kSecondsADay = 86400;
// Local: 0001-01-01 00:00:00 and 9999-12-31 23:59:59.
constexpr int64_t kFirstS = kFirstTimestampMs / 1000;
constexpr int64_t kLastS = kLastTimestampMs / 1000;

// Letters of the shape stand for digits, everything else for itself.
bool has_shape(std::string_view text, std::string_view shape) {
  if (text.size() != shape.size()) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool digit = shape[i] >= 'A' && shape[i] <= 'Z' && shape[i] != 'T';
    if (digit ? text[i] < '0' || text[i] > '9' : text[i] != shape[i]) return false;
  }
  return true;
}

// REQUIRES: digits at [at, at + size).
int number_at(std::string_view text, size_t at, size_t size) {
  int number = 0;
  for (size_t i = at; i < at + size; ++i) number = number * 10 + (text[i] - '0');
  return number;
}

struct Parts {
  int year = 0;
  int month = 0;
  int day = 0;
  int hours = 0;
  int minutes = 0;
  int seconds = 0;
  std::optional<int64_t> offset_s = {};  // else that of the zone
};

std::optional<Parts> parts_of_own_form(std::string_view text) {
  if (!has_shape(text, kShape)) return std::nullopt;
  return Parts{number_at(text, 6, 4),  number_at(text, 3, 2),  number_at(text, 0, 2),
               number_at(text, 17, 2), number_at(text, 14, 2), number_at(text, 11, 2)};
}

// "", "Z", "+05:30"; false for anything else.
bool parse_offset(std::string_view text, std::optional<int64_t>& offset_s) {
  if (text.empty()) return true;
  offset_s = 0;
  if (text == "Z") return true;
  if (!has_shape(text, "+HH:MM") && !has_shape(text, "-HH:MM")) return false;
  const int hours = number_at(text, 1, 2);
  const int minutes = number_at(text, 4, 2);
  if (hours > 23 || minutes > 59) return false;
  offset_s = (text[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
  return true;
}

std::optional<Parts> parts_of_iso(std::string_view text) {
  if (!has_shape(text.substr(0, kIsoShape.size()), kIsoShape)) return std::nullopt;
  Parts parts{number_at(text, 0, 4),  number_at(text, 5, 2),  number_at(text, 8, 2),
              number_at(text, 11, 2), number_at(text, 14, 2), number_at(text, 17, 2)};
  if (!parse_offset(text.substr(kIsoShape.size()), parts.offset_s)) return std::nullopt;
  return parts;
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
  const bool iso = text.size() > 10 && text[10] == 'T';
  const std::optional<Parts> parts = iso ? parts_of_iso(text) : parts_of_own_form(text);
  if (!parts) {
    return refuse("is not of the form DD-MM-YYYY:SS-MM-HH, nor like 2030-01-26T09:17:53+05:30");
  }
  const std::chrono::year_month_day date{std::chrono::year{parts->year},
                                         std::chrono::month{static_cast<unsigned>(parts->month)},
                                         std::chrono::day{static_cast<unsigned>(parts->day)}};
  if (!date.ok()) return refuse("has a date that does not exist");
  if (parts->seconds > 59) return refuse("has seconds above 59");
  if (parts->minutes > 59) return refuse("has minutes above 59");
  if (parts->hours > 23) return refuse("has hours above 23");
  const int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  const int64_t local_s = days * kSecondsADay + int64_t{parts->hours} * 3600 +
                          int64_t{parts->minutes} * 60 + parts->seconds;
  int64_t utc_s = 0;
  if (parts->offset_s) {
    utc_s = local_s - *parts->offset_s;
  } else if (!to_utc(local_s, zone, utc_s)) {
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
