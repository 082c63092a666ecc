// What a replica has on its disk, read from its directory after its process has ended: the newest
// snapshot and the log, through the same state machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "repl/state_machine.h"

namespace tandem::torture::store {

struct DiskState {
  uint64_t index = 0;             // applied up to here
  std::vector<std::string> rows;  // of the machine and of the keys it remembers
};

// Brings `machine`, a new one, to the state at `index`, or at the end of the log where that is
// lower. kCorrupt: acknowledged data was lost, or the snapshot is beyond `index`.
Result<DiskState> read_disk(const std::string& directory, repl::StateMachine& machine,
                            uint64_t index = UINT64_MAX);

}  // namespace tandem::torture::store
