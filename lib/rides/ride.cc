#include "rides/ride.h"

#include <cmath>
#include <utility>

#include "base/number.h"
#include "rides/answer.h"
#include "rides/user.h"
#include "wire/request_object.h"

namespace tandem::rides {
namespace {

using wire::Json;

Result<int64_t> known_area(int64_t number, std::string_view shown, std::string_view field,
                           const Areas& areas) {
  if (areas.contains(number)) return number;
  return fail(ErrorKind::kBadInput,
              std::string(field) + " " + in_quotes(shown) + " is not the number of an area");
}

Result<int64_t> area_of_text(std::string_view text, std::string_view field, const Areas& areas) {
  const auto number = parse_digits<int64_t>(text);
  if (!number) {
    return fail(ErrorKind::kBadInput,
                std::string(field) + " " + in_quotes(text) + " is not a number of digits");
  }
  return known_area(*number, text, field, areas);
}

Result<int64_t> area_of_member(const Json& object, std::string_view field, const Areas& areas) {
  const Json* value = object.find(field);
  if (value == nullptr) return fail(ErrorKind::kBadInput, std::string(field) + " is missing");
  if (const std::string* text = value->as_string()) return area_of_text(*text, field, areas);
  if (const int64_t* number = value->as_int()) {
    return known_area(*number, std::to_string(*number), field, areas);
  }
  // JSON has one kind of number: 22.0 and 2.2e1 are the integer 22. Beyond 2^53 no area can be
  // meant.
  const double* number = value->as_double();
  if (number != nullptr && value->as_given() == nullptr && std::trunc(*number) == *number &&
      std::abs(*number) < 0x1p53) {
    return known_area(static_cast<int64_t>(*number), value->dump(), field, areas);
  }
  return fail(ErrorKind::kBadInput,
              std::string(field) + " must be a whole number or a string of digits, not " +
                  (number != nullptr ? in_quotes(value->dump()) : std::string(value->type_name())));
}

Result<Route> two_areas(Result<int64_t> source, Result<int64_t> destination) {
  if (!source) return fail(source.error());
  if (!destination) return fail(destination.error());
  if (*source == *destination) {
    return fail(ErrorKind::kBadInput, "source and destination must differ");
  }
  return Route{*source, *destination};
}

Result<int64_t> area_of_parameter(std::optional<std::string_view> text, std::string_view field,
                                  const Areas& areas) {
  if (!text) return fail(ErrorKind::kBadInput, "parameter " + std::string(field) + " is missing");
  return area_of_text(*text, field, areas);
}

}  // namespace

Result<NewRide> parse_new_ride(std::string_view body, const RideRules& rules) {
  const auto object = wire::parse_request_object(body);
  if (!object) return fail(object.error());
  auto created_by = require_username(*object, "created_by");
  if (!created_by) return fail(created_by.error());
  const auto text = wire::require_text(*object, "timestamp");
  if (!text) return fail(text.error());
  const auto timestamp = parse_timestamp(*text, rules.zone);
  if (!timestamp) return fail(timestamp.error());
  const auto route = two_areas(area_of_member(*object, "source", rules.areas),
                               area_of_member(*object, "destination", rules.areas));
  if (!route) return fail(route.error());
  return NewRide{std::move(*created_by), *timestamp, *route};
}

Result<Route> parse_route(std::optional<std::string_view> source,
                          std::optional<std::string_view> destination, const Areas& areas) {
  return two_areas(area_of_parameter(source, "source", areas),
                   area_of_parameter(destination, "destination", areas));
}

Result<std::string> parse_rider(std::string_view body) {
  const auto object = wire::parse_request_object(body);
  if (!object) return fail(object.error());
  return require_username(*object, "username");
}

Result<int64_t> parse_ride_id(std::string_view text) {
  const int64_t number = parse_digits<int64_t>(text).value_or(0);
  if (number > 0) return number;
  return fail(ErrorKind::kBadInput, "rideId " + in_quotes(text) + " is not a positive integer");
}

}  // namespace tandem::rides
