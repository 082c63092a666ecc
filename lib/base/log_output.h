// Where log lines go: stderr, whatever that is, and without waiting for whoever reads it. A log
// process that hangs must not hang a service: what a full pipe does not take is lost.
//
// A pipe is opened once more for this, since O_NONBLOCK on the descriptor itself would be seen by
// all processes that have inherited it. Any thread.
#pragma once

#include <string_view>

namespace tandem::log {

// One write(2), so that lines of several processes do not mix. False: there was no room for it now.
// REQUIRES: it ends with a newline.
bool write_line(std::string_view line);

}  // namespace tandem::log
