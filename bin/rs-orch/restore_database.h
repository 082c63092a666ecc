// A restore of the database from a backup: `rs-orch --restore FILE`, and `--check-backup FILE`. The
// program of the workers does it (replica/restore.h), on the directory of the first worker.
#pragma once

#include "config.h"
#include "daemon/daemon.h"

namespace tandem::orch {

// Where the command line asks for that the process becomes that program.
void restore_if_asked(const daemon::Daemon& daemon, OrchConfig config);

}  // namespace tandem::orch
