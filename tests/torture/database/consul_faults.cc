#include "database/consul_faults.h"

#include <fmt/format.h>

#include "database/faults.h"
#include "sim/random.h"

namespace tandem::torture::database {
namespace {

constexpr uint32_t kSavePermille = 300;
constexpr uint64_t kPassing = 0x636f6e73;  // another series than that of the fault's own choices

FaultKind kind_of(const Fault& fault) { return static_cast<FaultKind>(fault.info->kind); }

}  // namespace

bool ConsulFaults::knows(const Fault& fault) {
  return kind_of(fault) >= FaultKind::kConsulKillLeader;
}

bool ConsulFaults::kills_leader(const Fault& fault) {
  return kind_of(fault) == FaultKind::kConsulKillLeaderKillLeader ||
         kind_of(fault) == FaultKind::kConsulStopAllKillLeader;
}

Result<std::string> ConsulFaults::inject(const Fault& fault) {
  const int leader = consul_.leader();
  if (leader == 0) return fail(ErrorKind::kUnavailable, "Consul has no leader");
  const std::string name = "consul-" + std::to_string(leader);
  const bool other_way = fault.choice % 2 == 0;
  const std::string how = other_way ? ", stays down" : ", starts at once";
  Status done;
  std::string whom;
  switch (kind_of(fault)) {
    case FaultKind::kConsulKillLeader:
    case FaultKind::kConsulKillLeaderKillLeader:
      whom = name + how;
      done = consul_.kill({leader}, other_way);
      break;
    case FaultKind::kConsulKillAll:
      whom = "all of Consul" + how;
      done = consul_.kill(Consul::all(), other_way);
      break;
    case FaultKind::kConsulStopLeader:
      whom = name;
      done = consul_.stop({leader});
      break;
    case FaultKind::kConsulStopAll:
    case FaultKind::kConsulStopAllKillLeader:
      whom = "all of Consul";
      done = consul_.stop(Consul::all());
      break;
    case FaultKind::kConsulCutLeader:
      whom = name + (other_way ? ", from everybody" : ", from the other servers");
      done = consul_.cut(leader, other_way);
      break;
    case FaultKind::kConsulWipe:
      whom = "all of Consul";
      done = consul_.wipe();
      break;
    default:
      return restore();
  }
  if (!done) return fail(ErrorKind::kUnavailable, done.error().message);
  return whom;
}

Result<std::string> ConsulFaults::restore() {
  const double age_s = static_cast<double>(consul_.saved_age_us()) / 1e6;
  const Status done = age_s == 0 ? consul_.save() : consul_.restore();
  if (!done) return fail(ErrorKind::kUnavailable, done.error().message);
  if (age_s == 0) return fail(ErrorKind::kUnavailable, "nothing was kept before");
  return fmt::format("the state of {:.1f} s before", age_s);
}

void ConsulFaults::pass(const Fault& fault) {
  sim::Random random(fault.choice ^ kPassing);
  if (consul_.exists() && !knows(fault) && random.chance(kSavePermille)) (void)consul_.save();
}

}  // namespace tandem::torture::database
