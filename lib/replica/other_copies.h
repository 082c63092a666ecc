// Whether a replica that distrusts its disk may leave what is on it: not where it is the last one
// that has the data.
#pragma once

#include <string>

#include "base/result.h"
#include "coord/coord.h"
#include "loop/loop.h"
#include "repl/types.h"

namespace tandem::replica {

// True: the group goes on without this member, or another member of its in-sync set is registered
// with the storage that the record names and is not proven dead. False: nobody else is seen, or
// there is no record that tells who. Turns the loop until coordination has answered: for a process
// that is only starting. Errors: coordination did not answer.
Result<bool> others_have_the_data(loop::Loop& loop, coord::Coord& coord, const std::string& group,
                                  const repl::Member& self);

}  // namespace tandem::replica
