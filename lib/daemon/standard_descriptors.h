// A process that is started with 0, 1 or 2 closed would get a file or a socket under that number, and
// then write its answers or error texts into it.
#pragma once

namespace tandem::daemon {

// First thing in a program. Opens /dev/null there, the wrong way round, so that using it still
// fails: `--print-config >&-` must not look like success.
void fill_standard_descriptors();

}  // namespace tandem::daemon
