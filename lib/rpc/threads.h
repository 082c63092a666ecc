// NNG's threads. It starts them in its first call, and where it gets fewer than it wants it ends the
// process or hangs.
#pragma once

#include "base/result.h"

namespace tandem::rpc {

// Makes sure that there is room for them and all others of the process, then starts them. Before
// any other call of this library, in a process that may be told to stop: signals reach it
// meanwhile. kExhausted: see loop::check_thread_room().
Status start_threads();

}  // namespace tandem::rpc
