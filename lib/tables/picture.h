// The state of the tables at one moment, for a snapshot: read by a session of its own, in one
// transaction, on whichever thread writes the snapshot. The same rows, byte for byte, as those of
// a database in memory (repl/exactly_once.h, db/database.h).
#pragma once

#include <memory>

#include "base/result.h"
#include "pg/connection.h"
#include "repl/applier.h"
#include "tables/blocking.h"

namespace tandem::tables {

// On a thread where nobody waits. As of an entry that was applied when this was called, or later.
Result<repl::Picture> take_picture(const pg::ConnectOptions& options, const Stopping& stopping);

}  // namespace tandem::tables
