// Names of files that exist only until they are linked or renamed, by which others can tell that
// nobody uses them any more: a process that was killed leaves its own behind. No clock and no time
// of a file is asked: what a wall clock says may be set by hours in either direction.
//
//   <pid>.<start ticks>.<boot id>.<16 hex digits>
//   <pid>-<16 hex digits>        of earlier programs
//
// A process of another pid namespace may be taken for dead: it loses what it was about to link,
// with an error, and tries again.
#pragma once

#include <string>

namespace tandem::coord {

// Not in use, of this process.
std::string temporary_name();
// Whether the process that made it is dead for certain. False for any other name.
bool is_abandoned(const std::string& name);

}  // namespace tandem::coord
