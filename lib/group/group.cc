#include "group/group.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "group/first_leader.h"
#include "group/keeper.h"
#include "wire/log_fields.h"

namespace tandem::group {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kCreateAgainMs = 1000;
constexpr int64_t kLongestLookNs = 1000 * kNsPerMs;  // between two looks that count

MakeCaretaker make_keeper(loop::Loop& loop, const GroupOptions& options) {
  return [&loop, &options](Replicas& replicas, Leadership& leadership) {
    return std::make_unique<Keeper>(
        loop, replicas, leadership,
        KeeperOptions{options.group, options.replicas, options.accept_loss, options.program});
  };
}

}  // namespace

Group::Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options)
    : Group(loop, coord, options, make_keeper(loop, options)) {}

Group::Group(loop::Loop& loop, coord::Coord& coord, const GroupOptions& options,
             const MakeCaretaker& make_caretaker)
    : loop_(loop),
      coord_(coord),
      options_(options),
      replicas_(loop, coord, options.group),
      leadership_(
          loop, coord, replicas_,
          {options.group, options.prefer, options.nouns, options.tells_deaths, options.settle_ms}),
      timers_(loop),
      targets_(replicas_, leadership_),
      gateway_(timers_.time(), targets_,
               {options.timeout_ms, options.max_in_flight, options.consistency}, random_id),
      caretaker_(make_caretaker(replicas_, leadership_)),
      hand_over_(options.prefer),
      stand_in_(options.stand_in_after_ms * kNsPerMs),
      looker_(loop, [this] { look(); }) {
  replicas_.on_new([this](ReplicaLink& replica) {
    leadership_.replica_up(replica);
    caretaker_->replica_up(replica);
  });
  replicas_.on_gone([this](repl::ReplicaId id) { gateway_.replica_gone(id); });
  replicas_.on_connected([this] { changed(); });
  replicas_.on_lost([this] {
    caretaker_->link_lost();
    changed();
  });
  leadership_.on_change([this] { changed(); });
  leadership_.on_event([this](std::string_view kind, const std::string& reason,
                              const wire::Json& fields) { tell(kind, reason, fields); });
}

void Group::start(UniqueFunction<void(Status)> done) {
  leadership_.start();
  looker_.start(options_.look_every_ms, options_.look_every_ms);
  replicas_.follow();
  done({});
}

void Group::drain(UniqueFunction<void()> done) {
  draining_ = true;
  looker_.stop();
  gateway_.fail_all();
  leadership_.stop();
  caretaker_->drain(std::move(done));
}

void Group::set_active(bool active) {
  active_ = active;
  stands_in_ = false;
  act();
}

void Group::act() {
  leadership_.set_active(acts());
  caretaker_->set_role(active_      ? Caretaker::Role::kActive
                       : stands_in_ ? Caretaker::Role::kStandIn
                                    : Caretaker::Role::kPassive);
  if (!acts()) set_trouble({});  // it is another one's now
}

// A process that was stopped for long may have lost its lock meanwhile.
void Group::look_at_lock() {
  if (active_ && !may_act_()) set_active(false);
}

void Group::changed() {
  look_at_lock();
  gateway_.leader_changed();
  if (acts() && !draining_) look_for_trouble();  // it may be over with this
  if (on_change_) on_change_();
}

void Group::look() {
  look_at_lock();
  look_whether_led();
  look_for_leader();
  caretaker_->look();
  if (!acts() || draining_) return;
  look_for_trouble();
  if (options_.hand_over) look_for_better_leader();
}

std::string Group::warning() const {
  const std::string full = leadership_.full_disks();
  if (full.empty()) return {};
  return options_.group + ": the disk of " + leadership_.nouns().replica + " " + full +
         " is full: make room there";
}

// A process that was stopped saw nothing meanwhile.
void Group::look_whether_led() {
  const int64_t before_ns = std::exchange(looked_ns_, system_clock().boot_ns());
  if (before_ns == 0 || leadership_.leader_answers()) return;
  leaderless_ns_ += std::min(looked_ns_ - before_ns, kLongestLookNs);
}

