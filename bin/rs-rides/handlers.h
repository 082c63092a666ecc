// What rs-rides does with each call. Parsing, requests and answers are lib/rides; here is the order
// of the steps.
#pragma once

#include <cstdint>

#include "http/request.h"
#include "http/responder.h"
#include "ride_clock.h"
#include "rides/ride.h"
#include "service/database.h"

class RideHandlers {
 public:
  // All of these outlive this.
  RideHandlers(tandem::service::Database& database, const tandem::rides::RideRules& rules,
               RideClock clock, int64_t max_found)
      : database_(database), rules_(rules), clock_(clock), max_found_(max_found) {}

  void create(const tandem::http::Request& request, tandem::http::Responder responder);
  void search(const tandem::http::Request& request, tandem::http::Responder responder);
  void areas(const tandem::http::Request& request, tandem::http::Responder responder);
  void count(const tandem::http::Request& request, tandem::http::Responder responder);
  void show(const tandem::http::Request& request, tandem::http::Responder responder);
  void join(const tandem::http::Request& request, tandem::http::Responder responder);
  void remove(const tandem::http::Request& request, tandem::http::Responder responder);

 private:
  tandem::service::Database& database_;
  const tandem::rides::RideRules& rules_;
  const RideClock clock_;
  const int64_t max_found_;
};
