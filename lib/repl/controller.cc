#include "repl/controller.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "repl/context.h"

namespace tandem::repl {
namespace {

constexpr int64_t kOpeningAskNs = 1'000'000;
constexpr int64_t kRereadNs = 200'000'000;
constexpr int kAttemptsTold = 10;  // in a row; then one in as many

std::string id_text(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    if (!text.empty()) text += ", ";
    text += std::to_string(member.id);
  }
  return text;
}

}  // namespace

Controller::Controller(const ControllerOptions& options, Prefer prefer)
    : options_(options), prefer_(std::move(prefer)) {}

void Controller::set_active(bool active) {
  active_ = active;
  if (active) return;
  phase_ = Phase::kWatching;
  goal_ = Goal::kReplace;
}

// --- what the owner knows ---

void Controller::replica_up(const Member& member, uint64_t session, int64_t now) {
  Known& known = replicas_[member.id];
  if (known.alive && known.session == session && known.member == member) return;
  known = Known{};
  known.member = member;
  known.session = session;
  known.alive = true;
  known.up_since_ns = now;
  known.last_answer_ns = now;
}

void Controller::replica_dead(ReplicaId id, uint64_t session, int64_t now, ControllerEffects& out) {
  const auto it = replicas_.find(id);
  if (it == replicas_.end() || it->second.session != session) return;
  Known& known = it->second;
  known.alive = false;
  known.proven_dead = true;
  known.state.reset();
  if (!active_ || !record_) return;
  if (record_->leader == id) {
    if (phase_ == Phase::kWatching || phase_ == Phase::kOpening) {
      // The record as it is known will do: where it has changed, the swap on its version fails.
      tell_election("the leader died", out);
      ask_members(now, out);
    }
  } else {
    report_down(known, out);
  }
}

void Controller::replica_stopped(ReplicaId id, uint64_t session, int64_t now) {
  const auto it = replicas_.find(id);
  if (it == replicas_.end() || it->second.session != session) return;
  // Heard only just now, it may have gone on since somebody looked.
  it->second.stopped = it->second.alive && now - it->second.last_answer_ns > options_.ask_every_ns;
}

void Controller::create(uint64_t lineage, const Member& member, uint32_t min_in_sync, int64_t now,
                        ControllerEffects& out) {
  CHECK(lineage != 0);
  Record record;
  record.lineage = lineage;
  record.epoch = 1;
  record.version = 1;
  record.leader = member.id;
  record.in_sync = {member};
  record.min_in_sync = min_in_sync;
  swap_ = Swap{0, std::move(record)};
  out.swap = swap_;
  out.notices.push_back("creates the group leader=" + std::to_string(member.id));
  enter(Phase::kSwapping, now);
}

void Controller::remove(ReplicaId id, ControllerEffects& out) {
  const Known* to = leader();
  if (to == nullptr) return;
  Message m = make(MessageType::kRemoveMember, *to);
  m.subject = id;
  out.messages.push_back(std::move(m));
}

// --- events ---

void Controller::record_read(const std::optional<Record>& record, int64_t now,
                             ControllerEffects& out) {
  record_was_read_ = true;
  bool new_leader = false;
  if (record && (!record_ || record->version >= record_->version)) {
    new_leader = !record_ || record_->epoch != record->epoch;
    record_ = record;
    if (new_leader) leader_since_ns_ = now;
  }
  if (new_leader && phase_ != Phase::kSwapping) {
    follow_choice(now);
  } else if (phase_ == Phase::kReading) {
    ask_members(now, out);
  }
}

// Somebody else has chosen: that leader has its time to open.
void Controller::follow_choice(int64_t now) {
  goal_ = Goal::kReplace;
  enter(Phase::kWatching, now);
}

