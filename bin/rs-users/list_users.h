// GET users: as many reads as the list needs, then one answer, which all who asked before it was
// begun share.
#pragma once

#include "http/responder.h"
#include "http/shared_answers.h"
#include "rideshare/db_client.h"

namespace tandem::rs_users {

// `answers` and `db` outlive the call or drop it. The options are copied.
void list_users(http::SharedAnswers& answers, rideshare::DbClient& db,
                const rideshare::CallOptions& options, http::Responder responder);

}  // namespace tandem::rs_users
