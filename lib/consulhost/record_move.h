// Takes the records of all groups of a system that is stopped from one home to another. Texts and
// versions stay what they are.
//
// From the first step on the source is marked: programs refuse to begin with it. A target that was
// marked itself, by an earlier move from there, is void, and stays marked until all is there. So
// there is no moment at which programs could begin with either while it is incomplete, and a move that was
// interrupted is finished by the next one.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "consulhost/record_home.h"

namespace tandem::consulhost {

// Gives the groups that were moved, or were there already. Before anything is changed it fails with
//   kBusy      a process of either home lives, or may
//   kCorrupt   a record of the source cannot be read
//   kConflict  the target has a record that is another one, or the source went elsewhere before
Result<std::vector<KeptGroup>> move_records(RecordHome& from, RecordHome& to);

}  // namespace tandem::consulhost