void Controller::swap_done(uint64_t expected_version, bool applied, int64_t now,
                           ControllerEffects& out) {
  if (phase_ != Phase::kSwapping || !swap_ || swap_->expected_version != expected_version) return;
  if (!applied) {
    // Refused, or unknown: what the record says now decides, and an election that was won after
    // all shows there.
    const Epoch wanted = std::exchange(swap_, std::nullopt)->record.epoch;
    if (record_ && record_->epoch >= wanted) return follow_choice(now);
    enter(Phase::kReading, now);
    out.read_record = true;
    return;
  }
  record_ = std::exchange(swap_, std::nullopt)->record;
  goal_ = Goal::kReplace;
  leader_since_ns_ = now;
  enter(Phase::kOpening, now);
  announce(out);
  watch_opening(now, out);
}

void Controller::state_answered(const Message& answer, int64_t now, ControllerEffects& out) {
  const auto it = replicas_.find(answer.from);
  if (it == replicas_.end() || it->second.session != answer.session) return;
  Known& known = it->second;
  if (known.member.storage_id != answer.storage_id) return;
  known.last_answer_ns = now;
  known.stopped = false;
  known.lineage = answer.lineage;
  known.state = answer.state;
  known.answered_question = std::max(known.answered_question, answer.question);
  if (!active_ || !record_) return;
  if (phase_ == Phase::kAsking) choose(now, out);
  if (phase_ == Phase::kOpening && answer.from == record_->leader && leader_open()) {
    out.notices.push_back("leader is open id=" + std::to_string(record_->leader) +
                          " epoch=" + std::to_string(record_->epoch));
    failed_to_open_.clear();
    attempts_ = 0;
    enter(Phase::kWatching, now);
  }
}

// After this controller was stopped itself everybody seems to have been silent for as long. What
// they said is not read yet.
void Controller::forgive_own_absence(int64_t now) {
  const int64_t absent_ns = now - std::exchange(ticked_ns_, now);
  if (absent_ns <= options_.silence_ns / 2 || absent_ns == now) return;
  for (auto& [id, known] : replicas_) {
    known.last_answer_ns = std::min(now, known.last_answer_ns + absent_ns);
  }
}

// An active one asks a new leader by itself; requests wait at a passive one as well.
int64_t Controller::ask_every_ns(const Known& known) const {
  const bool closed = !active_ && record_ && known.member.id == record_->leader && !leader_open();
  return closed ? options_.ask_closed_ns : options_.ask_every_ns;
}

// Whatever tick() compares the clock with, and the owner with quiet(). It is never further away
// than the next questions: a longer sleep would look like an absence of its own.
int64_t Controller::next_tick_ns(int64_t now) const {
  Deadline next(now);
  next.at(ticked_ns_ + options_.ask_every_ns);
  for (const auto& [id, known] : replicas_) {
    if (known.alive) next.at(known.last_asked_ns + ask_every_ns(known));
  }
  if (const Known* leads = leader(); leads != nullptr) {
    next.by(leads->last_answer_ns + 3 * options_.ask_every_ns + 1);
    next.by(leads->last_answer_ns + options_.silence_ns + 1);
    next.by(leads->up_since_ns + options_.takeover_ns + 1);
  }
  if (!active_ || !record_) return next.ns();
  next.by(leader_since_ns_ + options_.takeover_ns + 1);
  if (sought_ns_) next.by(*sought_ns_ + options_.seek_again_ns);
  const bool acts =
      electing() || leader_has_failed(now) || another_has_space(now) || others_hear_more(now);
  return acts ? std::min(now, next.ns()) : next.ns();
}

