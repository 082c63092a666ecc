#include "store/faults.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "damage.h"
#include "group_files.h"

namespace tandem::torture::store {
namespace {

using Role = Faults::Role;
using Strike = Faults::Strike;
using Verb = Faults::Verb;

constexpr int64_t kFullDiskMs = 6'000;     // until a log has come to its next segment
constexpr int64_t kStoppedLogsMs = 4'000;  // time for a failover, and as much for writes

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
  constexpr auto kFill = Verb::kFill;
  constexpr auto kTear = Verb::kTear;
  constexpr auto kFlip = Verb::kFlip;
  constexpr auto kFailSync = Verb::kFailSync;
  constexpr auto kOldDirectory = Verb::kOldDirectory;
  constexpr auto kOldRecord = Verb::kOldRecord;
  constexpr auto kStepClock = Verb::kStepClock;
  constexpr auto kStepClocks = Verb::kStepClocks;
  constexpr auto kLoseFiles = Verb::kLoseFiles;
  constexpr auto kStopLogs = Verb::kStopLogs;
  constexpr auto kTakeDescriptors = Verb::kTakeDescriptors;
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
      {"full-disk-leader", {{kFill, kLeader}}},
      {"full-disk-follower", {{kFill, kFollower}}},
      {"full-disk-catalog", {{kFill, kCatalog}}},
      {"full-disk+kill-leader", {{kFill, kLeader}, {kKill, kLeader}}},
      {"full-disk+kill-catalog", {{kFill, kCatalog}, {kKill, kCatalog}}},
      {"torn-tail-leader", {{kTear, kLeader}}},
      {"torn-tail-follower", {{kTear, kFollower}}},
      {"torn-tail-catalog", {{kTear, kCatalog}}},
      {"torn-tail-catalog-follower", {{kTear, kOtherCatalog}}},
      {"bit-flip-leader", {{kFlip, kLeader}}},
      {"bit-flip-follower", {{kFlip, kFollower}}},
      {"bit-flip-catalog", {{kFlip, kCatalog}}},
      {"bit-flip-catalog-follower", {{kFlip, kOtherCatalog}}},
      {"failed-sync-leader", {{kFailSync, kLeader}}},
      {"failed-sync-follower", {{kFailSync, kFollower}}},
      {"failed-sync-catalog", {{kFailSync, kCatalog}}},
      {"old-directory", {{kOldDirectory, kLeader}}},
      {"old-directory-catalog", {{kOldDirectory, kCatalog}}},
      {"old-record", {{kOldRecord, kLeader}}},
      {"old-record-catalog", {{kOldRecord, kCatalog}}},
      {"clock-leader", {{kStepClock, kLeader}}},
      {"clock-catalog", {{kStepClock, kCatalog}}},
      {"clock-controller", {{kStepClock, kController}}},
      {"clock-front", {{kStepClock, kOtherFront}}},
      {"clock-all", {{kStepClocks, kLeader}}},
      {"lost-files", {{kLoseFiles, kLeader}, {kLoseFiles, kCatalog}}},
      {"lost-files+kill-leader", {{kLoseFiles, kLeader}, {kKill, kLeader}}},
      {"lost-files+kill-catalog", {{kLoseFiles, kCatalog}, {kKill, kCatalog}}},
      {"stopped-logs", {{kStopLogs, kLeader}}},
      {"stopped-logs+kill-leader", {{kStopLogs, kLeader}, {kKill, kLeader}}},
      {"stopped-logs+kill-controller", {{kStopLogs, kLeader}, {kKill, kController}}},
      {"few-descriptors-leader", {{kTakeDescriptors, kLeader}}},
      {"few-descriptors-follower", {{kTakeDescriptors, kFollower}}},
      {"few-descriptors-catalog", {{kTakeDescriptors, kCatalog}}},
      {"few-descriptors-follower+kill-leader", {{kTakeDescriptors, kFollower}, {kKill, kLeader}}},
  };
  return kTable;
}

bool has_verb(const StoreFault& fault, std::initializer_list<Verb> verbs) {
  return std::any_of(fault.strikes.begin(), fault.strikes.end(), [&](const Strike& strike) {
    return std::find(verbs.begin(), verbs.end(), strike.verb) != verbs.end();
  });
}

