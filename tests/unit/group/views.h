// Replicas as whoever looks after a group sees them, for the tests of what follows from that.
#pragma once

#include <initializer_list>
#include <vector>

#include "group/view.h"

namespace tandem::group {

// One that answers, has space and no data; its pids are in the order opposite to the ids.
inline View view(repl::ReplicaId id) {
  View view;
  view.member = {id, 100 + id};
  view.session = 200 + id;
  view.answers = true;
  view.state.emplace();
  view.state->has_space = true;
  view.state->pid = 1000 - id;
  return view;
}

inline std::vector<View> in_sync(std::initializer_list<repl::ReplicaId> ids) {
  std::vector<View> views;
  for (const repl::ReplicaId id : ids) {
    views.push_back(view(id));
    views.back().in_sync = true;
    views.back().lineage = 7;
  }
  return views;
}

}  // namespace tandem::group
