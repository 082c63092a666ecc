// Standard input, read in pieces without holding up the loop: by libuv's thread pool, so that any
// kind of file will do and no descriptor is made non-blocking for whoever shares it.
#pragma once

#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"

namespace tandem::client {

// `done` gets the next bytes, none at the end. One read at a time. A read that waits can't be
// called back: the process ends by _Exit, not by taking down its loop.
void read_input(loop::Loop& loop, UniqueFunction<void(Result<std::string_view>)> done);

// The first line of standard input without its line end, for a password. kBadInput where there is
// none or it is longer than 64 KiB. Blocks.
Result<std::string> read_first_line();

}  // namespace tandem::client
