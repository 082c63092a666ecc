#include "group/first_leader.h"

#include <string>

namespace tandem::group {

Result<repl::ReplicaId> first_leader(const std::set<repl::ReplicaId>& configured,
                                     const std::vector<View>& replicas,
                                     const repl::Controller::Prefer& prefer) {
  for (const View& view : replicas) {
    if (!view.state || view.lineage == 0) continue;
    return fail(ErrorKind::kConflict, "replica " + std::to_string(view.member.id) +
                                          " holds data but the group's record is missing: restore "
                                          "the record, or move the data away to start anew");
  }
  std::string missing;
  const View* best = nullptr;
  for (const repl::ReplicaId id : configured) {
    const View* view = find_view(replicas, id);
    if (view == nullptr || !view->answers || !view->state) {
      missing += (missing.empty() ? "" : ",") + std::to_string(id);
    } else if (best == nullptr || prefer(candidate(*view), candidate(*best))) {
      best = view;
    }
  }
  if (!missing.empty() || best == nullptr) {
    return fail(ErrorKind::kUnavailable,
                "a new group begins with all of its replicas: still missing are " + missing);
  }
  return best->member.id;
}

}  // namespace tandem::group