void Controller::tick(int64_t now, ControllerEffects& out) {
  forgive_own_absence(now);
  for (auto& [id, known] : replicas_) {
    if (known.alive && now - known.last_asked_ns >= ask_every_ns(known)) ask(known, now, out);
  }
  if (!active_ || !record_) return;
  switch (phase_) {
    case Phase::kWatching:
      if (leader_has_failed(now)) {
        begin_election("the leader does not lead", now, out);
      } else if (another_has_space(now)) {
        sought_ns_ = now;
        goal_ = Goal::kSpace;
        begin_election("the leader's disk is full", now, out);
      } else if (others_hear_more(now)) {
        sought_ns_ = now;
        goal_ = Goal::kCutOff;
        begin_election("the leader is cut off from its set", now, out);
      }
      return;
    case Phase::kReading:
      if (now - phase_since_ns_ > kRereadNs) {
        out.read_record = true;
        enter(Phase::kReading, now);
      }
      return;
    case Phase::kAsking:
      choose(now, out);
      return;
    case Phase::kSwapping:
      return;  // the owner always tells the outcome
    case Phase::kOpening:
      watch_opening(now, out);
      return;
  }
}

// --- elections ---

const Controller::Known* Controller::leader() const {
  if (!record_) return nullptr;
  const auto it = replicas_.find(record_->leader);
  return it == replicas_.end() || !it->second.alive ? nullptr : &it->second;
}

bool Controller::leader_open() const {
  const Known* known = leader();
  return known != nullptr && known->state && known->state->promise == record_->epoch &&
         known->state->opened;
}

bool Controller::quiet(ReplicaId id, int64_t now) const {
  const auto it = replicas_.find(id);
  return it == replicas_.end() || now - it->second.last_answer_ns > 3 * options_.ask_every_ns;
}

const ReplicaState* Controller::state_of(ReplicaId id) const {
  const auto it = replicas_.find(id);
  return it == replicas_.end() || !it->second.state ? nullptr : &*it->second.state;
}

uint64_t Controller::lineage_of(ReplicaId id) const {
  const auto it = replicas_.find(id);
  return it == replicas_.end() ? 0 : it->second.lineage;
}

bool Controller::leader_has_failed(int64_t now) const {
  const Known* known = leader();
  if (known == nullptr) {
    return now - leader_since_ns_ > options_.takeover_ns || leader_is_dead_and_another_answers();
  }
  // After an attempt that found nobody `leader_since_ns_` is new: the next one waits.
  if (known->stopped || now - known->last_answer_ns > options_.silence_ns) {
    return now - leader_since_ns_ > options_.takeover_ns;
  }
  const bool leads =
      known->state && known->state->leading && known->state->promise == record_->epoch;
  // It came back, or learned of a later epoch: it leads this one no more.
  if (!leads && known->state && known->state->promise >= record_->epoch) return true;
  const int64_t since = std::max(leader_since_ns_, known->up_since_ns);
  return !leads && known->state && now - since > options_.takeover_ns;
}

// After an attempt that found nobody: as soon as an in-sync member is back, the next one can do.
bool Controller::leader_is_dead_and_another_answers() const {
  const auto dead = replicas_.find(record_->leader);
  if (dead == replicas_.end() || !dead->second.proven_dead) return false;
  return std::any_of(record_->in_sync.begin(), record_->in_sync.end(), [this](const Member& m) {
    const auto it = replicas_.find(m.id);
    return it != replicas_.end() && it->second.alive && it->second.member == m && it->second.state;
  });
}

// Whether the leader has no space left and an in-sync member that could lead has.
bool Controller::another_has_space(int64_t now) const {
  const Known* leads = leader();
  if (leads == nullptr || !leader_open() || leads->state->has_space) return false;
  if (sought_ns_ && now - *sought_ns_ < options_.seek_again_ns) return false;
  return std::any_of(record_->in_sync.begin(), record_->in_sync.end(), [&](const Member& m) {
    const auto it = replicas_.find(m.id);
    return m.id != record_->leader && it != replicas_.end() && it->second.member == m &&
           answers(it->second, now) && it->second.state->has_space;
  });
}

