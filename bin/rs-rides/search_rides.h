// GET rides?source=&destination=: the soonest rides of a route, as many as are allowed and as fit
// into one answer of the database.
#pragma once

#include <cstdint>

#include "dbclient/db_client.h"
#include "http/responder.h"
#include "rides/ride.h"
#include "rides/timestamp.h"

struct Search {
  tandem::rides::Route route;
  int64_t now_ms = 0;
  int64_t limit = 0;  // rides in the answer
};

// `db` and `zone` outlive the call, or `db` drops it. The options are copied.
void search_rides(tandem::dbclient::DbClient& db, const tandem::dbclient::CallOptions& options,
                  const Search& search, const tandem::rides::TimeZone& zone,
                  tandem::http::Responder responder);
