// Asks all workers what they tell of themselves.
#pragma once

#include <functional>

#include "base/function.h"
#include "group/replicas.h"
#include "orchestrator.h"
#include "wire/json.h"

namespace tandem::orch {

// Calls each(worker, told) for each worker that is still there when it has answered, `told` being
// nullptr where it did not within half a second, and done() at last. Neither is called after the
// orchestrator is gone.
void ask_workers(Orchestrator& orchestrator,
                 std::function<void(const group::ReplicaLink&, const wire::Json* told)> each,
                 UniqueFunction<void()> done);

}  // namespace tandem::orch
