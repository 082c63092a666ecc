// A replica of a group as whoever looks after the group sees it, and the orders in which they are
// preferred as leaders.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "group/leadership.h"
#include "group/replicas.h"
#include "repl/controller.h"
#include "repl/types.h"

namespace tandem::group {

struct View {
  repl::Member member;
  uint64_t session = 0;
  bool answers = false;                     // now
  std::optional<repl::ReplicaState> state;  // as it told last
  uint64_t lineage = 0;                     // of its data, with its state; 0: it has none
  bool in_sync = false;
  bool useful = true;  // could do a leader's work (Reach)
};

// All that are reached, or were a moment ago. Of how useful they are this knows nothing.
std::vector<View> views_of(const Replicas& replicas, const Leadership& leadership);

// nullptr: not among them.
const View* find_view(const std::vector<View>& replicas, repl::ReplicaId id);
// REQUIRES: it has told its state.
repl::Candidate candidate(const View& view);

// The two orders of preference. The lowest pid: the process that has run the longest, mostly.
bool prefer_lowest_pid(const repl::Candidate& a, const repl::Candidate& b);
bool prefer_highest_id(const repl::Candidate& a, const repl::Candidate& b);

}  // namespace tandem::group
