// POST rides/{rideId}: asks when the ride starts, then joins it in one transaction.
#pragma once

#include <cstdint>
#include <string>

#include "dbclient/db_client.h"
#include "http/responder.h"

struct Join {
  int64_t ride_id = 0;
  std::string username;
  int64_t now_ms = 0;  // when the request came: a ride that started by then is in the past
};

// `db` outlives the call or drops it. The options are copied.
void join_ride(tandem::dbclient::DbClient& db, const tandem::dbclient::CallOptions& options,
               Join join, tandem::http::Responder responder);
