#include "rides/ride_calls.h"

#include <utility>

#include "base/json_string.h"

namespace tandem::rides {
namespace {

using wire::Json;

Json condition(std::string_view table, Json::Object where, bool exists) {
  return Json::Object{{"table", table}, {"where", std::move(where)}, {"exists", exists}};
}

std::string transaction(Json::Array conditions, Json operation) {
  return Json(Json::Object{{"if", std::move(conditions)},
                           {"ops", Json::Array{std::move(operation)}}})
      .dump();
}

Json ride_is_there(int64_t ride_id) { return condition("rides", {{"rideId", ride_id}}, true); }

Json user_is_there(std::string_view username) {
  return condition("users", {{"username", username}}, true);
}

std::string ride_name(int64_t ride_id) { return "ride " + std::to_string(ride_id); }

struct FoundRide {
  int64_t ride_id = 0;
  std::string username;
  std::string timestamp;
};

Result<FoundRide> found_ride(const Json& row, const TimeZone& zone) {
  const auto ride_id = integer_of(row, "rideId");
  if (!ride_id) return fail(ride_id.error());
  auto username = text_of(row, "created_by");
  if (!username) return fail(username.error());
  const auto timestamp_ms = integer_of(row, "timestamp");
  if (!timestamp_ms) return fail(timestamp_ms.error());
  return FoundRide{*ride_id, std::move(*username), format_timestamp(*timestamp_ms, zone)};
}

// {"rideId":1,"username":"ann","timestamp":"26-01-2030:53-17-00"}
void append_found(std::string& out, const FoundRide& ride) {
  out += R"({"rideId":)" + std::to_string(ride.ride_id) + R"(,"username":)";
  append_json_string(out, ride.username);
  out += R"(,"timestamp":)";
  append_json_string(out, ride.timestamp);
  out += '}';
}

Result<std::string> shown_ride(const Json& ride, const std::vector<std::string>& riders,
                               const TimeZone& zone) {
  const auto found = found_ride(ride, zone);
  if (!found) return fail(found.error());
  const auto source = integer_of(ride, "source");
  if (!source) return fail(source.error());
  const auto destination = integer_of(ride, "destination");
  if (!destination) return fail(destination.error());
  std::string out = R"({"rideId":)" + std::to_string(found->ride_id) + R"(,"created_by":)";
  append_json_string(out, found->username);
  out += R"(,"users":[)";
  append_json_string(out, found->username);
  for (const std::string& username : riders) {
    out += ',';
    append_json_string(out, username);
  }
  out += R"(],"timestamp":)";
  append_json_string(out, found->timestamp);
  out += R"(,"source":)" + std::to_string(*source);
  out += R"(,"destination":)" + std::to_string(*destination) + '}';
  return out;
}

Answer bad_reply() { return error_answer(500, "the database's answer makes no sense"); }

// The key that the first operation of a transaction was given, or 0.
int64_t assigned_key(std::string_view body) {
  const auto json = wire::parse_json(body);
  const Json* results = json ? json->find("results") : nullptr;
  const Json::Array* list = results != nullptr ? results->as_array() : nullptr;
  if (list == nullptr || list->empty()) return 0;
  return integer_of(list->front(), "key").value_or(0);
}

}  // namespace

std::string create_ride_request(const NewRide& ride) {
  const Json row = Json::Object{{"created_by", ride.created_by},
                                {"timestamp", ride.timestamp_ms},
                                {"source", ride.route.source},
                                {"destination", ride.route.destination}};
  return transaction({user_is_there(ride.created_by)},
                     Json::Object{{"table", "rides"}, {"op", "insert"}, {"row", row}});
}

Answer create_ride_answer(const NewRide& ride, const DbReply& reply) {
  if (failed_condition(reply) == 0) {
    return error_answer(400, "created_by: there is no user " + in_quotes(ride.created_by));
  }
  if (reply.status != 200) return pass_on(reply);
  const int64_t ride_id = assigned_key(reply.body);
  if (ride_id <= 0) return bad_reply();
  return {201, "{\"rideId\":" + std::to_string(ride_id) + "}"};
}

Answer create_past_ride_answer(const NewRide& ride, const TimeZone& zone) {
  return error_answer(
      400, "timestamp " + in_quotes(format_timestamp(ride.timestamp_ms, zone)) + " is in the past");
}

std::string search_rides_request(const Route& route, int64_t now_ms, int64_t limit) {
  return Json(Json::Object{{"table", "rides"},
                           {"columns", Json::Array{"rideId", "created_by", "timestamp"}},
                           {"where", Json::Object{{"source", route.source},
                                                  {"destination", route.destination},
                                                  {"timestamp", Json::Object{{"gt", now_ms}}}}},
                           {"order", Json::Array{"timestamp", "rideId"}},
                           {"limit", limit}})
      .dump();
}

Answer search_rides_answer(const DbReply& reply, const TimeZone& zone) {
  if (reply.status != 200) return pass_on(reply);
  const auto rows = rows_of(reply.body);
  if (!rows) return error_answer(rows.error());
  if (rows->empty()) return {204, {}};
  std::string body;
  for (const Json& row : *rows) {
    const auto ride = found_ride(row, zone);
    if (!ride) return error_answer(ride.error());
    body += body.empty() ? '[' : ',';
    append_found(body, *ride);
  }
  return {200, body += ']'};
}

// Written out: it is asked for at every read of a ride, and a tree of values costs more than the
// rest of what is done for one.
std::string show_ride_request(int64_t ride_id) {
  const std::string id = std::to_string(ride_id);
  std::string request =
      R"({"reads":[{"table":"rides","columns":["rideId","created_by","timestamp","source",)"
      R"("destination"],"where":{"rideId":)";
  request += id;
  request += R"(}},{"table":"riders","columns":["username"],"where":{"rideId":)";
  request += id;
  request += R"(},"order":["seq"]}]})";
  return request;
}

Answer show_ride_answer(const DbReply& reply, const TimeZone& zone) {
  if (reply.status != 200) return pass_on(reply);
  const auto answers = rows_of(reply.body);
  if (!answers) return error_answer(answers.error());
  if (answers->size() != 2) return bad_reply();
  const Json::Array* rides = answers->front().as_array();
  const Json::Array* riders = answers->back().as_array();
  if (rides == nullptr || riders == nullptr) return bad_reply();
  if (rides->empty()) return {204, {}};
  std::vector<std::string> names;
  names.reserve(riders->size());
  for (const Json& rider : *riders) {
    auto username = text_of(rider, "username");
    if (!username) return error_answer(username.error());
    names.push_back(std::move(*username));
  }
  return shown_ride_answer(rides->front(), names, zone);
}

Answer shown_ride_answer(const Json& ride, const std::vector<std::string>& riders,
                         const TimeZone& zone) {
  auto shown = shown_ride(ride, riders, zone);
  if (!shown) return error_answer(shown.error());
  return {200, std::move(*shown)};
}

std::string start_request(int64_t ride_id) {
  return Json(Json::Object{{"table", "rides"},
                           {"columns", Json::Array{"timestamp"}},
                           {"where", Json::Object{{"rideId", ride_id}}}})
      .dump();
}

Result<bool> ride_is_past(std::string_view body, int64_t now_ms) {
  const auto rows = rows_of(body);
  if (!rows) return fail(rows.error());
  if (rows->empty()) return false;
  const auto timestamp_ms = integer_of(rows->front(), "timestamp");
  if (!timestamp_ms) return fail(timestamp_ms.error());
  return *timestamp_ms <= now_ms;
}

Answer ride_is_past_answer(int64_t ride_id) {
  return error_answer(400, ride_name(ride_id) + " is in the past");
}

std::string join_ride_request(int64_t ride_id, std::string_view username) {
  const Json row = Json::Object{{"rideId", ride_id}, {"username", username}};
  return transaction({ride_is_there(ride_id), user_is_there(username),
                      condition("rides", {{"rideId", ride_id}, {"created_by", username}}, false),
                      condition("riders", {{"rideId", ride_id}, {"username", username}}, false)},
                     Json::Object{{"table", "riders"}, {"op", "insert"}, {"row", row}});
}

Answer join_ride_answer(int64_t ride_id, std::string_view username, const DbReply& reply) {
  if (reply.status == 200) return {200, "{}"};
  switch (failed_condition(reply)) {
    case 0:
      return {204, {}};
    case 1:
      return error_answer(400, "username: there is no user " + in_quotes(username));
    case 2:
    case 3:
      return error_answer(
          400, "username: " + in_quotes(username) + " is on " + ride_name(ride_id) + " already");
    default:
      return pass_on(reply);
  }
}

std::string delete_ride_request(int64_t ride_id) {
  return transaction(
      {ride_is_there(ride_id)},
      Json::Object{
          {"table", "rides"}, {"op", "delete"}, {"where", Json::Object{{"rideId", ride_id}}}});
}

Answer delete_ride_answer(std::string_view given_id, const DbReply& reply) {
  if (reply.status == 200) return {200, "{}"};
  if (failed_condition(reply) == 0) {
    return error_answer(400, "there is no ride " + shortened(given_id));
  }
  return pass_on(reply);
}

std::string count_rides_request() { return R"({"table":"rides","count":true})"; }

Answer count_rides_answer(const DbReply& reply) {
  if (reply.status != 200) return pass_on(reply);
  return {200, std::string(reply.body)};
}

}  // namespace tandem::rides