// Creating the record is left to the active one: nothing is lost by waiting for it.
void Group::look_for_leader() {
  const bool led = active_ || !leadership_.record() || readiness();
  const bool stands_in = stand_in_.look(led, system_clock().boot_ns());
  if (stands_in_ == stands_in) return;
  stands_in_ = stands_in;
  const std::string& leader = leadership_.nouns().leader;
  tell("stand_in",
       stands_in ? "there is no " + leader +
                       " for long: this process chooses one though another one is active"
                 : "there is a " + leader + ": the group is left to the active one",
       {});
  act();
}

// --- what is wrong ---

void Group::look_for_trouble() {
  const std::string own = caretaker_->trouble();
  if (std::exchange(caretakers_trouble_, !own.empty()) && own.empty()) set_trouble({});
  if (!own.empty()) {
    set_trouble(fail(ErrorKind::kConflict, own));
  } else if (leadership_.record()) {
    look_for_lost_data();
  } else if (leadership_.record_was_read()) {
    create_group();
  }
}

void Group::look_for_lost_data() {
  const auto told =
      loss_watch_.look(leadership_, caretaker_->words(), static_cast<int64_t>(loop_.now_ms()),
                       [this](const auto& members) { return caretaker_->evidence(members); });
  if (told) set_trouble(told->empty() ? Status() : fail(ErrorKind::kConflict, *told));
}

void Group::create_group() {
  const auto now_ms = static_cast<int64_t>(loop_.now_ms());
  // Replicas may have data of the new group before its record is known here.
  if (now_ms < next_create_ms_) return;
  const auto founders = caretaker_->founders();
  if (!founders) return;
  const auto first = first_leader(*founders, views(), options_.prefer);
  set_trouble(first ? Status() : Status(fail(first.error())));
  if (!first) return;
  next_create_ms_ = now_ms + kCreateAgainMs;
  leadership_.create_group(*replicas_.find(*first), options_.min_in_sync);
}

void Group::accept_loss(const std::set<repl::ReplicaId>& given_up, bool force,
                        Leadership::Done done) {
  Leadership::Proof proof;
  if (!force) {
    proof = [this](const auto& members) {
      return may_give_up(caretaker_->evidence(members), caretaker_->words(),
                         leadership_.best_survivor());
    };
  }
  leadership_.accept_loss(given_up, options_.timeout_ms, std::move(proof), std::move(done));
}

Status Group::readiness() const {
  const auto unready = [this](const std::string& why) {
    return fail(ErrorKind::kUnavailable, options_.group + ": " + why);
  };
  if (!trouble_.empty()) return unready(trouble_);
  if (!leadership_.leader_answers()) {
    if (!coord_.trouble().empty()) return unready(coord_.trouble());
    if (!leadership_.record_trouble().empty()) return unready(leadership_.record_trouble());
    return unready(leadership_.nobody_leads().error().message);
  }
  if (leadership_.writes_wait()) return unready("writes wait for in-sync replicas");
  return {};
}

void Group::set_trouble(const Status& status) {
  const std::string trouble = status ? std::string() : status.error().message;
  if (trouble == trouble_) return;
  const std::string before = std::exchange(trouble_, trouble);
  if (status) {
    tell("trouble_over", before, {});
  } else {
    tell(status.error().kind == ErrorKind::kConflict ? "trouble" : "wait", trouble_, {});
  }
}

void Group::tell(std::string_view kind, const std::string& reason, const wire::Json& fields) const {
  if (tell_) return tell_(kind, reason, fields);
  std::vector<log::Field> told = wire::log_fields(fields);
  told.emplace_back("group", options_.group);
  log::write(kind == "trouble" ? log::Level::kError : log::Level::kInfo,
             kind == "trouble_over" ? "over: " + reason : reason, told);
}

// --- who is to lead ---

std::vector<View> Group::views() const {
  std::vector<View> views = views_of(replicas_, leadership_);
  for (View& view : views) view.useful = reach_.useful(view.member.id);
  return views;
}

void Group::look_for_better_leader() {
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

void Group::replica_told(repl::ReplicaId id, bool reaches) {
  const bool was_useful = reach_.useful(id);
  reach_.told(id, reaches);
  if (reach_.useful(id) == was_useful) return;
  log::info(reaches ? "a replica reaches again what a leader needs"
                    : "a replica does not reach what a leader needs",
            {{"group", options_.group}, {"id", id}});
}

}  // namespace tandem::group
