// GET rides?source=&destination=: the soonest rides of a route, as many as are allowed and as fit
// into one answer of the database.
#pragma once

#include <cstdint>

#include "http/responder.h"
#include "rides/ride.h"
#include "rides/timestamp.h"
#include "rideshare/db_client.h"

namespace tandem::rs_rides {

struct Search {
  rides::Route route;
  int64_t now_ms = 0;
  int64_t limit = 0;  // rides in the answer
};

// `db` and `zone` outlive the call, or `db` drops it. The options are copied.
void search_rides(rideshare::DbClient& db, const rideshare::CallOptions& options,
                  const Search& search, const rides::TimeZone& zone, http::Responder responder);

}  // namespace tandem::rs_rides