// Whether the leader can do nothing without members that it does not hear, and one of them is heard
// here, with enough replicas to go on without it: they join the new leader's set before it goes.
bool Controller::others_hear_more(int64_t now) const {
  const Known* leads = leader();
  if (leads == nullptr || !leader_open() || !leads->state->cut_off) return false;
  if (sought_ns_ && now - *sought_ns_ < options_.seek_again_ns) return false;
  size_t heard = 0;
  size_t in_sync = 0;
  for (const auto& [id, known] : replicas_) {
    if (id == record_->leader || !answers(known, now) || quiet(id, now)) continue;
    ++heard;
    if (record_->contains(known.member)) ++in_sync;
  }
  return in_sync > 0 && heard >= record_->min_in_sync;
}

bool Controller::answers(const Known& known, int64_t now) const {
  return known.alive && known.state && now - known.last_answer_ns <= options_.silence_ns;
}

void Controller::begin_election(const std::string& why, int64_t now, ControllerEffects& out) {
  tell_election(why, out);
  out.read_record = true;
  enter(Phase::kReading, now);
}

void Controller::tell_election(const std::string& why, ControllerEffects& out) {
  ++attempts_;
  if (attempts_ > kAttemptsTold && attempts_ % kAttemptsTold != 0) return;
  out.notices.push_back("election: " + why + " leader=" + std::to_string(record_->leader) +
                        " epoch=" + std::to_string(record_->epoch) +
                        " attempt=" + std::to_string(attempts_));
}

void Controller::ask_members(int64_t now, ControllerEffects& out) {
  if (!record_) {
    enter(Phase::kWatching, now);
    return;
  }
  enter(Phase::kAsking, now);
  election_question_ = question_ + 1;
  for (const Member& member : record_->in_sync) {
    const auto it = replicas_.find(member.id);
    if (it != replicas_.end() && it->second.alive && it->second.member == member) {
      ask(it->second, now, out);
    }
  }
}

// Chooses once every in-sync member that may be alive has answered, or when waiting is over.
void Controller::choose(int64_t now, ControllerEffects& out) {
  std::vector<Candidate> candidates;
  bool all_told = true;
  for (const Member& member : record_->in_sync) {
    const auto it = replicas_.find(member.id);
    if (it == replicas_.end() || it->second.member != member || it->second.proven_dead) continue;
    const Known& known = it->second;
    if (known.answered_question < election_question_ || !known.state) {
      const bool awaited = goal_ != Goal::kTransfer || member.id == wanted_;
      const bool gone = known.stopped || now - known.last_answer_ns > options_.silence_ns;
      all_told = all_told && (gone || !awaited);
      continue;
    }
    if (goal_ == Goal::kReplace && member.id == record_->leader && known.state->leading &&
        known.state->promise == record_->epoch && now - leader_since_ns_ < options_.opening_ns) {
      enter(Phase::kOpening, now);  // it leads after all
      return;
    }
    const Candidate candidate{member, *known.state};
    if (suits(candidate)) candidates.push_back(candidate);
  }
  const bool over = now - phase_since_ns_ > options_.answers_ns;
  if (!all_told && !over) return;
  if (candidates.empty()) {
    found_nobody(over, now, out);
    return;
  }
  const auto best =
      std::min_element(candidates.begin(), candidates.end(),
                       [this](const Candidate& a, const Candidate& b) { return better(a, b); });
  Record record = *record_;
  record.epoch += 1;
  record.version += 1;
  record.leader = best->member.id;
  swap_ = Swap{record_->version, std::move(record)};
  out.swap = swap_;
  out.notices.push_back("elects leader=" + std::to_string(best->member.id) +
                        " epoch=" + std::to_string(record_->epoch + 1));
  enter(Phase::kSwapping, now);
}

bool Controller::suits(const Candidate& candidate) const {
  switch (goal_) {
    case Goal::kReplace:
      return !failed_to_open_.contains(candidate.member.id);
    case Goal::kTransfer:
      return candidate.member.id == wanted_;
    case Goal::kSpace:
      return candidate.state.has_space && candidate.member.id != record_->leader;
    case Goal::kCutOff:
      return candidate.member.id != record_->leader;
  }
  return false;
}

