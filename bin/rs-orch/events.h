// What happens to the database service, as others are told of it.
#pragma once

#include <cstdint>

#include "events/journal.h"
#include "wire/json.h"

namespace tandem::orch {

using Events = events::Journal;

// The fields of what happens to one worker: worker, and pid where it has a process.
wire::Json worker_fields(uint32_t id, int64_t pid);

}  // namespace tandem::orch
