#include "group/group_targets.h"

#include <utility>

#include "base/log.h"

namespace tandem::group {

bool GroupTargets::connected(repl::ReplicaId id) const {
  const ReplicaLink* replica = replicas_.find(id);
  return replica != nullptr && replica->connected();
}

void GroupTargets::list(std::vector<Target>& targets) const {
  targets.clear();
  for (const auto& [id, replica] : replicas_.all()) {
    targets.push_back({id, replica.connected(), leadership_.quiet(id),
                       leadership_.in_sync(replica) || leadership_.keeps_up(id)});
  }
}

void GroupTargets::call(repl::ReplicaId id, std::string_view payload, uint64_t timeout_ms,
                        Completion done) {
  replicas_.find(id)->link->call(payload, timeout_ms, std::move(done));
}

SharedBytes GroupTargets::keep(repl::ReplicaId id, std::string_view part) const {
  const ReplicaLink* replica = replicas_.find(id);
  return replica != nullptr && replica->link != nullptr ? replica->link->share(part)
                                                        : SharedBytes();
}

void GroupTargets::read_served(repl::ReplicaId id) {
  if (ReplicaLink* replica = replicas_.find(id); replica != nullptr) ++replica->reads_served;
}

void GroupTargets::ended(const Ended& call) {
  if (!log::is_worth_telling(call.status, call.took_ns)) return;
  log::info("a call of the replicas ended", {{"method", static_cast<int>(call.method)},
                                             {"replica", call.replica},
                                             {"attempts", call.attempts},
                                             {"status", call.status},
                                             {"us", call.took_ns / 1000},
                                             {"request_id", call.request_id}});
}

}  // namespace tandem::group