bool Controller::better(const Candidate& a, const Candidate& b) const {
  // One whose disk is full takes no writes.
  if (a.state.has_space != b.state.has_space) return a.state.has_space;
  // One that cut a torn tail has lost what it had not acknowledged; others may have more.
  if (a.state.cut_tail != b.state.cut_tail) return b.state.cut_tail;
  return prefer_(a, b);
}

void Controller::found_nobody(bool over, int64_t now, ControllerEffects& out) {
  if (goal_ != Goal::kReplace) {
    // The leader goes on; where it has failed meanwhile, that shows at the next tick.
    out.notices.push_back("leadership stays where it is leader=" + std::to_string(record_->leader));
    goal_ = Goal::kReplace;
    enter(Phase::kWatching, now);
    return;
  }
  if (!over) return;
  failed_to_open_.clear();
  leader_since_ns_ = now;  // tried again after the next take-over time
  enter(Phase::kWatching, now);
}

void Controller::announce(ControllerEffects& out) {
  for (const auto& [id, known] : replicas_) {
    if (!known.alive) continue;
    Message m = make(MessageType::kAnnounce, known);
    m.record = record_;
    out.messages.push_back(std::move(m));
  }
  for (const Member& member : record_->in_sync) {
    if (member.id == record_->leader) continue;
    const auto it = replicas_.find(member.id);
    if (it != replicas_.end() && it->second.member == member) report_down(it->second, out);
  }
}

// Tells the leader of a member that is proven dead, or silent to this controller: it need not find
// that out again by waiting.
void Controller::report_down(const Known& known, ControllerEffects& out) {
  const Known* to = leader();
  if (to == nullptr) return;
  const bool silent = known.answered_question < election_question_;
  if (!known.proven_dead && !silent) return;
  Message m = make(MessageType::kSessionDown, *to);
  m.subject = known.member.id;
  m.subject_session = known.session;
  m.proven = known.proven_dead;
  out.messages.push_back(std::move(m));
}

void Controller::watch_opening(int64_t now, ControllerEffects& out) {
  const auto it = replicas_.find(record_->leader);
  const bool alive = it != replicas_.end() && it->second.alive;
  if (alive && now - it->second.last_asked_ns >= kOpeningAskNs) ask(it->second, now, out);
  const bool leads = alive && it->second.state && it->second.state->leading &&
                     it->second.state->promise == record_->epoch &&
                     now - it->second.last_answer_ns < options_.takeover_ns;
  const int64_t limit = leads ? options_.opening_ns : options_.takeover_ns;
  if (alive && now - phase_since_ns_ <= limit) return;
  failed_to_open_.insert(record_->leader);
  begin_election("the leader has not opened its epoch", now, out);
}

void Controller::ask(Known& known, int64_t now, ControllerEffects& out) {
  Message m = make(MessageType::kQueryState, known);
  m.question = ++question_;
  known.last_asked_ns = now;
  out.messages.push_back(std::move(m));
}

// --- what an operator wants ---

Status Controller::transfer(ReplicaId id, int64_t now, ControllerEffects& out) {
  const std::string subject = options_.nouns.replica + " " + std::to_string(id);
  if (!active_ || !record_) return fail(ErrorKind::kUnavailable, "there is no group to lead yet");
  const auto it = replicas_.find(id);
  if (it == replicas_.end() || !it->second.alive) {
    return fail(ErrorKind::kNotFound, "there is no " + subject);
  }
  if (record_->leader == id) {
    return fail(ErrorKind::kConflict, subject + " is the " + options_.nouns.leader + " already");
  }
  if (!record_->contains(it->second.member)) {
    return fail(ErrorKind::kConflict,
                subject + " is not in sync; these are: " + id_text(record_->in_sync));
  }
  if (phase_ != Phase::kWatching || !leader_open()) {
    return fail(ErrorKind::kUnavailable, "a " + options_.nouns.leader + " is being chosen now");
  }
  goal_ = Goal::kTransfer;
  wanted_ = id;
  begin_election("a transfer to " + std::to_string(id) + " was asked for", now, out);
  return {};
}

