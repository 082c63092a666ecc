#include "group/leadership.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "loop/process.h"
#include "wire/bytes.h"
#include "wire/envelope.h"

namespace tandem::group {
namespace {

constexpr int64_t kTickMs = 5;  // while something has to be looked at again and again
constexpr int64_t kElectionTickMs = 1;
constexpr uint64_t kControlTimeoutMs = 1000;
constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kLookAgainNs = 500 * kNsPerMs;
constexpr int64_t kWritesWaitNs = 1000 * kNsPerMs;  // the set gets smaller in less where it may
constexpr repl::Index kMaxLag = 5000;  // entries; more of them are in flight only to a learner

int64_t now_ns() { return system_clock().boot_ns(); }

std::string ids_of(const repl::Record& record) {
  std::string text;
  for (const repl::Member& member : record.in_sync) {
    if (!text.empty()) text += ',';
    text += std::to_string(member.id);
  }
  return text;
}

}  // namespace

Leadership::Leadership(loop::Loop& loop, coord::Coord& coord, Replicas& replicas,
                       LeadershipOptions options)
    : coord_(coord),
      replicas_(replicas),
      options_(std::move(options)),
      controller_({.nouns = options_.nouns}, options_.prefer),
      ticker_(loop, [this] { tick(); }),
      self_(*this) {}

Leadership::~Leadership() = default;

void Leadership::start() {
  watch_ = coord_.watch_record(
      options_.group, [this](const coord::Versioned& record) { take_record(record, false); });
  ticking_ = true;
  tick_when_due();
}

void Leadership::stop() {
  watch_.reset();
  ticking_ = false;
  ticker_.stop();
  controller_.set_active(false);
  if (move_) end_move(move_->stopped());
}

void Leadership::set_active(bool active) {
  controller_.set_active(active);
  tick_when_due();
  if (active) read_record();
  if (!active) swap_trouble_.clear();
}

void Leadership::replica_up(const ReplicaLink& replica) {
  controller_.replica_up(replica.identity(), replica.member.session, now_ns());
  tick_when_due();
}

void Leadership::replica_dead(repl::ReplicaId id, uint64_t session) {
  ++figures_.deaths;
  if (options_.tells_deaths) {
    wire::Json fields;
    fields.set("replica", static_cast<int64_t>(id));
    tell("death", nouns().replica + " " + std::to_string(id) + " is dead", fields);
  }
  replicas_.forget(id, session);
  repl::ControllerEffects effects;
  controller_.replica_dead(id, session, now_ns(), effects);
  carry_out(effects);
}

void Leadership::doubt(repl::ReplicaId id) {
  const ReplicaLink* replica = replicas_.find(id);
  if (replica == nullptr) return;
  replicas_.doubt(id, [self = self_.ref(), id, session = replica->member.session] {
    if (self) self->replica_dead(id, session);
  });
}

void Leadership::create_group(const ReplicaLink& first, uint32_t min_in_sync) {
  repl::ControllerEffects effects;
  controller_.create(random_id(), first.identity(), first.member.session, min_in_sync, now_ns(),
                     effects);
  carry_out(effects);
}

void Leadership::remove(repl::ReplicaId id, UniqueFunction<void(repl::Epoch)> heard) {
  repl::ControllerEffects effects;
  controller_.remove(id, effects);
  if (!effects.messages.empty()) send(effects.messages.front(), std::move(heard));
}

bool Leadership::quiet(repl::ReplicaId id) const { return controller_.quiet(id, now_ns()); }

bool Leadership::leader_answers() const {
  const ReplicaLink* replica = replicas_.find(leader());
  return replica != nullptr && replica->connected() && leader_open() && !quiet(leader());
}

Status Leadership::nobody_leads() const {
  if (!swap_trouble_.empty()) return fail(ErrorKind::kUnavailable, swap_trouble_);
  const std::string full = full_disks();
  return fail(
      ErrorKind::kUnavailable,
      "there is no " + nouns().leader + " that takes writes" +
          (full.empty() ? full
                        : "; without space on their disks: " + nouns().replica + "s " + full));
}

std::string Leadership::full_disks() const {
  return repl::id_text(controller_.members_without_space());
}

bool Leadership::another_has_space() const {
  if (!record()) return false;
  return std::any_of(record()->in_sync.begin(), record()->in_sync.end(), [this](const auto& m) {
    const repl::ReplicaState* state = state_of(m.id);
    return m.id != leader() && state != nullptr && state->has_space && !quiet(m.id);
  });
}

bool Leadership::leader_is_unable() const {
  const repl::ReplicaState* state = state_of(leader());
  return state != nullptr && !state->able;
}

bool Leadership::keeps_up(repl::ReplicaId id) const {
  const repl::ReplicaState* own = state_of(id);
  const repl::ReplicaState* leading = state_of(leader());
  if (own == nullptr || leading == nullptr) return false;
  return own->commit + (own->has_space ? kMaxLag : 0) >= leading->commit;
}

void Leadership::tick() {
  look_for_stopped_leader();
  look_whether_writes_wait();
  look_again_at_record();
  repl::ControllerEffects effects;
  controller_.tick(now_ns(), effects);
  carry_out(effects);
  prove_deaths();
}

// What is wrong with it may be over without a change that the watch would tell of.
void Leadership::look_again_at_record() {
  if (record_trouble_.empty() || now_ns() - record_looked_at_ns_ < kLookAgainNs) return;
  record_looked_at_ns_ = now_ns();
  read_record();
}

// One that has gone quiet may be slow; where its process is stopped it need not be waited for. A
// process of another host has no such pid here, or another boot.
void Leadership::look_for_stopped_leader() {
  const ReplicaLink* replica = replicas_.find(leader());
  if (replica == nullptr || !quiet(leader())) return;
  const loop::ProcessIdentity identity{static_cast<pid_t>(replica->member.pid),
                                       replica->member.start_ticks, replica->member.boot_id};
  if (!loop::is_stopped(identity)) return;
  controller_.replica_stopped(leader(), replica->member.session, now_ns());
}

void Leadership::look_whether_writes_wait() {
  const size_t silent = record() ? silent_members().size() : 0;
  const bool wait = silent > 0 && record()->in_sync.size() - silent < record()->min_in_sync;
  if (!wait) {
    writes_wait_since_ns_.reset();
  } else if (!writes_wait_since_ns_) {
    writes_wait_since_ns_ = now_ns();
  }
}

bool Leadership::writes_wait() const {
  return writes_wait_since_ns_ && now_ns() - *writes_wait_since_ns_ >= kWritesWaitNs;
}

void Leadership::carry_out(const repl::ControllerEffects& effects) {
  for (const std::string& notice : effects.notices) log::info(notice, {{"group", options_.group}});
  for (const repl::Message& message : effects.messages) {
    const bool proof = message.type == repl::MessageType::kSessionDown && message.proven;
    if (proof) {
      proofs_.push_back(message);
    } else {
      send(message);
    }
  }
  prove_deaths();
  if (effects.swap) {
    const uint64_t expected = effects.swap->expected_version;
    const auto& known = effects.swap->expected;
    const std::string there = known ? repl::to_text(*known) : std::string();
    coord_.swap_record(options_.group, {expected, there}, repl::to_text(effects.swap->record),
                       [self = self_.ref(), expected](Result<coord::SwapOutcome> outcome) {
                         if (!self) return;
                         Leadership& leadership = *self;
                         leadership.take_outcome(expected, outcome);
                         repl::ControllerEffects more;
                         leadership.controller_.swap_done(
                             expected, outcome && *outcome == coord::SwapOutcome::kApplied,
                             now_ns(), more);
                         leadership.carry_out(more);
                       });
  }
  if (effects.read_record) read_record();
  tell_changes();
  look_at_move();
  tick_when_due();
}

// Every ms counts while there is no leader.
void Leadership::tick_when_due() {
  if (!ticking_) return;
  const int64_t now = now_ns();
  int64_t next = controller_.next_tick_ns(now);
  const bool looks_again =
      !proofs_.empty() || (move_ && move_->is_waited_for()) || (leader() != 0 && quiet(leader()));
  if (next <= now) {
    next = now + kElectionTickMs * kNsPerMs;
  } else if (looks_again) {
    next = std::min(next, now + kTickMs * kNsPerMs);
  }
  ticker_.ring_by_ns(next);
}

void Leadership::send(const repl::Message& message, UniqueFunction<void(repl::Epoch)> heard) {
  ReplicaLink* replica = replicas_.find(message.to);
  if (replica == nullptr || !replica->connected()) return;
  std::string payload;
  wire::ByteWriter(payload).u16(static_cast<uint16_t>(wire::Method::kControl));
  repl::encode(message, payload);
  const auto answered = [self = self_.ref()](Result<std::string_view> answer) {
    if (!self || !answer || answer->empty()) return;
    repl::Message state;
    if (!repl::decode(*answer, state)) return;
    repl::ControllerEffects effects;
    self->controller_.state_answered(state, now_ns(), effects);
    self->carry_out(effects);
  };
  replica->link->call(payload, kControlTimeoutMs,
                      [answered, heard = std::move(heard), self = self_.ref(),
                       epoch = message.epoch](const Result<std::string_view>& answer) mutable {
                        answered(answer);
                        if (self && answer && heard) heard(epoch);
                      });
}

// --- proofs of death ---

void Leadership::prove_deaths() {
  if (proofs_.empty() || std::exchange(proving_, true)) return;
  coord_.members(options_.group, [self = self_.ref(), proofs = std::exchange(proofs_, {})](
                                     const Result<std::vector<coord::Member>>& members) mutable {
    if (!self) return;
    self->proving_ = false;
    self->take_registry(std::move(proofs), members);
  });
}

void Leadership::take_registry(std::vector<repl::Message> proofs,
                               const Result<std::vector<coord::Member>>& members) {
  replicas_.registry_was_read(members ? Status() : fail(members.error()));
  for (repl::Message& proof : proofs) {
    // Of an epoch that is over: its successor is told anew.
    if (!record() || record()->epoch != proof.epoch) continue;
    if (!members) {
      proofs_.push_back(std::move(proof));  // until the next tick
      continue;
    }
    const bool another_session =
        std::any_of(members->begin(), members->end(), [&](const coord::Member& member) {
          return member.id == proof.subject && member.session != proof.subject_session;
        });
    if (!another_session) send(proof);
  }
  if (members) prove_deaths();  // what came while this was read
}

// --- what an operator wants ---

void Leadership::transfer(repl::ReplicaId id, uint64_t timeout_ms, Done done) {
  repl::ControllerEffects effects;
  const Status begun = controller_.transfer(id, now_ns(), effects);
  if (!begun) {
    done(begun);
    return;
  }
  move_.emplace(nouns(), Move::Aim{id, record()->epoch},
                now_ns() + kNsPerMs * static_cast<int64_t>(timeout_ms), std::move(done));
  carry_out(effects);
}

// Those that repl::Controller::accept_loss would give up; else it says itself what is wrong.
bool Leadership::names_the_living(const std::set<repl::ReplicaId>& ids) const {
  const std::vector<repl::Member> silent = silent_members();
  return std::any_of(ids.begin(), ids.end(), [&](repl::ReplicaId id) {
    return std::none_of(silent.begin(), silent.end(),
                        [id](const repl::Member& member) { return member.id == id; });
  });
}

bool Leadership::names_all_silent(const std::set<repl::ReplicaId>& ids) const {
  if (!record()) return false;
  const std::vector<repl::Member> silent = silent_members();
  if (silent.size() != ids.size()) return false;
  return std::all_of(silent.begin(), silent.end(),
                     [&](const repl::Member& member) { return ids.contains(member.id); });
}

// Here, or by what the record keeps: another process may have asked for it, or this one before it
// was started anew.
bool Leadership::was_given_up(const std::set<repl::ReplicaId>& ids) const {
  if (!record() || ids.empty()) return false;
  if (lost_.epoch != 0 && record()->epoch == lost_.epoch && lost_.ids == ids) return true;
  return std::all_of(ids.begin(), ids.end(), [this](repl::ReplicaId id) {
    const auto& given_up = record()->given_up;
    return record()->find(id) == nullptr &&
           std::any_of(given_up.begin(), given_up.end(),
                       [id](const repl::Member& member) { return member.id == id; });
  });
}

void Leadership::accept_loss(const std::set<repl::ReplicaId>& given_up, uint64_t timeout_ms,
                             Proof proof, Done done) {
  if (was_given_up(given_up)) {
    // Where those that are in the set now are silent, another loss may be meant.
    const bool answers = silent_members().size() < record()->in_sync.size();
    done(answers ? Status()
                 : fail(ErrorKind::kUnavailable, "they were given up before, and the in-sync " +
                                                     nouns().replica + "s " + ids_of(*record()) +
                                                     " do not answer yet"));
    return;
  }
  const int64_t deadline_ns = now_ns() + kNsPerMs * static_cast<int64_t>(timeout_ms);
  if (move_ && !move_->is_waited_for() && move_->gives_up(given_up)) {
    move_->wait_again(deadline_ns, std::move(done));
    tick_when_due();
    return;
  }
  if (proof && names_all_silent(given_up)) {
    if (Status proven = proof(silent_members()); !proven) {
      done(std::move(proven));
      return;
    }
  }
  if (proof && !trouble().empty() && names_the_living(given_up)) {
    done(fail(ErrorKind::kConflict, "not proven to be lost: a " + nouns().replica +
                                        " that is named answers, and with force what only it has "
                                        "is lost. " +
                                        trouble()));
    return;
  }
  if (move_) {
    done(fail(ErrorKind::kUnavailable, "a " + nouns().leader + " is being chosen now"));
    return;
  }
  repl::ControllerEffects effects;
  const auto best = controller_.accept_loss(given_up, now_ns(), effects);
  if (!best) {
    done(fail(best.error()));
    return;
  }
  move_.emplace(nouns(), Move::Aim{best->member.id, record()->epoch},
                Move::Loss{given_up, *best, effects.swap ? effects.swap->expected_version : 0},
                deadline_ns, kNsPerMs * static_cast<int64_t>(options_.settle_ms), std::move(done));
  carry_out(effects);
}

std::vector<repl::Member> Leadership::silent_members() const {
  return controller_.silent_members(now_ns());
}

std::optional<repl::Candidate> Leadership::best_survivor() const {
  return controller_.best_survivor(now_ns());
}

void Leadership::look_at_move() {
  if (!move_ || !record()) return;
  const Move::Sight sight{record()->epoch, leader(), leader_open(), controller_.electing(),
                          now_ns()};
  if (const auto story = move_->carried_out(sight)) {
    lost_ = Lost{move_->given_up(), record()->epoch};
    tell("loss", story->text, story->fields);
  }
  if (auto outcome = move_->outcome(sight)) return end_move(std::move(*outcome));
  if (!move_->is_overdue(sight)) return;
  Done done = move_->take_done();  // what it calls may ask for it again
  done(fail(move_->not_known_yet()));
}

void Leadership::take_outcome(uint64_t expected, const Result<coord::SwapOutcome>& outcome) {
  const std::string trouble =
      outcome ? "" : "the record cannot be changed: " + outcome.error().message;
  if (std::exchange(swap_trouble_, trouble) != trouble && !trouble.empty()) {
    log::warning(trouble, {{"group", options_.group}});
  }
  if (!move_) return;
  if (auto failed = move_->swap_failed(expected, outcome)) end_move(std::move(*failed));
}

void Leadership::end_move(Status status) {
  Done done = move_->take_done();
  move_.reset();  // the next one may begin from inside the completion
  if (done) done(std::move(status));
}

// --- the record ---

void Leadership::read_record() {
  if (std::exchange(reading_, true)) {
    read_again_ = true;  // the one under way may have begun before what prompted this one
    return;
  }
  coord_.read_record(options_.group, [self = self_.ref()](const Result<coord::Versioned>& record) {
    if (!self) return;
    Leadership& leadership = *self;
    leadership.reading_ = false;
    leadership.take_record(record, true);
    if (std::exchange(leadership.read_again_, false)) leadership.read_record();
  });
}

void Leadership::take_record(const Result<coord::Versioned>& record, bool consistent) {
  if (!record) return set_record_trouble("cannot read the record: " + record.error().message);
  repl::Reading reading;
  reading.version = record->version;
  reading.consistent = consistent;
  if (!record->damage.empty()) {
    // Its number alone is known, and an older version is not the record: replicas may know it.
    set_record_trouble(record->damage);
    return tell_controller(reading);
  }
  if (record->version != 0) {
    auto result = repl::parse_record(record->text);
    if (!result) {
      return set_record_trouble("version " + std::to_string(record->version) +
                                " of the record of " + options_.group +
                                " cannot be used: " + result.error().message);
    }
    reading.record = std::move(*result);
  }
  set_record_trouble({});
  tell_controller(reading);
}

void Leadership::tell_controller(const repl::Reading& reading) {
  repl::ControllerEffects effects;
  controller_.record_read(reading, now_ns(), effects);
  carry_out(effects);
}

void Leadership::set_record_trouble(const std::string& trouble) {
  const std::string before = std::exchange(record_trouble_, trouble);
  if (before == trouble) return;
  if (trouble.empty()) {
    log::info("over: " + before, {{"group", options_.group}});
  } else {
    log::error(trouble, {{"group", options_.group}});
  }
}

void Leadership::tell(std::string_view kind, const std::string& reason,
                      const wire::Json& fields) const {
  if (tell_) tell_(kind, reason, fields);
}

void Leadership::tell_changes() {
  if (!record()) return;
  const repl::Record& now = *record();
  const bool open = leader_open();
  if (now.epoch == told_epoch_ && now.version == told_version_ && open == told_open_) return;
  wire::Json fields;
  fields.set("leader", static_cast<int64_t>(now.leader));
  fields.set("epoch", now.epoch);
  fields.set("in_sync", ids_of(now));
  if (now.epoch != told_epoch_) {
    if (told_epoch_ != 0) ++figures_.elections;
    swap_trouble_.clear();
    tell("role",
         nouns().replica + " " + std::to_string(now.leader) + " is chosen as " + nouns().leader,
         fields);
  } else if (now.version != told_version_) {
    tell("in_sync", "the in-sync set changed", fields);
  }
  if (open && (!told_open_ || now.epoch != told_epoch_)) {
    tell("open", "the " + nouns().leader + " takes writes", fields);
  }
  told_epoch_ = now.epoch;
  told_version_ = now.version;
  told_open_ = open;
  if (on_change_) on_change_();
}

}  // namespace tandem::group
