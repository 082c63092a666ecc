// GET rides/{rideId}: one read, or several where one answer of the database does not hold the ride.
#pragma once

#include <cstdint>

#include "http/responder.h"
#include "rides/timestamp.h"
#include "rideshare/db_client.h"

namespace tandem::rs_rides {

// `db` and `zone` outlive the call, or `db` drops it. The options are copied.
void show_ride(rideshare::DbClient& db, const rideshare::CallOptions& options, int64_t ride_id,
               const rides::TimeZone& zone, http::Responder responder);

}  // namespace tandem::rs_rides