std::vector<Member> Controller::silent_members(int64_t now) const {
  std::vector<Member> silent;
  if (!record_) return silent;
  for (const Member& member : record_->in_sync) {
    const auto it = replicas_.find(member.id);
    const bool there = it != replicas_.end() && it->second.member == member;
    if (!there || !answers(it->second, now)) silent.push_back(member);
  }
  return silent;
}

std::optional<Candidate> Controller::best_survivor(int64_t now) const {
  std::optional<Candidate> best;
  if (!record_) return best;
  for (const auto& [id, known] : replicas_) {
    if (!answers(known, now) || known.lineage != record_->lineage) continue;
    if (known.state->last_index == 0) continue;  // a new directory that only heard of the group
    const Candidate candidate{known.member, *known.state};
    const auto rank = [](const Candidate& c) {
      return std::make_tuple(c.state.last_epoch, c.state.last_index, !c.state.cut_tail);
    };
    if (!best || rank(candidate) > rank(*best) ||
        (rank(candidate) == rank(*best) && prefer_(candidate, *best))) {
      best = candidate;
    }
  }
  return best;
}

Result<Candidate> Controller::accept_loss(const std::set<ReplicaId>& given_up, int64_t now,
                                          ControllerEffects& out) {
  const std::string& noun = options_.nouns.replica;
  if (!active_ || !record_) return fail(ErrorKind::kUnavailable, "there is no group yet");
  for (const ReplicaId id : given_up) {
    if (record_->find(id) != nullptr) continue;
    return fail(ErrorKind::kBadInput,
                noun + " " + std::to_string(id) + " is not a member of the in-sync set");
  }
  const std::vector<Member> silent = silent_members(now);
  if (silent.size() != record_->in_sync.size()) {
    return fail(ErrorKind::kConflict,
                "an in-sync " + noun +
                    " answers: it has everything that was acknowledged and leads by "
                    "itself, nothing is to be given up");
  }
  if (phase_ == Phase::kSwapping || phase_ == Phase::kOpening) {
    return fail(ErrorKind::kUnavailable, "a " + options_.nouns.leader + " is being chosen now");
  }
  const bool all_named = std::all_of(silent.begin(), silent.end(), [&](const Member& member) {
    return given_up.contains(member.id);
  });
  if (!all_named) {
    return fail(
        ErrorKind::kConflict,
        "every in-sync " + noun + " that does not answer must be named: " + id_text(silent));
  }
  const auto best = best_survivor(now);
  if (!best) {
    return fail(ErrorKind::kUnavailable, "no " + noun + " that answers has data of this group");
  }
  Record record = *record_;
  record.epoch = std::max(record.epoch, best->state.promise) + 1;
  record.version += 1;
  record.leader = best->member.id;
  record.in_sync = {best->member};
  swap_ = Swap{record_->version, std::move(record)};
  out.swap = swap_;
  out.notices.push_back("the loss of " + id_text(silent) +
                        " is accepted: elects leader=" + std::to_string(best->member.id) +
                        " last_epoch=" + std::to_string(best->state.last_epoch) +
                        " last_index=" + std::to_string(best->state.last_index));
  goal_ = Goal::kReplace;
  enter(Phase::kSwapping, now);
  return *best;
}

void Controller::enter(Phase phase, int64_t now) {
  phase_ = phase;
  phase_since_ns_ = now;
}

Message Controller::make(MessageType type, const Known& to) const {
  Message m;
  m.type = type;
  m.lineage = record_ ? record_->lineage : 0;
  m.epoch = record_ ? record_->epoch : 0;
  m.from = kController;
  m.to = to.member.id;
  m.to_session = to.session;
  return m;
}

}  // namespace tandem::repl
