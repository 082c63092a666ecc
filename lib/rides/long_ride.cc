#include "rides/long_ride.h"

#include <algorithm>

#include "rides/ride_calls.h"

namespace tandem::rides {
namespace {

using wire::Json;

constexpr int64_t kShrinkFactor = 8;

}  // namespace

std::string LongRide::next_request() const {
  Json where = Json::Object{{"rideId", ride_id_}};
  if (!riders_.empty()) where.set("username", Json::Object{{"gt", riders_.back().second}});
  Json riders = Json::Object{{"table", "riders"},
                             {"columns", Json::Array{"seq", "username"}},
                             {"where", std::move(where)},
                             {"order", Json::Array{"username"}},
                             {"limit", limit_}};
  Json ride = Json::Object{
      {"table", "rides"},
      {"columns", Json::Array{"rideId", "created_by", "timestamp", "source", "destination"}},
      {"where", Json::Object{{"rideId", ride_id_}}}};
  return Json(Json::Object{{"reads", Json::Array{std::move(ride), std::move(riders)}}}).dump();
}

Result<bool> LongRide::add(std::string_view body) {
  auto answers = rows_of(body);
  if (!answers) return fail(answers.error());
  const bool two = answers->size() == 2 && answers->front().as_array() != nullptr &&
                   answers->back().as_array() != nullptr;
  if (!two) return fail(ErrorKind::kCorrupt, "the database's answer makes no sense");
  const Json::Array& rides = *answers->front().as_array();
  const Json::Array& riders = *answers->back().as_array();
  ride_ = rides.empty() ? Json() : rides.front();
  for (const Json& rider : riders) {
    const auto number = integer_of(rider, "seq");
    if (!number) return fail(number.error());
    auto username = text_of(rider, "username");
    if (!username) return fail(username.error());
    riders_.emplace_back(*number, std::move(*username));
  }
  return rides.empty() || static_cast<int64_t>(riders.size()) < limit_;
}

bool LongRide::shrink() {
  if (limit_ == 1) return false;
  limit_ = std::max<int64_t>(limit_ / kShrinkFactor, 1);
  return true;
}

Answer LongRide::answer(const TimeZone& zone) {
  if (ride_.as_object() == nullptr) return {204, {}};
  std::sort(riders_.begin(), riders_.end());
  std::vector<std::string> names;
  names.reserve(riders_.size());
  for (auto& [number, name] : riders_) names.push_back(std::move(name));
  return shown_ride_answer(ride_, names, zone);
}

}  // namespace tandem::rides
