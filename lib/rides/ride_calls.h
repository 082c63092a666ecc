// Rides: the calls of rs-rides as database requests, and the database's answers as answers over
// HTTP. Each call is a pair x_request and x_answer; the caller carries the text between them.
// Creating, joining and deleting are one conditional transaction each: two riders cannot race, and
// a user who is deleted meanwhile cannot get a ride.
//
// A request depends on nothing but what the client sent (never on the clock), because an
// idempotency key that comes again with another body is refused by the database. Whether a ride to
// be joined is in the past is therefore asked before (start_request), which is safe: a ride's
// timestamp never changes and a rideId is never used twice. A request that is too late may be the
// repetition of one that was not: with a key the database is asked for its first answer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "rides/answer.h"
#include "rides/ride.h"
#include "rides/timestamp.h"
#include "wire/json.h"

namespace tandem::rides {

std::string create_ride_request(const NewRide& ride);
// 201 {"rideId":n}; 400 where the creator is no user.
Answer create_ride_answer(const NewRide& ride, const DbReply& reply);

// 400: it would start in the past.
Answer create_past_ride_answer(const NewRide& ride, const TimeZone& zone);

// Rides of a route after now_ms, soonest first, in the order of creation where two start together;
// the first `limit` of them.
std::string search_rides_request(const Route& route, int64_t now_ms, int64_t limit);
// 200 [{rideId, username, timestamp}], 204 without any.
Answer search_rides_answer(const DbReply& reply, const TimeZone& zone);

// The ride and its riders, two queries of one state.
std::string show_ride_request(int64_t ride_id);
// 200 {rideId, created_by, users, timestamp, source, destination}: the creator, then the others in
// the order in which they joined; 204 where there is no such ride.
Answer show_ride_answer(const DbReply& reply, const TimeZone& zone);
// The same of a row of the rides and the names of its riders. See also long_ride.h.
Answer shown_ride_answer(const wire::Json& ride, const std::vector<std::string>& riders,
                         const TimeZone& zone);

std::string start_request(int64_t ride_id);
// Whether the ride is there and no longer to be joined at now_ms. A ride that is not there is left
// to the transaction, which answers a repeated key as the first time. Fails where the reply is not
// an answer to start_request.
Result<bool> ride_is_past(std::string_view body, int64_t now_ms);
Answer ride_is_past_answer(int64_t ride_id);

std::string join_ride_request(int64_t ride_id, std::string_view username);
// 200 {}; 204 where there is no such ride; 400 for an unknown user or one who is on it already.
Answer join_ride_answer(int64_t ride_id, std::string_view username, const DbReply& reply);

std::string delete_ride_request(int64_t ride_id);
// 200; 400 where there is none, which names the id as the client gave it: it may be larger than
// any.
Answer delete_ride_answer(std::string_view given_id, const DbReply& reply);

std::string count_rides_request();
Answer count_rides_answer(const DbReply& reply);  // 200 [n]

}  // namespace tandem::rides
