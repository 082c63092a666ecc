#include "group/view.h"

#include <algorithm>

namespace tandem::group {

std::vector<View> views_of(const Replicas& replicas, const Leadership& leadership) {
  std::vector<View> views;
  for (const auto& [id, replica] : replicas.all()) {
    View view;
    view.member = replica.identity();
    view.session = replica.member.session;
    view.answers = replica.connected() && !leadership.quiet(id);
    const repl::ReplicaState* state = leadership.state_of(id);
    if (state != nullptr) view.state = *state;
    view.lineage = leadership.lineage_of(id);
    view.in_sync = leadership.in_sync(replica);
    views.push_back(view);
  }
  return views;
}

const View* find_view(const std::vector<View>& replicas, repl::ReplicaId id) {
  const auto it = std::find_if(replicas.begin(), replicas.end(),
                               [id](const View& view) { return view.member.id == id; });
  return it == replicas.end() ? nullptr : &*it;
}

repl::Candidate candidate(const View& view) { return {view.member, *view.state}; }

bool prefer_lowest_pid(const repl::Candidate& a, const repl::Candidate& b) {
  return a.state.pid < b.state.pid;
}

bool prefer_highest_id(const repl::Candidate& a, const repl::Candidate& b) {
  return a.member.id > b.member.id;
}

}  // namespace tandem::group
