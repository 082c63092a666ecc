#include "database/faults.h"

#include <signal.h>

#include <algorithm>

#include "damage.h"
#include "group_files.h"

namespace tandem::torture::database {
namespace {

constexpr int64_t kFullDiskMs = 4'000;  // until a log has come to its next segment
constexpr int64_t kFewDescriptorsMs = 4'000;
constexpr int64_t kConsulMs = 2'000;  // half of it is longer than any other gap of a whole system
constexpr int64_t kStoppedLogsMs = 4'000;  // time for a failover, and as much for writes

constexpr int kind(FaultKind kind) { return static_cast<int>(kind); }

constexpr FaultInfo kFaults[] = {
    {kind(FaultKind::kKillLeader), "kill-leader", false, false, false},
    {kind(FaultKind::kKillFollower), "kill-follower", false, false, false},
    {kind(FaultKind::kKillOrch), "kill-orch", false, true, false},
    {kind(FaultKind::kKillLeaderAndOrch), "kill-leader+orch", false, true, false},
    {kind(FaultKind::kKillLeaderAndFollower), "kill-leader+follower", false, false, false},
    {kind(FaultKind::kKillFollowers), "kill-followers", false, false, false},
    {kind(FaultKind::kKillWorkers), "kill-workers", false, false, false},
    {kind(FaultKind::kKillServices), "kill-services", false, false, false},
    {kind(FaultKind::kStopLeader), "stop-leader", false, true, false},
    {kind(FaultKind::kStopFollower), "stop-follower", false, true, false},
    {kind(FaultKind::kStopOrch), "stop-orch", false, true, false},
    {kind(FaultKind::kStopLeaderAndFollower), "stop-leader+follower", false, true, false},
    {kind(FaultKind::kStopFollowerKillLeader), "stop-follower+kill-leader", false, true, false},
    {kind(FaultKind::kCutLeader), "cut-leader", true, true, false},
    {kind(FaultKind::kCutFollower), "cut-follower", true, true, false},
    {kind(FaultKind::kCutLeaderOut), "cut-leader-out", true, true, false},
    {kind(FaultKind::kCutFollowerOut), "cut-follower-out", true, true, false},
    {kind(FaultKind::kCutWorkers), "cut-workers", true, true, false},
    {kind(FaultKind::kCutOrchFromLeader), "cut-orch-leader", true, true, false},
    {kind(FaultKind::kCutFollowerKillLeader), "cut-follower+kill-leader", true, true, false},
    {kind(FaultKind::kFullDisk), "full-disk", true, true, false, kFullDiskMs},
    {kind(FaultKind::kTornTail), "torn-tail", false, true, true},
    {kind(FaultKind::kBitFlip), "bit-flip", false, true, true},
    {kind(FaultKind::kFailedSyncLeader), "failed-sync-leader", false, true, true},
    {kind(FaultKind::kFailedSyncFollower), "failed-sync-follower", false, true, true},
    {kind(FaultKind::kOldDirectory), "old-directory", false, true, true},
    {kind(FaultKind::kOldRecord), "old-record", false, true, true},
    {kind(FaultKind::kClockLeader), "clock-leader", false, true, false},
    {kind(FaultKind::kClockFollower), "clock-follower", false, true, false},
    {kind(FaultKind::kClockOrch), "clock-orch", false, true, false},
    {kind(FaultKind::kClockAll), "clock-all", false, true, false},
    {kind(FaultKind::kLostFiles), "lost-files", false, true, false},
    {kind(FaultKind::kLostFilesKillLeader), "lost-files+kill-leader", false, true, false},
    {kind(FaultKind::kStoppedLogs), "stopped-logs", false, true, false, kStoppedLogsMs, true},
    {kind(FaultKind::kStoppedLogsKillLeader), "stopped-logs+kill-leader", false, true, false,
     kStoppedLogsMs, true},
    {kind(FaultKind::kFewDescriptorsLeader), "few-descriptors-leader", false, true, false,
     kFewDescriptorsMs},
    {kind(FaultKind::kFewDescriptorsFollower), "few-descriptors-follower", false, true, false,
     kFewDescriptorsMs},
    {kind(FaultKind::kFewDescriptorsKillLeader), "few-descriptors-follower+kill-leader", false,
     true, false, kFewDescriptorsMs},
    {kind(FaultKind::kEndSessionLeader), "end-session-leader", false, false, false},
    {kind(FaultKind::kEndSessionFollower), "end-session-follower", false, false, false},
    {kind(FaultKind::kKillBackendLeader), "kill-backend-leader", false, false, false},
    {kind(FaultKind::kKillBackendFollower), "kill-backend-follower", false, false, false},
    {kind(FaultKind::kKillPostgresLeader), "kill-postgres-leader", false, true, false},
    {kind(FaultKind::kKillPostgresFollower), "kill-postgres-follower", false, true, false},
    {kind(FaultKind::kKillPostgresAll), "kill-postgres-all", false, true, false},
    {kind(FaultKind::kKillPostgresAndLeader), "kill-postgres-leader+leader", false, true, false},
    {kind(FaultKind::kKillPostgresKillLeader), "kill-postgres-follower+leader", false, true, false},
    {kind(FaultKind::kStopSessionLeader), "stop-session-leader", false, true, false},
    {kind(FaultKind::kStopSessionFollower), "stop-session-follower", false, true, false},
    {kind(FaultKind::kStopPostgresLeader), "stop-postgres-leader", false, true, false},
    {kind(FaultKind::kStopPostgresFollower), "stop-postgres-follower", false, true, false},
    {kind(FaultKind::kStopPostgresAll), "stop-postgres-all", false, true, false},
    {kind(FaultKind::kStopPostgresKillLeader), "stop-postgres-follower+kill-leader", false, true,
     false},
    {kind(FaultKind::kLockLeader), "lock-leader", false, true, false},
    {kind(FaultKind::kLockFollower), "lock-follower", false, true, false},
    {kind(FaultKind::kConsulKillLeader), "consul-kill-leader", false, true, false, kConsulMs, true},
    {kind(FaultKind::kConsulKillAll), "consul-kill-all", false, true, false, kConsulMs, true},
    {kind(FaultKind::kConsulStopLeader), "consul-stop-leader", false, true, false, kConsulMs, true},
    {kind(FaultKind::kConsulStopAll), "consul-stop-all", false, true, false, kConsulMs, true},
    {kind(FaultKind::kConsulCutLeader), "consul-cut-leader", true, true, false, kConsulMs, true},
    // While coordination knows less than it did, the copies of all members are what it is put
    // right from.
    {kind(FaultKind::kConsulWipe), "consul-wipe", false, true, true, kConsulMs, true},
    {kind(FaultKind::kConsulRestore), "consul-restore", false, true, true, kConsulMs, true},
    {kind(FaultKind::kConsulKillLeaderKillLeader), "consul-kill-leader+kill-leader", false, true,
     false},
    {kind(FaultKind::kConsulStopAllKillLeader), "consul-stop-all+kill-leader", false, true, false},
};

FaultKind kind_of(const Fault& fault) { return static_cast<FaultKind>(fault.info->kind); }

std::string name_of(const Replica& replica) {
  return (replica.master ? "leader " : "follower ") + std::to_string(replica.id);
}

}  // namespace

std::vector<FaultInfo> all_faults(const Settings& settings) {
  std::vector<FaultInfo> faults;
  for (const FaultInfo& info : kFaults) {
    const Fault fault{.info = &info};
    if ((!PostgresFaults::knows(fault) || settings.on_postgres()) &&
        (!ConsulFaults::knows(fault) || settings.on_consul()))
      faults.push_back(info);
  }
  return faults;
}

Result<std::string> Faults::inject(const Fault& fault) {
  if (fault.from_whole) past_.look();
  auto struck = strike(fault);
  past_.pass(group_, fault.choice);
  consul_.pass(fault);
  return struck;
}

Result<std::string> Faults::strike(const Fault& fault) {
  const auto target = choose(fault);
  if (!target) return fail(target.error());
  if (PostgresFaults::knows(fault)) return strike_postgres(fault, *target);
  if (ConsulFaults::knows(fault)) return strike_consul(fault, *target);
  switch (kind_of(fault)) {
    case FaultKind::kKillLeader:
    case FaultKind::kKillFollower:
    case FaultKind::kKillOrch:
    case FaultKind::kKillLeaderAndOrch:
    case FaultKind::kKillLeaderAndFollower:
    case FaultKind::kKillFollowers:
    case FaultKind::kKillWorkers:
    case FaultKind::kKillServices:
      return kill_some(fault, *target);
    case FaultKind::kStopLeader:
    case FaultKind::kStopFollower:
    case FaultKind::kStopOrch:
    case FaultKind::kStopLeaderAndFollower:
    case FaultKind::kStopFollowerKillLeader:
      return stop_some(fault, *target);
    case FaultKind::kFullDisk:
      return fill(*target);
    case FaultKind::kTornTail:
    case FaultKind::kBitFlip:
    case FaultKind::kFailedSyncLeader:
    case FaultKind::kFailedSyncFollower:
      return damage(fault, *target);
    case FaultKind::kOldDirectory:
    case FaultKind::kOldRecord:
      return bring_back_the_past(fault);
    case FaultKind::kClockLeader:
    case FaultKind::kClockFollower:
    case FaultKind::kClockOrch:
    case FaultKind::kClockAll:
      return step_clocks(fault, *target);
    case FaultKind::kLostFiles:
    case FaultKind::kLostFilesKillLeader:
      return lose_files(fault, *target);
    case FaultKind::kStoppedLogs:
    case FaultKind::kStoppedLogsKillLeader:
      return stop_logs(fault, *target);
    case FaultKind::kFewDescriptorsLeader:
    case FaultKind::kFewDescriptorsFollower:
    case FaultKind::kFewDescriptorsKillLeader:
      return take_descriptors(fault, *target);
    default:
      return cut_some(fault, *target);
  }
}

Result<Faults::Target> Faults::choose(const Fault& fault) {
  Target target;
  std::vector<Replica> all = cluster_.replicas();
  if (all.size() != Cluster::kWorkers) {
    return fail(ErrorKind::kUnavailable, "not all workers are there");
  }
  std::rotate(all.begin(), all.begin() + static_cast<int64_t>(fault.choice % all.size()),
              all.end());
  for (const Replica& replica : all) {
    if (replica.master) {
      target.leader = replica;
    } else {
      target.followers.push_back(replica);
    }
  }
  if (target.leader.id == 0 || target.followers.size() != Cluster::kWorkers - 1) {
    return fail(ErrorKind::kUnavailable, "there is no master");
  }
  return target;
}

Result<std::string> Faults::kill_some(const Fault& fault, const Target& target) {
  const Replica& follower = target.followers.front();
  std::string whom;
  const auto strike = [&](const Replica& replica) {
    if (kill(replica)) whom += name_of(replica) + " ";
  };
  switch (kind_of(fault)) {
    case FaultKind::kKillLeader:
      strike(target.leader);
      break;
    case FaultKind::kKillFollower:
      strike(follower);
      break;
    case FaultKind::kKillLeaderAndFollower:
      strike(target.leader);
      strike(follower);
      break;
    case FaultKind::kKillFollowers:
      for (const Replica& each : target.followers) strike(each);
      break;
    case FaultKind::kKillWorkers:
      for (const Replica& each : target.followers) strike(each);
      strike(target.leader);
      break;
    case FaultKind::kKillServices:
      cluster_.kill_services();
      return "rs-users, rs-rides";
    default:
      if (kind_of(fault) == FaultKind::kKillLeaderAndOrch) strike(target.leader);
      if (kill_orch()) whom += "rs-orch";
  }
  if (whom.empty()) return fail(ErrorKind::kUnavailable, "they were gone before");
  return whom;
}

Status Faults::kill_orch() {
  cluster_.expect_orch_down(true);
  return processes_.signal(cluster_.orch_pid(), SIGKILL);
}

Status Faults::stop(pid_t pid) {
  const Status sent = processes_.signal(pid, SIGSTOP);
  if (sent) stopped_.push_back(pid);
  return sent;
}

Result<std::string> Faults::stop_some(const Fault& fault, const Target& target) {
  const Replica& follower = target.followers.front();
  Status struck;
  std::string whom;
  switch (kind_of(fault)) {
    case FaultKind::kStopLeader:
      whom = name_of(target.leader);
      struck = stop(target.leader.pid);
      break;
    case FaultKind::kStopFollower:
      whom = name_of(follower);
      struck = stop(follower.pid);
      break;
    case FaultKind::kStopOrch:
      whom = "rs-orch";
      struck = stop(cluster_.orch_pid());
      break;
    case FaultKind::kStopLeaderAndFollower:
      whom = name_of(target.leader) + ", " + name_of(follower);
      struck = stop(target.leader.pid);
      if (struck) struck = stop(follower.pid);
      break;
    default:
      whom = name_of(follower) + ", killed " + name_of(target.leader);
      struck = stop(follower.pid);
      if (struck) struck = kill(target.leader);
  }
  if (!struck) return fail(ErrorKind::kUnavailable, struck.error().message);
  return whom;
}

Status Faults::isolate(const Replica& replica) {
  std::vector<std::pair<int, int>> links;
  for (int other = 0; other <= network_.nodes(); ++other) {
    if (other == replica.id) continue;
    links.emplace_back(replica.id, other);
    links.emplace_back(other, replica.id);
  }
  return network_.cut(links);
}

Result<std::string> Faults::cut_some(const Fault& fault, const Target& target) {
  const Replica& follower = target.followers.front();
  Status done;
  std::string whom = name_of(follower);
  const auto cut = [&](int from, int to) {
    if (done) done = network_.cut(from, to);
  };
  switch (kind_of(fault)) {
    case FaultKind::kCutLeader:
      whom = name_of(target.leader);
      done = isolate(target.leader);
      break;
    case FaultKind::kCutFollower:
      done = isolate(follower);
      break;
    case FaultKind::kCutLeaderOut:
      whom = name_of(target.leader);
      for (const Replica& each : target.followers) cut(target.leader.id, each.id);
      break;
    case FaultKind::kCutFollowerOut:
      cut(follower.id, target.leader.id);
      break;
    case FaultKind::kCutWorkers:
      whom = "all workers";
      for (int from = 1; from <= Cluster::kWorkers; ++from) {
        for (int to = 1; to <= Cluster::kWorkers; ++to) {
          if (from != to) cut(from, to);
        }
      }
      break;
    case FaultKind::kCutOrchFromLeader:
      whom = "rs-orch, " + name_of(target.leader);
      cut(0, target.leader.id);
      cut(target.leader.id, 0);
      break;
    default:
      whom += ", killed " + name_of(target.leader);
      done = isolate(follower);
      if (done) done = kill(target.leader);
  }
  if (!done) return fail(done.error());
  return whom;
}

Result<std::string> Faults::fill(const Target& target) {
  const Status filled = fill_disk(cluster_.worker_directory(Cluster::kSmallDisk));
  if (!filled) return fail(filled.error());
  filled_ = true;
  heavy_ = true;
  const bool leads = target.leader.id == Cluster::kSmallDisk;
  return std::string(leads ? "leader " : "follower ") + std::to_string(Cluster::kSmallDisk);
}

// Only where every worker is in sync: the two others have what this one loses.
Result<std::string> Faults::damage(const Fault& fault, const Target& target) {
  if (!cluster_.whole()) return fail(ErrorKind::kUnavailable, "there is no other copy");
  const bool of_leader =
      kind_of(fault) == FaultKind::kFailedSyncLeader ||
      (kind_of(fault) != FaultKind::kFailedSyncFollower && fault.choice % 4 == 0);
  const Replica& victim = of_leader ? target.leader : target.followers.front();
  if (kind_of(fault) == FaultKind::kFailedSyncLeader ||
      kind_of(fault) == FaultKind::kFailedSyncFollower) {
    cluster_.disks().fail_next_sync(std::to_string(victim.id));
    return name_of(victim);
  }
  cluster_.hold(victim.id);
  if (const Status killed = kill(victim); !killed) return fail(ErrorKind::kUnavailable, "gone");
  processes_.wait_gone(victim.pid);
  const std::string directory = cluster_.worker_directory(victim.id);
  const auto done = kind_of(fault) == FaultKind::kTornTail ? tear_tail(directory, fault.choice / 8)
                                                           : flip_bit(directory, fault.choice / 8);
  if (!done) return name_of(victim) + ": killed only, " + done.error().message;
  return name_of(victim) + ": " + *done;
}

Result<std::string> Faults::bring_back_the_past(const Fault& fault) {
  if (!cluster_.whole()) return fail(ErrorKind::kUnavailable, "there is no other copy");
  return kind_of(fault) == FaultKind::kOldDirectory
             ? past_.directory_goes_back(group_, fault.choice)
             : past_.record_goes_back(group_, fault.choice);
}

Result<std::string> Faults::step_clocks(const Fault& fault, const Target& target) {
  std::vector<pid_t> pids;
  std::string whom;
  switch (kind_of(fault)) {
    case FaultKind::kClockLeader:
      whom = name_of(target.leader);
      pids = {target.leader.pid};
      break;
    case FaultKind::kClockFollower:
      whom = name_of(target.followers.front());
      pids = {target.followers.front().pid};
      break;
    case FaultKind::kClockOrch:
      whom = "rs-orch";
      pids = {cluster_.orch_pid()};
      break;
    default:
      whom = "all";
      pids = cluster_.service_pids();
      pids.insert(pids.end(), {cluster_.orch_pid(), target.leader.pid});
      for (const Replica& each : target.followers) pids.push_back(each.pid);
  }
  const auto stepped = cluster_.clocks().step(pids, fault.choice);
  if (!stepped) return fail(stepped.error());
  return whom + ": " + *stepped;
}

Result<std::string> Faults::lose_files(const Fault& fault, const Target& target) {
  const auto done = remove_what_finds(group_);
  if (!done || kind_of(fault) == FaultKind::kLostFiles) return done;
  if (const Status killed = kill(target.leader); !killed) return fail(killed.error());
  return *done + ", killed " + name_of(target.leader);
}

Result<std::string> Faults::stop_logs(const Fault& fault, const Target& target) {
  cluster_.logs().stop();
  if (kind_of(fault) == FaultKind::kStoppedLogs) return "all";
  if (const Status killed = kill(target.leader); !killed) return fail(killed.error());
  return "all, killed " + name_of(target.leader);
}

Result<std::string> Faults::take_descriptors(const Fault& fault, const Target& target) {
  const bool of_leader = kind_of(fault) == FaultKind::kFewDescriptorsLeader;
  const Replica& victim = of_leader ? target.leader : target.followers.front();
  const auto taken = descriptors_.exhaust(victim.pid, fault.choice);
  if (!taken) return fail(taken.error());
  heavy_ = true;
  const std::string whom = name_of(victim) + ": " + *taken;
  if (kind_of(fault) != FaultKind::kFewDescriptorsKillLeader) return whom;
  if (const Status killed = kill(target.leader); !killed) return fail(killed.error());
  return whom + ", killed " + name_of(target.leader);
}

Result<std::string> Faults::strike_postgres(const Fault& fault, const Target& target) {
  std::vector<int> followers;
  for (const Replica& each : target.followers) followers.push_back(each.id);
  const auto struck = postgres_.inject(fault, target.leader.id, followers);
  if (!struck || !PostgresFaults::kills_leader(fault)) return struck;
  if (const Status killed = kill(target.leader); !killed) return fail(killed.error());
  return *struck + ", killed " + name_of(target.leader);
}

// At one moment, as far as that goes: Consul takes longer to see that its leader is gone.
Result<std::string> Faults::strike_consul(const Fault& fault, const Target& target) {
  if (fault.info->damages && !cluster_.whole())
    return fail(ErrorKind::kUnavailable, "there is no other copy");
  const auto struck = consul_.inject(fault);
  if (!struck || !ConsulFaults::kills_leader(fault)) return struck;
  if (const Status killed = kill(target.leader); !killed) return fail(killed.error());
  return *struck + ", killed " + name_of(target.leader);
}

Status Faults::heal() {
  postgres_.heal();
  consul_.heal();
  cluster_.logs().go_on();
  descriptors_.give_back();
  past_.heal();
  cluster_.clocks().set_right();
  for (const pid_t pid : stopped_) (void)processes_.signal(pid, SIGCONT);
  stopped_.clear();
  if (filled_) free_disk(cluster_.worker_directory(Cluster::kSmallDisk));
  filled_ = false;
  heavy_ = false;
  cluster_.release_all();
  cluster_.disks().forget_failing_syncs();
  cluster_.expect_orch_down(false);
  return network_.heal();
}

}  // namespace tandem::torture::database
