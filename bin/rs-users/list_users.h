// GET users: as many reads as the list needs, then one answer, which all who asked before it was
// begun share.
#pragma once

#include "dbclient/db_client.h"
#include "http/responder.h"
#include "http/shared_answers.h"

// `answers` and `db` outlive the call or drop it. The options are copied.
void list_users(tandem::http::SharedAnswers& answers, tandem::dbclient::DbClient& db,
                const tandem::dbclient::CallOptions& options, tandem::http::Responder responder);