// What is done to a group and not to one process.
bool is_of_group(Verb verb) {
  return verb == Verb::kOldDirectory || verb == Verb::kOldRecord || verb == Verb::kStepClocks ||
         verb == Verb::kLoseFiles || verb == Verb::kStopLogs;
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
      const bool fills = has_verb(fault, {Verb::kFill});
      const bool heavy = fills || has_verb(fault, {Verb::kTakeDescriptors});
      const bool stops_logs = has_verb(fault, {Verb::kStopLogs});
      faults.push_back(
          {.kind = static_cast<int>(faults.size()),
           .name = fault.name,
           .needs_links = fills || has_verb(fault, {Verb::kCut, Verb::kCutFrom, Verb::kCutOut}),
           .holds = true,
           .damages = has_verb(fault, {Verb::kTear, Verb::kFlip, Verb::kFailSync,
                                       Verb::kOldDirectory, Verb::kOldRecord}),
           .shortest_hold_ms = heavy        ? kFullDiskMs
                               : stops_logs ? kStoppedLogsMs
                                            : 0,
           .is_survived = stops_logs});
    }
    return faults;
  }();
  return kFaults;
}

Result<std::string> Faults::inject(const Fault& fault) {
  look_at_damaged();
  if (fault.from_whole) past_.look();
  for (Program& program : cluster_.programs()) program.may_give_up = false;
  Targets targets = choose(fault);
  std::string whom;
  for (const Strike& each : table()[static_cast<size_t>(fault.info->kind)].strikes) {
    const auto struck = strike(each, targets, fault);
    if (!struck) return fail(struck.error());
    const std::string& name = targets[each.whom].program->name;
    if (is_of_group(each.verb)) {
      whom += (whom.empty() ? "" : ", ") + *struck;
      continue;
    }
    if (whom.find(name) == std::string::npos) whom += (whom.empty() ? "" : ", ") + name;
    if (each.other != Role::kNobody) whom += " from " + targets[each.other].program->name;
    if (!struck->empty()) whom += ": " + *struck;
  }
  past_.pass(orders_, fault.choice);
  past_.pass(catalog_, fault.choice / 2);
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
          is_order ? Target{&cluster_.order(replica.id), Cluster::order_node(replica.id),
                            replica.id, replica.storage_id}
                   : Target{&cluster_.catalog(replica.id), Cluster::catalog_node(replica.id),
                            replica.id, replica.storage_id};
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

Result<std::string> Faults::strike(const Strike& strike, Targets& targets, const Fault& fault) {
  Target& whom = targets[strike.whom];
  // Of two followers one has a small disk.
  if (strike.verb == Verb::kFill && strike.whom == Role::kFollower &&
      !cluster_.has_small_disk(whom.id)) {
    std::swap(whom, targets[Role::kOtherFollower]);
  }
  if (whom.program == nullptr ||
      (strike.other != Role::kNobody && targets[strike.other].program == nullptr)) {
    return fail(ErrorKind::kUnavailable, "there is nobody in this role now");
  }
  const int other = strike.other == Role::kNobody ? 0 : targets[strike.other].node;
  Status done;
  switch (strike.verb) {
    case Verb::kKill:
      done = kill(whom, fault);
      break;
    case Verb::kStop:
      done = stop(whom);
      break;
    case Verb::kCut:
      done = network_.cut(all_links(whom.node));
      break;
    case Verb::kCutFrom:
      done = network_.cut({{whom.node, other}, {other, whom.node}});
      break;
    case Verb::kCutOut:
      done = network_.cut(whom.node, other);
      break;
    case Verb::kFill:
      done = fill(whom);
      break;
    case Verb::kTear:
    case Verb::kFlip:
    case Verb::kFailSync:
      return damage(strike, targets, fault);
    case Verb::kOldDirectory:
    case Verb::kOldRecord:
      return bring_back_the_past(strike, group_of(whom), fault);
    case Verb::kStepClock:
      return cluster_.clocks().step({whom.program->pid}, fault.choice);
    case Verb::kStepClocks:
      return step_clocks(fault);
    case Verb::kTakeDescriptors:
      return take_descriptors(whom, fault);
    case Verb::kStopLogs:
      cluster_.logs().stop();
      return "all logs";
    case Verb::kLoseFiles:
      return remove_what_finds(group_of(whom));
  }
  if (!done) return fail(done.error());
  return std::string();
}

Status Faults::stop(const Target& target) {
  const Status sent = processes_.signal(target.program->pid, SIGSTOP);
  if (sent) stopped_.push_back(target.program->pid);
  return sent;
}

Result<std::string> Faults::take_descriptors(const Target& target, const Fault& fault) {
  target.program->may_give_up = true;
  heavy_ = true;
  return descriptors_.exhaust(target.program->pid, fault.choice);
}

Status Faults::fill(const Target& target) {
  if (!cluster_.has_small_disk(target.id))
    return fail(ErrorKind::kUnavailable, "its disk is not a small one");
  const std::string directory = cluster_.disks().directory(target.program->name);
  filled_.push_back(directory);
  target.program->may_give_up = true;
  heavy_ = true;
  return fill_disk(directory);
}

// Only where every replica is in sync: the others have what this one loses. What a single replica
// of the catalog has on its disk nobody else has; a failed sync takes nothing from there.
Result<std::string> Faults::damage(const Strike& strike, Targets& targets, const Fault& fault) {
  Target& whom = targets[strike.whom];
  const bool alone = cluster_.shape().catalogs == 1 && whom.program == &cluster_.catalog(1);
  if (!cluster_.whole() || (alone && strike.verb != Verb::kFailSync))
    return fail(ErrorKind::kUnavailable, "there is no other copy");
  if (strike.verb == Verb::kFailSync) {
    whom.program->may_give_up = true;
    cluster_.disks().fail_next_sync(whom.program->name);
    return std::string();
  }
  const bool tears = strike.verb == Verb::kTear;
  if (tears && tear_all_) return tear_all(group_of(whom), fault);
  whom.program->stays_down = true;
  if (const Status sent = processes_.signal(whom.program->pid, SIGKILL); !sent)
    return fail(sent.error());
  processes_.wait_gone(whom.program->pid);
  const std::string directory = cluster_.disks().directory(whom.program->name);
  const auto done =
      tears ? tear_tail(directory, fault.choice / 8) : flip_bit(directory, fault.choice / 8);
  if (!done) return "killed only, " + done.error().message;
  damaged_.push_back(whom);
  return *done;
}

// Nobody is left who knows what was there: what replicas and fronts keep in their memories, and
// what the promise files tell, goes too.
Result<std::string> Faults::tear_all(Group& group, const Fault& fault) {
  if (const Status halted = group.halt(Group::Who::kAll); !halted) return fail(halted.error());
  std::string told;
  for (const std::string& directory : group.directories()) {
    const auto torn = tear_tail(directory, fault.choice / 8);
    if (!torn) return fail(torn.error());
    if (const Status done = forget_what_was_durable(directory); !done) return fail(done.error());
    told = *torn;
  }
  return told;
}

Result<std::string> Faults::bring_back_the_past(const Strike& strike, Group& group,
                                                const Fault& fault) {
  if (!cluster_.whole()) return fail(ErrorKind::kUnavailable, "there is no other copy");
  for (Program& program : cluster_.programs()) program.may_give_up = true;
  return strike.verb == Verb::kOldDirectory ? past_.directory_goes_back(group, fault.choice)
                                            : past_.record_goes_back(group, fault.choice);
}

Result<std::string> Faults::step_clocks(const Fault& fault) {
  std::vector<pid_t> pids;
  for (const Program& program : cluster_.programs()) pids.push_back(program.pid);
  const auto stepped = cluster_.clocks().step(pids, fault.choice);
  if (!stepped) return fail(stepped.error());
  return "all: " + *stepped;
}

std::string Faults::storage_id(const Program& program) {
  for (const bool orders : {true, false}) {
    for (const Replica& replica : orders ? cluster_.orders() : cluster_.catalogs()) {
      if (&program == (orders ? &cluster_.order(replica.id) : &cluster_.catalog(replica.id)))
        return replica.storage_id;
    }
  }
  return {};
}

void Faults::look_at_damaged() {
  for (const Target& target : damaged_) {
    ++damaged_count_;
    if (storage_id(*target.program) != target.storage_id) ++joined_anew_;
  }
  damaged_.clear();
}

void Faults::judge(Judgement& judgement) {
  look_at_damaged();
  past_.judge(judgement);
  if (damaged_count_ == 0) return;
  judgement.facts.push_back(std::to_string(damaged_count_) + " disks damaged, " +
                            std::to_string(joined_anew_) + " of them back under a new storage_id");
}

// Half of the time it is started again at once, as a supervisor would do, else in the end. The only
// replica of a catalog is never left down: that would be a gap of our own making.
Status Faults::kill(Target& target, const Fault& fault) {
  const bool alone = cluster_.shape().catalogs == 1 && target.program == &cluster_.catalog(1);
  target.program->stays_down = !alone && fault.choice / 8 % 2 == 0;
  return processes_.signal(target.program->pid, SIGKILL);
}

Status Faults::heal() {
  cluster_.logs().go_on();
  descriptors_.give_back();
  past_.heal();
  cluster_.clocks().set_right();
  for (const pid_t pid : stopped_) (void)processes_.signal(pid, SIGCONT);
  stopped_.clear();
  for (const std::string& directory : filled_) free_disk(directory);
  filled_.clear();
  heavy_ = false;
  for (Program& program : cluster_.programs()) program.stays_down = false;
  cluster_.disks().forget_failing_syncs();
  return network_.heal();
}

}  // namespace tandem::torture::store
