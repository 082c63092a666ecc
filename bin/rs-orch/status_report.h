// What is told of the whole service:
//
//   GET /api/v1/worker/status   an array with a row for each worker
//   GET /api/v1/status          one object: readiness, record, workers, scaling, counters
//
// Every worker is asked for its state; the answer comes when all have told, or half a second later
// without those that have not.
#pragma once

#include "base/function.h"
#include "http/responder.h"
#include "orchestrator.h"
#include "wire/json.h"

namespace tandem::orch {

using WorkersDone = UniqueFunction<void(wire::Json::Array)>;
// The rows, by pid.
void report_workers(Orchestrator& orchestrator, WorkersDone done);
// The object, its workers by id.
void report_status(Orchestrator& orchestrator, UniqueFunction<void(wire::Json)> done);

}  // namespace tandem::orch
