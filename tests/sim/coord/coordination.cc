#include "sim/coord/coordination.h"

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "coord/member_text.h"
#include "sim/checks.h"

namespace tandem::sim {
namespace {

constexpr int64_t kSecondNs = 1000 * kMs;
constexpr int64_t kConvergeNs = 60 * kSecondNs;
// Where sessions are back whose time does not run: until who waits is sure of it.
constexpr int64_t kConvergeSlowlyNs = 150 * kSecondNs;
// Until all that was on its way has arrived, and a session has ended that nobody renews.
constexpr int64_t kSettlesNs = 25 * kSecondNs;
constexpr int64_t kQuietNs = 60 * kSecondNs;
constexpr size_t kMostQueries = 3;    // that wait, of a process
constexpr uint64_t kMostASecond = 2;  // requests of an idle process
// A clock that is slow by a twentieth makes a TTL of ten seconds so much longer.
constexpr int64_t kSlowClockNs = 600 * kMs;
constexpr size_t kSnapshots = 5;

const std::string kPrefix = std::string("t/") + CoordProcess::kGroup + "/";

}  // namespace

// Neighbouring seeds of Random are the same numbers but for the first: a plan that draws one number
// more would be the run of the seed before.
Coordination::Coordination(uint64_t seed, bool verbose)
    : universe_(Random(seed).next(), verbose),
      plan_(draw_coord_plan(universe_.random)),
      agents_(universe_, plan_),
      lives_(universe_, plan_) {
  agents_.model.on_change = [this](const std::string& name, const ConsulModel::Entry* before,
                                   const ConsulModel::Entry* after) {
    key_changes(name, before, after);
  };
  for (uint32_t id = 1; id <= plan_.processes; ++id) {
    processes_.push_back(
        std::make_unique<CoordProcess>(CoordWorld{universe_, plan_, agents_, lives_, checks_}, id));
  }
}

Outcome Coordination::run() {
  log::set_threshold(log::Level::kWarning);
  for (auto& process : processes_) process->start();
  take_snapshots();
  next_fault();
  const int64_t heals_at = universe_.now() + plan_.faults_until_ns;
  while (universe_.now() < heals_at) run_one();
  heal();
  come_together();
  stay_quiet();
  Outcome outcome;
  outcome.seeds = 1;
  outcome.hash = universe_.trace.hash();
  outcome.events = universe_.trace.events();
  outcome.committed = checks_.now();
  for (const auto& process : processes_) outcome.answered += process->done();
  outcome.coord_faults = faults_;
  return outcome;
}

void Coordination::run_one() {
  universe_.schedule.run_one();
  check_claims();
}

const ConsulModel::Entry* Coordination::key(const std::string& name) const {
  const auto& keys = agents_.model.state().keys;
  const auto it = keys.find(kPrefix + name);
  return it == keys.end() ? nullptr : &it->second;
}

// --- what is looked at ---

void Coordination::key_changes(const std::string& name, const ConsulModel::Entry* before,
                               const ConsulModel::Entry* after) {
  if (name == kPrefix + "record") checks_.record_changes(before, after, universe_.now());
  if (!name.starts_with(kPrefix + "members/") || after != nullptr) return;
  const auto member = coord::decode_member(before->value);
  const Lives::Life* life = member ? lives_.of_session(member->session) : nullptr;
  if (life == nullptr || !life->living()) return;
  if (!processes_[member->id - 1]->leaves())
    violated("a member is removed that did not ask for it");
}

void Coordination::check_claims() {
  const int64_t now_ns = universe_.now();
  const int64_t slack_ns = plan_.ways.clock_ppm == 0 ? 0 : kSlowClockNs;
  for (size_t lock = 0; lock < plan_.locks; ++lock) {
    size_t holders = 0;
    int64_t last_since_ns = 0;
    const ConsulModel::Entry* entry = key("locks/" + CoordProcess::lock_name(lock));
    for (const auto& process : processes_) {
      const auto claim = std::pair(process->id(), lock);
      if (!process->holds(lock)) {
        unfounded_ns_.erase(claim);
        continue;
      }
      ++holders;
      last_since_ns = std::max(last_since_ns, process->holds_since(lock));
      const bool founded = entry != nullptr && !entry->session.empty() &&
                           entry->value.find('"' + process->holder() + '"') != std::string::npos;
      if (founded) {
        unfounded_ns_.erase(claim);
        continue;
      }
      const int64_t since_ns = unfounded_ns_.emplace(claim, now_ns).first->second;
      if (now_ns - since_ns > slack_ns && !checks_.excuses_claims(now_ns)) {
        violated("a process holds a lock that it does not have");
      }
    }
    if (holders > 1 && now_ns - last_since_ns > slack_ns && !checks_.excuses_claims(now_ns)) {
      violated("two processes hold a lock");
    }
  }
}

// --- faults ---

// From time to time somebody keeps what there is.
void Coordination::take_snapshots() {
  if (universe_.healed) return;
  snapshots_.push_back(agents_.model.state());
  if (snapshots_.size() > kSnapshots) snapshots_.erase(snapshots_.begin());
  universe_.schedule.after(universe_.between_ns(100 * kMs, 20 * kSecondNs),
                           [this] { take_snapshots(); });
}

void Coordination::next_fault() {
  if (universe_.healed) return;
  uint32_t sum = 0;
  for (const uint32_t weight : plan_.weights) sum += weight;
  if (sum > 0) {
    uint64_t which = universe_.random.below(sum);
    size_t fault = 0;
    for (; which >= plan_.weights[fault]; ++fault) which -= plan_.weights[fault];
    universe_.trace.note("", "fault kind:", {fault});
    if (strike(static_cast<CoordFault>(fault))) ++faults_[fault];
  }
  const bool at_once = universe_.random.chance(plan_.bursts);
  const int64_t last_ns = at_once ? 50 * kMs : 2 * plan_.fault_every_ns;
  universe_.schedule.after(universe_.between_ns(kMs, last_ns), [this] { next_fault(); });
}

// False: it did not come about.
bool Coordination::strike(CoordFault fault) {
  ConsulModel& consul = agents_.model;
  const auto for_a_while = [this](auto undo) {
    const int64_t last_ns = universe_.random.chance(500) ? 3 * kSecondNs : 30 * kSecondNs;
    universe_.schedule.after(universe_.between_ns(kMs, last_ns), undo);
  };
  switch (fault) {
    case CoordFault::kCrash:
    case CoordFault::kEnd:
    case CoordFault::kPause:
    case CoordFault::kRelease:
      return strike_process(fault, *universe_.random.one_of(processes_));
    case CoordFault::kAgentGone:
      agent_fails(AgentState::kGone);
      return true;
    case CoordFault::kAgentSilent:
      agent_fails(AgentState::kSilent);
      return true;
    case CoordFault::kAgentAlone:
      agent_fails(AgentState::kAlone);
      return true;
    case CoordFault::kLeaderLost:
      consul.lose_leader();
      for_a_while([this] { elect_leader(); });
      return true;
    case CoordFault::kDenied:
      consul.deny(true);
      for_a_while([this] { agents_.model.deny(false); });
      return true;
    case CoordFault::kSessionLost: {
      const auto& sessions = consul.state().sessions;
      if (sessions.empty()) return false;
      auto it = sessions.begin();
      std::advance(it, universe_.random.below(sessions.size()));
      checks_.disturbed(universe_.now());
      consul.destroy_session(std::string(it->first));
      return true;
    }
    case CoordFault::kReaped:
      consul.reap_tombstones();
      return true;
    case CoordFault::kRestored:
      goes_back(false);
      return true;
    case CoordFault::kWiped:
      goes_back(true);
      return true;
    case CoordFault::kCount:
      break;
  }
  return false;
}

bool Coordination::strike_process(CoordFault fault, CoordProcess& process) {
  if (!process.acts()) return false;
  if (fault == CoordFault::kCrash) {
    process.crash();
  } else if (fault == CoordFault::kPause) {
    const int64_t last_ns = universe_.random.chance(500) ? kSecondNs : 40 * kSecondNs;
    process.pause(universe_.between_ns(kMs, last_ns));
  } else {
    process.run(process.session(), [&process, fault] {
      fault == CoordFault::kEnd ? process.end() : process.let_go_of_locks();
    });
  }
  return true;
}

void Coordination::agent_fails(AgentState how) {
  const size_t agent = universe_.random.below(agents_.count());
  agents_.set(agent, how);
  const int64_t last_ns = universe_.random.chance(500) ? 2 * kSecondNs : 40 * kSecondNs;
  universe_.schedule.after(universe_.between_ns(kMs, last_ns),
                           [this, agent] { agents_.set(agent, AgentState::kWell); });
}

void Coordination::goes_back(bool wiped) {
  const int64_t now_ns = universe_.now();
  if (wiped) {
    agents_.model.wipe();
    agents_.break_connections();
    snapshots_.clear();
  } else if (!snapshots_.empty()) {
    agents_.model.restore(universe_.random.one_of(snapshots_), plan_.reasserts);
    stuck_sessions_ = stuck_sessions_ || !plan_.reasserts;
  }
  checks_.went_back(key("record"), now_ns);
}

// --- the end ---

void Coordination::elect_leader() {
  if (!agents_.model.has_leader()) stuck_sessions_ = false;
  const bool knows = universe_.healed || universe_.random.chance(500);
  agents_.model.elect_leader(knows ? 0
                                   : universe_.now() + universe_.between_ns(kMs, 5 * kSecondNs));
}

void Coordination::heal() {
  universe_.trace.note("", "heal", {});
  universe_.healed = true;
  elect_leader();
  agents_.heal();
  for (auto& process : processes_) process->heal();
}

bool Coordination::lock_is_held_once(size_t lock) const {
  const auto holders = std::count_if(processes_.begin(), processes_.end(),
                                     [lock](const auto& process) { return process->holds(lock); });
  const bool wanted = std::any_of(processes_.begin(), processes_.end(),
                                  [lock](const auto& process) { return process->waits_for(lock); });
  return holders == (wanted ? 1 : 0);
}

std::string_view Coordination::what_is_missing() const {
  for (const auto& process : processes_) {
    if (!process->up() || process->leaves()) return "a process";
    if (!process->is_idle()) return "a completion";
  }
  for (size_t lock = 0; lock < plan_.locks; ++lock) {
    if (!lock_is_held_once(lock)) return "the holder of a lock";
  }
  // Where the time of none stands still, only those of living processes are left.
  if (!stuck_sessions_ && agents_.model.state().sessions.size() > processes_.size()) {
    return "the end of a session";
  }
  const ConsulModel::Entry* record = key("record");
  const coord::Versioned now =
      record == nullptr ? coord::Versioned{} : coord::Versioned{record->flags, record->value, {}};
  for (const auto& process : processes_) {
    if (process->told() != now) return "the record in a watch";
    const auto& members = process->told_members();
    if (members.size() != processes_.size()) return "a member in a watch";
    for (size_t i = 0; i < members.size(); ++i) {
      if (members[i].session != processes_[i]->session()) return "a member in a watch";
    }
  }
  return {};
}

void Coordination::come_together() {
  const int64_t last = universe_.now() + (stuck_sessions_ ? kConvergeSlowlyNs : kConvergeNs);
  int64_t since_ns = universe_.now();
  while (universe_.now() - since_ns < kSettlesNs) {
    run_one();
    const std::string_view missing = what_is_missing();
    if (missing.empty()) continue;
    since_ns = universe_.now();
    if (since_ns <= last) continue;
    violated("coordination does not come together again: it lacks " + std::string(missing));
  }
}

// Nothing happens, and little is asked.
void Coordination::stay_quiet() {
  std::vector<uint64_t> sent;
  for (const auto& process : processes_) sent.push_back(process->way().sent());
  const int64_t until = universe_.now() + kQuietNs;
  while (universe_.now() < until) {
    run_one();
    if (!what_is_missing().empty()) violated("coordination does not stay together");
    for (const auto& process : processes_) {
      if (process->way().waiting() > kMostQueries) violated("too many queries wait");
    }
  }
  for (size_t i = 0; i < processes_.size(); ++i) {
    const uint64_t requests = processes_[i]->way().sent() - sent[i];
    if (requests > kMostASecond * static_cast<uint64_t>(kQuietNs / kSecondNs)) {
      violated("an idle process asks too much");
    }
  }
}

}  // namespace tandem::sim
