#include "handlers.h"

#include <string>
#include <utility>

#include "join_ride.h"
#include "rides/ride_calls.h"
#include "rideshare/db_call.h"
#include "search_rides.h"
#include "show_ride.h"

namespace tandem::rs_rides {

using http::Request;
using http::Responder;
using rides::DbReply;
using rideshare::answer_read;
using rideshare::answer_write;
using rideshare::refuse;
using rideshare::send;

void RideHandlers::create(const Request& request, Responder responder) {
  auto ride = rides::parse_new_ride(request.body, rules_);
  if (!ride) return refuse(responder, ride.error());
  const auto options = rideshare::write_options(request);
  if (!options) return refuse(responder, options.error());
  const std::string body = rides::create_ride_request(*ride);
  const bool is_past = ride->timestamp_ms <= clock_.now_ms();
  const auto past = rides::create_past_ride_answer(*ride, rules_.zone);
  if (is_past && options->key.empty()) return send(responder, past);
  auto answer_of = [ride = std::move(*ride)](const DbReply& reply) {
    return rides::create_ride_answer(ride, reply);
  };
  if (is_past) {
    rideshare::answer_repeated(database_.client(), *options, body, std::move(responder),
                               std::move(answer_of), past);
    return;
  }
  database_.client().write(body, *options,
                           rideshare::answer_with(std::move(responder), std::move(answer_of)));
}

void RideHandlers::search(const Request& request, Responder responder) {
  const auto route = rides::parse_route(request.query_value("source"),
                                        request.query_value("destination"), rules_.areas);
  if (!route) return refuse(responder, route.error());
  const auto options = rideshare::read_options(request);
  if (!options) return refuse(responder, options.error());
  const Search search{*route, clock_.now_ms(), max_found_};
  search_rides(database_.client(), *options, search, rules_.zone, std::move(responder));
}

void RideHandlers::areas(const Request&, Responder responder) {
  responder.json(200, rules_.areas.to_json());
}

void RideHandlers::count(const Request& request, Responder responder) {
  answer_read(database_.client(), request, rides::count_rides_request(), std::move(responder),
              rides::count_rides_answer);
}

void RideHandlers::show(const Request& request, Responder responder) {
  const auto ride_id = rides::parse_ride_id(request.param("rideId"));
  if (!ride_id) return refuse(responder, ride_id.error());
  const auto options = rideshare::read_options(request);
  if (!options) return refuse(responder, options.error());
  show_ride(database_.client(), *options, *ride_id, rules_.zone, std::move(responder));
}

void RideHandlers::join(const Request& request, Responder responder) {
  const auto ride_id = rides::parse_ride_id(request.param("rideId"));
  if (!ride_id) return refuse(responder, ride_id.error());
  auto username = rides::parse_rider(request.body);
  if (!username) return refuse(responder, username.error());
  const auto options = rideshare::write_options(request);
  if (!options) return refuse(responder, options.error());
  join_ride(database_.client(), *options, {*ride_id, std::move(*username), clock_.now_ms()},
            std::move(responder));
}

void RideHandlers::remove(const Request& request, Responder responder) {
  const auto ride_id = rides::parse_ride_id(request.param("rideId"));
  if (!ride_id) return refuse(responder, ride_id.error());
  answer_write(database_.client(), request, rides::delete_ride_request(*ride_id),
               std::move(responder),
               [given_id = std::string(request.param("rideId"))](const DbReply& reply) {
                 return rides::delete_ride_answer(given_id, reply);
               });
}

}  // namespace tandem::rs_rides
