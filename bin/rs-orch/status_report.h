// GET /api/v1/worker/status: asks every worker for its state and answers when all have told, or
// half a second later without those that have not.
#pragma once

#include "http/responder.h"
#include "orchestrator.h"

namespace tandem::orch {

void report_status(Orchestrator& orchestrator, http::Responder responder);

}  // namespace tandem::orch
