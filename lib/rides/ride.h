// What clients send to rs-rides, read and checked: bodies, query parameters and path segments.
// Pure; every error is kBadInput and names the field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "rides/areas.h"
#include "rides/timestamp.h"

namespace tandem::rides {

struct Route {
  int64_t source = 0;  // area numbers
  int64_t destination = 0;
};

struct NewRide {
  std::string created_by;
  int64_t timestamp_ms = 0;
  Route route;
};

// What the services need to know to judge a ride.
struct RideRules {
  const Areas& areas;
  const TimeZone& zone;
};

// POST rides. Areas may be numbers or strings of digits; they must be known and differ. Nothing
// here depends on the time of the request: that the ride is in the past is looked at when its key
// is not that of one which was created before.
Result<NewRide> parse_new_ride(std::string_view body, const RideRules& rules);

// GET rides?source=&destination=: nullopt where a parameter is missing.
Result<Route> parse_route(std::optional<std::string_view> source,
                          std::optional<std::string_view> destination, const Areas& areas);

// POST rides/{rideId}: the name of the user who joins.
Result<std::string> parse_rider(std::string_view body);

// The rideId of a path: digits only, above 0. A number that no rideId can have, because it fits no
// int64, gives kNoRide: it is a positive integer without a ride.
constexpr int64_t kNoRide = INT64_MAX;
Result<int64_t> parse_ride_id(std::string_view text);

}  // namespace tandem::rides
