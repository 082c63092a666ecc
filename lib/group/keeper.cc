#include "group/keeper.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "group/first_leader.h"

namespace tandem::group {
namespace {

constexpr uint64_t kTickMs = 20;
constexpr int64_t kRefreshMs = 500;         // while everybody is there
constexpr int64_t kSoonMs = 10'000;         // who is missing for longer is looked for less often
constexpr int64_t kRefreshMissingMs = 100;  // then
constexpr uint64_t kDoubtMs = 2;            // between looks at a process whose link just broke
constexpr int64_t kDoubtForMs = 200;        // after that the ticks are often enough
constexpr int64_t kCreateAgainMs = 1000;

}  // namespace

Keeper::Keeper(loop::Loop& loop, Replicas& replicas, Leadership& leadership, KeeperOptions options)
    : loop_(loop),
      replicas_(replicas),
      leadership_(leadership),
      options_(std::move(options)),
      hand_over_(options_.prefer),
      ticker_(loop, [this] { tick(); }),
      doubter_(loop, [this] { doubt_lost(); }),
      expected_(options_.replicas) {}

void Keeper::start(UniqueFunction<void(Status)> done) {
  ticker_.start(kTickMs, kTickMs);
  replicas_.refresh(std::move(done));
}

void Keeper::stop() {
  ticker_.stop();
  doubter_.stop();
}

void Keeper::set_active(bool active) {
  active_ = active;
  // Who leaves the registry and the link at once would be gone before its death is proven.
  replicas_.keep_lost(active);
  if (active) {
    link_lost();  // some may have been lost before
  } else {
    doubter_.stop();
    set_trouble({});  // it is another one's now
  }
}

void Keeper::link_lost() {
  lost_ms_ = static_cast<int64_t>(loop_.now_ms());
  replicas_.refresh();
  if (!active_) return;
  // The kernel closes the sockets of a killed process and unlocks its directory in no set order.
  doubter_.start(kDoubtMs, kDoubtMs);
  doubt_lost();
}

void Keeper::tick() {
  refresh_if_due();
  if (!active_) return;
  if (!doubter_.active()) doubt_lost();
  if (leadership_.record()) {
    look_for_lost_data();
  } else if (leadership_.record_was_read()) {
    create_group();
  }
  if (options_.hand_over) look_for_better_leader();
}

// --- who is there ---

void Keeper::refresh_if_due() {
  for (const auto& [id, replica] : replicas_.all()) expected_.insert(id);
  const auto now_ms = static_cast<int64_t>(loop_.now_ms());
  if (!misses_somebody()) {
    missing_since_ms_ = 0;
  } else if (missing_since_ms_ == 0) {
    missing_since_ms_ = now_ms;
  }
  const int64_t every_ms = missing_since_ms_ == 0                 ? kRefreshMs
                           : now_ms - missing_since_ms_ < kSoonMs ? int64_t{kTickMs}
                                                                  : kRefreshMissingMs;
  if (now_ms - refreshed_ms_ < every_ms) return;
  refreshed_ms_ = now_ms;
  replicas_.refresh();
}

// One that is connected and quiet may be a new process, whose session is not known yet.
bool Keeper::misses_somebody() const {
  if (!leadership_.leader_open()) return true;
  return std::any_of(expected_.begin(), expected_.end(), [this](repl::ReplicaId id) {
    const ReplicaLink* replica = replicas_.find(id);
    return replica == nullptr || !replica->connected() || leadership_.quiet(id);
  });
}

void Keeper::doubt_lost() {
  std::vector<repl::ReplicaId> lost;
  for (const auto& [id, replica] : replicas_.all()) {
    if (!replica.connected()) lost.push_back(id);
  }
  for (const repl::ReplicaId id : lost) leadership_.doubt(id);
  const bool later = static_cast<int64_t>(loop_.now_ms()) - lost_ms_ >= kDoubtForMs;
  if (lost.empty() || later) doubter_.stop();
}

std::vector<View> Keeper::views() const {
  std::vector<View> views = views_of(replicas_, leadership_);
  for (View& view : views) view.useful = reach_.useful(view.member.id);
  return views;
}

// --- who leads ---

void Keeper::create_group() {
  const auto now_ms = static_cast<int64_t>(loop_.now_ms());
  // Replicas may have data of the new group before its record is known here.
  if (now_ms < next_create_ms_) return;
  const auto first = first_leader(options_.replicas, views(), options_.prefer);
  set_trouble(first ? Status() : Status(fail(first.error())));
  if (!first) return;
  next_create_ms_ = now_ms + kCreateAgainMs;
  leadership_.create_group(*replicas_.find(*first), options_.min_in_sync);
}

void Keeper::look_for_lost_data() {
  const auto told = loss_watch_.look(leadership_, words(), static_cast<int64_t>(loop_.now_ms()),
                                     [this](const auto& members) { return evidence(members); });
  if (told) set_trouble(told->empty() ? Status() : fail(ErrorKind::kConflict, *told));
}

std::vector<LossEvidence> Keeper::evidence(const std::vector<repl::Member>& members) const {
  std::vector<LossEvidence> evidence;
  for (const repl::Member& member : members) {
    const coord::Member* last = replicas_.last_known(member.id);
    evidence.push_back(look_at_member(member, last == nullptr ? std::string() : directory_of(*last),
                                      last == nullptr ? std::nullopt : std::optional(*last),
                                      replicas_.registered(member.id)));
  }
  return evidence;
}

LossWords Keeper::words() const {
  LossWords words;
  words.program = options_.program;
  words.numbered = expected_.size() > 1;
  words.command = options_.accept_loss + " " + options_.group;
  return words;
}

Status Keeper::may_give_up(const std::vector<repl::Member>& members) const {
  return group::may_give_up(evidence(members), words(), leadership_.best_survivor());
}

void Keeper::look_for_better_leader() {
  const repl::ReplicaId leader = leadership_.leader_open() ? leadership_.leader() : 0;
  const auto better = hand_over_.look(leader, views(), system_clock().boot_ns());
  if (!better) return;
  leadership_.transfer(*better, options_.timeout_ms, [this](const Status& moved) {
    hand_over_.ended(moved.has_value(), system_clock().boot_ns());
    if (moved) return;
    log::info("leadership was not handed over",
              {{"group", options_.group}, {"error", moved.error().message}});
  });
}

void Keeper::replica_told(repl::ReplicaId id, bool reaches) {
  const bool was_useful = reach_.useful(id);
  reach_.told(id, reaches);
  if (reach_.useful(id) == was_useful) return;
  log::info(reaches ? "a replica reaches again what a leader needs"
                    : "a replica does not reach what a leader needs",
            {{"group", options_.group}, {"id", id}});
}

void Keeper::set_trouble(const Status& status) {
  const std::string trouble = status ? std::string() : status.error().message;
  if (trouble == trouble_) return;
  const std::string before = std::exchange(trouble_, trouble);
  if (status) {
    log::info("over: " + before, {{"group", options_.group}});
  } else if (status.error().kind == ErrorKind::kConflict) {
    log::error(trouble_, {{"group", options_.group}});
  } else {
    log::info(trouble_, {{"group", options_.group}});
  }
}

}  // namespace tandem::group
