// What rs-rides does with each call. Parsing, requests and answers are lib/rides; here is the order
// of the steps.
#pragma once

#include <cstdint>

#include "http/request.h"
#include "http/responder.h"
#include "ride_clock.h"
#include "rides/ride.h"
#include "rideshare/database_link.h"

namespace tandem::rs_rides {

class RideHandlers {
 public:
  // All of these outlive this.
  RideHandlers(rideshare::DatabaseLink& database, const rides::RideRules& rules, RideClock clock,
               int64_t max_found)
      : database_(database), rules_(rules), clock_(clock), max_found_(max_found) {}

  void create(const http::Request& request, http::Responder responder);
  void search(const http::Request& request, http::Responder responder);
  void areas(const http::Request& request, http::Responder responder);
  void count(const http::Request& request, http::Responder responder);
  void show(const http::Request& request, http::Responder responder);
  void join(const http::Request& request, http::Responder responder);
  void remove(const http::Request& request, http::Responder responder);

 private:
  rideshare::DatabaseLink& database_;
  const rides::RideRules& rules_;
  const RideClock clock_;
  const int64_t max_found_;
};

}  // namespace tandem::rs_rides
