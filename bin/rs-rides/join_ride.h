// POST rides/{rideId}: asks when the ride starts, then joins it in one transaction.
#pragma once

#include <cstdint>
#include <string>

#include "http/responder.h"
#include "rideshare/db_client.h"

namespace tandem::rs_rides {

struct Join {
  int64_t ride_id = 0;
  std::string username;
  int64_t now_ms = 0;  // when the request came: a ride that started by then is in the past
};

// `db` outlives the call or drops it. The options are copied.
void join_ride(rideshare::DbClient& db, const rideshare::CallOptions& options, Join join,
               http::Responder responder);

}  // namespace tandem::rs_rides
