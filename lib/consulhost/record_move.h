// Takes the records of all groups of a system that is stopped from one home to another. Texts and
// versions stay what they are.
//
// First all is copied; the copies are marked, so that programs refuse to begin with them. Then the
// source is marked, and then the marks of the target go. So at no moment could programs begin with
// both, or with what is incomplete; at each moment one of the two that counts, or would if it were not
// marked, has the record; and a move that was interrupted is finished by the next one, or taken back.
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
