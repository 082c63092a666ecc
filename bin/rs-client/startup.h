// The first steps of the process. Each may end it: --help, --version and --completions after
// printing (0), wrong usage (64), a wrong configuration (78), --check and --print-config (0).
#pragma once

#include <vector>

#include "command_line.h"
#include "settings.h"

namespace tandem::client {

// Signals and locale, before anything else.
void prepare_process();

Invocation parse_or_exit(const std::vector<Command>& commands, int argc, char** argv);

// Where the system gives fewer descriptors, threads or memory than it may need: 69. libuv would end
// the process in the middle of its work.
void need_room_or_exit();

Settings load_settings_or_exit(const Invocation& invocation);

}  // namespace tandem::client
