#include "store/faults.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace tandem::torture::store {
namespace {

using Role = Faults::Role;
using Strike = Faults::Strike;
using Verb = Faults::Verb;

struct StoreFault {
  const char* name;
  std::vector<Strike> strikes;
};

const std::vector<StoreFault>& table() {
  constexpr auto kKill = Verb::kKill;
  constexpr auto kStop = Verb::kStop;
  constexpr auto kCut = Verb::kCut;
  constexpr auto kCutFrom = Verb::kCutFrom;
  constexpr auto kCutOut = Verb::kCutOut;
  constexpr auto kLeader = Role::kLeader;
  constexpr auto kFollower = Role::kFollower;
  constexpr auto kOther = Role::kOtherFollower;
  constexpr auto kCatalog = Role::kCatalog;
  constexpr auto kOtherCatalog = Role::kOtherCatalog;
  constexpr auto kController = Role::kController;
  constexpr auto kOtherFront = Role::kOtherFront;
  static const std::vector<StoreFault> kTable = {
      {"kill-leader", {{kKill, kLeader}}},
      {"kill-follower", {{kKill, kFollower}}},
      {"kill-leader+follower", {{kKill, kLeader}, {kKill, kFollower}}},
      {"kill-followers", {{kKill, kFollower}, {kKill, kOther}}},
      {"kill-orders", {{kKill, kFollower}, {kKill, kOther}, {kKill, kLeader}}},
      {"kill-catalog", {{kKill, kCatalog}}},
      {"kill-catalog-follower", {{kKill, kOtherCatalog}}},
      {"kill-catalog+catalog-follower", {{kKill, kCatalog}, {kKill, kOtherCatalog}}},
      {"kill-controller", {{kKill, kController}}},
      {"kill-front", {{kKill, kOtherFront}}},
      {"kill-fronts", {{kKill, kController}, {kKill, kOtherFront}}},
      {"kill-leader+catalog", {{kKill, kLeader}, {kKill, kCatalog}}},
      {"kill-leader+controller", {{kKill, kController}, {kKill, kLeader}}},
      {"kill-catalog+front", {{kKill, kCatalog}, {kKill, kOtherFront}}},
      {"kill-all",
       {{kKill, kFollower},
        {kKill, kOther},
        {kKill, kLeader},
        {kKill, kCatalog},
        {kKill, kController},
        {kKill, kOtherFront}}},
      {"stop-leader", {{kStop, kLeader}}},
      {"stop-follower", {{kStop, kFollower}}},
      {"stop-leader+follower", {{kStop, kLeader}, {kStop, kFollower}}},
      {"stop-catalog", {{kStop, kCatalog}}},
      {"stop-catalog-follower", {{kStop, kOtherCatalog}}},
      {"stop-controller", {{kStop, kController}}},
      {"stop-front", {{kStop, kOtherFront}}},
      {"stop-leader+catalog", {{kStop, kLeader}, {kStop, kCatalog}}},
      {"stop-catalog+kill-leader", {{kStop, kCatalog}, {kKill, kLeader}}},
      {"stop-front+kill-leader", {{kStop, kOtherFront}, {kKill, kLeader}}},
      {"stop-front+kill-catalog", {{kStop, kOtherFront}, {kKill, kCatalog}}},
      {"cut-leader", {{kCut, kLeader}}},
      {"cut-follower", {{kCut, kFollower}}},
      {"cut-leader-out", {{kCutOut, kLeader, kFollower}, {kCutOut, kLeader, kOther}}},
      {"cut-catalog", {{kCut, kCatalog}}},
      {"cut-catalog-follower", {{kCut, kOtherCatalog}}},
      {"cut-catalog-from-follower", {{kCutFrom, kCatalog, kOtherCatalog}}},
      {"cut-controller", {{kCut, kController}}},
      {"cut-front", {{kCut, kOtherFront}}},
      {"cut-leader-follower", {{kCutFrom, kLeader, kFollower}}},
      {"cut-leader-followers", {{kCutFrom, kLeader, kFollower}, {kCutFrom, kLeader, kOther}}},
      {"cut-catalog-followers",
       {{kCutFrom, kCatalog, kOtherCatalog}, {kCutFrom, kCatalog, Role::kThirdCatalog}}},
      {"cut-leader-catalog", {{kCutFrom, kLeader, kCatalog}}},
      {"cut-leader-catalog-out", {{kCutOut, kLeader, kCatalog}}},
      {"cut-front-catalog", {{kCutFrom, kOtherFront, kCatalog}}},
      {"cut-catalog-front-out", {{kCutOut, kCatalog, kOtherFront}}},
      {"cut-front-catalog-out", {{kCutOut, kOtherFront, kCatalog}}},
      {"cut-fronts-catalog", {{kCutOut, kCatalog, kController}, {kCutOut, kOtherFront, kCatalog}}},
      {"cut-front-leader", {{kCutFrom, kOtherFront, kLeader}}},
      {"cut-leader+catalog", {{kCut, kLeader}, {kCut, kCatalog}}},
      {"cut-front+kill-catalog", {{kCut, kOtherFront}, {kKill, kCatalog}}},
      {"cut-follower+kill-leader", {{kCut, kFollower}, {kKill, kLeader}}},
  };
  return kTable;
}

bool needs_links(const StoreFault& fault) {
  return std::any_of(fault.strikes.begin(), fault.strikes.end(), [](const Strike& strike) {
    return strike.verb != Verb::kKill && strike.verb != Verb::kStop;
  });
}

// Of a node to all others of the store, both ways. Clients still reach it.
std::vector<std::pair<int, int>> all_links(int node) {
  std::vector<std::pair<int, int>> links;
  for (int other = 1; other <= kNodes; ++other) {
    if (other == node) continue;
    links.emplace_back(node, other);
    links.emplace_back(other, node);
  }
  return links;
}

}  // namespace

