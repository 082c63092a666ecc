// Who leads a group that has no record yet. Pure.
#pragma once

#include <set>
#include <vector>

#include "base/result.h"
#include "group/view.h"
#include "repl/controller.h"
#include "repl/types.h"

namespace tandem::group {

// The preferred one, once every replica in `configured` answers and none at all has data.
// kUnavailable: one of those does not answer yet; kConflict: one has data, which belongs to a record
// that is missing: starting over would lose it.
Result<repl::ReplicaId> first_leader(const std::set<repl::ReplicaId>& configured,
                                     const std::vector<View>& replicas,
                                     const repl::Controller::Prefer& prefer);

}  // namespace tandem::group
