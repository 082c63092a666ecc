#include "database/postgres_faults.h"

#include <signal.h>

#include "database/faults.h"

namespace tandem::torture::database {
namespace {

FaultKind kind_of(const Fault& fault) { return static_cast<FaultKind>(fault.info->kind); }

bool is_of_leader(const Fault& fault) {
  switch (kind_of(fault)) {
    case FaultKind::kEndSessionLeader:
    case FaultKind::kKillBackendLeader:
    case FaultKind::kKillPostgresLeader:
    case FaultKind::kKillPostgresAndLeader:
    case FaultKind::kStopSessionLeader:
    case FaultKind::kStopPostgresLeader:
    case FaultKind::kLockLeader:
      return true;
    default:
      return false;
  }
}

bool is_of_all(const Fault& fault) {
  return kind_of(fault) == FaultKind::kKillPostgresAll ||
         kind_of(fault) == FaultKind::kStopPostgresAll;
}

}  // namespace

bool PostgresFaults::knows(const Fault& fault) {
  return kind_of(fault) >= FaultKind::kEndSessionLeader &&
         kind_of(fault) <= FaultKind::kLockFollower;
}

bool PostgresFaults::kills_leader(const Fault& fault) {
  return kind_of(fault) == FaultKind::kKillPostgresAndLeader ||
         kind_of(fault) == FaultKind::kKillPostgresKillLeader ||
         kind_of(fault) == FaultKind::kStopPostgresKillLeader;
}

Result<std::string> PostgresFaults::inject(const Fault& fault, int leader,
                                           const std::vector<int>& followers) {
  std::vector<int> victims = {is_of_leader(fault) ? leader : followers.front()};
  if (is_of_all(fault)) {
    victims = followers;
    victims.push_back(leader);
  }
  std::string whom;
  for (const int victim : victims) {
    const auto struck = strike(fault, victim);
    if (!struck) return fail(ErrorKind::kUnavailable, struck.error().message);
    whom += (whom.empty() ? "" : ", ") + *struck;
  }
  return whom;
}

Result<std::string> PostgresFaults::strike(const Fault& fault, int victim) {
  const std::string name = "postgres-" + std::to_string(victim);
  const auto named = [&](Result<std::string> struck) {
    if (struck) *struck = name + ": " + *struck;
    return struck;
  };
  switch (kind_of(fault)) {
    case FaultKind::kEndSessionLeader:
    case FaultKind::kEndSessionFollower:
      // What pg_terminate_backend() sends.
      return named(postgres_.strike_child(victim, SIGTERM, fault.choice, false));
    case FaultKind::kKillBackendLeader:
    case FaultKind::kKillBackendFollower:
      return named(postgres_.strike_child(victim, SIGKILL, fault.choice, fault.choice % 4 == 0));
    case FaultKind::kStopSessionLeader:
    case FaultKind::kStopSessionFollower:
      return named(postgres_.stop_session(victim, fault.choice));
    case FaultKind::kLockLeader:
    case FaultKind::kLockFollower:
      return named(postgres_.lock(victim, fault.choice, fault.hold_ms));
    case FaultKind::kStopPostgresLeader:
    case FaultKind::kStopPostgresFollower:
    case FaultKind::kStopPostgresAll:
    case FaultKind::kStopPostgresKillLeader: {
      const Status stopped = postgres_.stop(victim);
      if (!stopped) return fail(stopped.error());
      return name;
    }
    default: {
      const bool stays_down = fault.choice % 2 == 0;
      const Status killed = postgres_.kill(victim, stays_down);
      if (!killed) return fail(killed.error());
      return name + (stays_down ? ", stays down" : ", starts at once");
    }
  }
}

}  // namespace tandem::torture::database
