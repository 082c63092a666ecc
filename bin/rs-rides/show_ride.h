// GET rides/{rideId}: one read, or several where one answer of the database does not hold the ride.
#pragma once

#include <cstdint>

#include "dbclient/db_client.h"
#include "http/responder.h"
#include "rides/timestamp.h"

// `db` and `zone` outlive the call, or `db` drops it. The options are copied.
void show_ride(tandem::dbclient::DbClient& db, const tandem::dbclient::CallOptions& options,
               int64_t ride_id, const tandem::rides::TimeZone& zone,
               tandem::http::Responder responder);
