// GET users: as many reads as the list needs, then one answer.
#pragma once

#include "dbclient/db_client.h"
#include "http/responder.h"

// `db` outlives the call or drops it. The options are copied.
void list_users(tandem::dbclient::DbClient& db, const tandem::dbclient::CallOptions& options,
                tandem::http::Responder responder);