std::span<const FaultInfo> all_faults() {
  static const std::vector<FaultInfo> kFaults = [] {
    std::vector<FaultInfo> faults;
    for (const StoreFault& fault : table()) {
      faults.push_back({static_cast<int>(faults.size()), fault.name, needs_links(fault),
                        /*holds=*/true, /*damages=*/false});
    }
    return faults;
  }();
  return kFaults;
}

Result<std::string> Faults::inject(const Fault& fault) {
  Targets targets = choose(fault);
  std::string whom;
  for (const Strike& each : table()[static_cast<size_t>(fault.info->kind)].strikes) {
    const Status struck = strike(each, targets, fault);
    if (!struck) return fail(struck.error());
    const std::string& name = targets[each.whom].program->name;
    if (whom.find(name) == std::string::npos) whom += (whom.empty() ? "" : ", ") + name;
    if (each.other != Role::kNobody) whom += " from " + targets[each.other].program->name;
  }
  return whom;
}

Faults::Targets Faults::choose(const Fault& fault) {
  Targets targets;
  // The one that takes writes is the leader; among the others the choice.
  const auto fill = [&](std::vector<Replica> replicas, Role leader, std::vector<Role> others,
                        bool is_order) {
    std::rotate(replicas.begin(),
                replicas.begin() + static_cast<int64_t>(fault.choice % replicas.size()),
                replicas.end());
    size_t next = 0;
    for (const Replica& replica : replicas) {
      const Target target =
          is_order ? Target{&cluster_.order(replica.id), Cluster::order_node(replica.id)}
                   : Target{&cluster_.catalog(replica.id), Cluster::catalog_node(replica.id)};
      if (replica.takes_writes) {
        targets[leader] = target;
      } else if (next < others.size()) {
        targets[others[next++]] = target;
      }
    }
  };
  fill(cluster_.orders(), Role::kLeader, {Role::kFollower, Role::kOtherFollower}, true);
  fill(cluster_.catalogs(), Role::kCatalog, {Role::kOtherCatalog, Role::kThirdCatalog}, false);
  const int controller = cluster_.controller();
  for (int number = 1; number <= kFronts && controller != 0; ++number) {
    targets[number == controller ? Role::kController : Role::kOtherFront] = {
        &cluster_.front(number), Cluster::front_node(number)};
  }
  return targets;
}

Status Faults::strike(const Strike& strike, Targets& targets, const Fault& fault) {
  Target& whom = targets[strike.whom];
  if (whom.program == nullptr ||
      (strike.other != Role::kNobody && targets[strike.other].program == nullptr)) {
    return fail(ErrorKind::kUnavailable, "there is nobody in this role now");
  }
  switch (strike.verb) {
    case Verb::kKill:
      return kill(whom, fault);
    case Verb::kStop: {
      const Status sent = processes_.signal(whom.program->pid, SIGSTOP);
      if (sent) stopped_.push_back(whom.program->pid);
      return sent;
    }
    case Verb::kCut:
      return network_.cut(all_links(whom.node));
    case Verb::kCutFrom:
      return network_.cut(
          {{whom.node, targets[strike.other].node}, {targets[strike.other].node, whom.node}});
    case Verb::kCutOut:
      return network_.cut(whom.node, targets[strike.other].node);
  }
  return {};
}

// Half of the time it is started again at once, as a supervisor would do, else in the end. The only
// replica of a catalog is never left down: that would be a gap of our own making.
Status Faults::kill(Target& target, const Fault& fault) {
  const bool alone = cluster_.shape().catalogs == 1 && target.program == &cluster_.catalog(1);
  target.program->stays_down = !alone && fault.choice / 8 % 2 == 0;
  return processes_.signal(target.program->pid, SIGKILL);
}

Status Faults::heal() {
  for (const pid_t pid : stopped_) (void)processes_.signal(pid, SIGCONT);
  stopped_.clear();
  for (int id = 1; id <= kOrderReplicas; ++id) cluster_.order(id).stays_down = false;
  for (int id = 1; id <= cluster_.shape().catalogs; ++id) cluster_.catalog(id).stays_down = false;
  for (int number = 1; number <= kFronts; ++number) cluster_.front(number).stays_down = false;
  return network_.heal();
}

}  // namespace tandem::torture::store
