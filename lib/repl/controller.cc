#include "repl/controller.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "repl/context.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kRereadNs = 200'000'000;
constexpr size_t kMaxGivenUp = 16;

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

void Controller::create(uint64_t lineage, const Member& member, uint64_t session,
                        uint32_t min_in_sync, int64_t now, ControllerEffects& out) {
  CHECK(lineage != 0);
  Record record;
  record.lineage = lineage;
  record.epoch = 1;
  record.version = 1;
  record.leader = member.id;
  record.leader_session = session;
  record.in_sync = {member};
  record.min_in_sync = min_in_sync;
  swap_ = Swap{0, std::nullopt, std::move(record)};
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

void Controller::record_read(const Reading& reading, int64_t now, ControllerEffects& out) {
  record_was_read_ = record_was_read_ || reading.consistent;
  const std::optional<Record>& record = reading.record;
  const bool foreign = record && record_ && record->lineage != record_->lineage;
  if (reading.consistent && !foreign) {
    stored_ = record;
    stored_version_ = reading.version;
    ++reads_since_news_;
  }
  bool new_leader = false;
  const bool follows = record && (!record_ || record->order() >= record_->order());
  if (!foreign && (follows || (record && planted(Bug::kBelieveOldRecord)))) {
    new_leader = !record_ || record_->epoch != record->epoch;
    adopt(*record, now);
  }
  if (new_leader && phase_ != Phase::kSwapping) {
    follow_choice(now);
  } else if (phase_ == Phase::kReading && reading.consistent) {
    ask_members(now, out);
  }
}

void Controller::adopt(const Record& record, int64_t now) {
  if (!record_ || record_->epoch != record.epoch) leader_since_ns_ = now;
  if (!record_ || record_->order() < record.order()) reads_since_news_ = record == stored_ ? 1 : 0;
  record_ = record;
}

// A replica that has seen a newer record than the one that can be read.
void Controller::learn_memory(const Known& known, int64_t now, ControllerEffects& out) {
  const auto& told = known.memory->record;
  if (!told || told->lineage != known.lineage || planted(Bug::kBelieveOldRecord)) return;
  if (record_ ? record_->lineage != told->lineage : !record_was_read_) return;
  if (told->has_given_up(known.member) || (record_ && record_->has_given_up(known.member))) return;
  if (record_ && told->order() <= record_->order()) return;
  const bool new_leader = !record_ || record_->epoch != told->epoch;
  adopt(*told, now);
  out.read_record = true;
  last_reread_ns_ = now;
  if (new_leader && phase_ != Phase::kSwapping) follow_choice(now);
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
  stored_ = record_;
  stored_version_ = record_->version;
  set_trouble("", out);
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
  if (answer.type == MessageType::kMemory) {
    known.memory = answer.memory;
    known.states_without_memory = 0;
    learn_memory(known, now, out);
  } else {
    ++known.states_without_memory;
  }
  known.answered_question = std::max(known.answered_question, answer.question);
  if (!active_ || !record_) return;
  if (phase_ == Phase::kAsking) choose(now, out);
  if (phase_ == Phase::kOpening && answer.from == record_->leader && leader_open()) {
    out.notices.push_back("leader is open id=" + std::to_string(record_->leader) +
                          " epoch=" + std::to_string(record_->epoch));
    set_trouble("", out);
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
  if (record_is_in_doubt()) next.at(last_reread_ns_ + kRereadNs);
  next.by(leader_since_ns_ + options_.takeover_ns + 1);
  if (sought_ns_) next.by(*sought_ns_ + options_.seek_again_ns);
  const bool acts = electing() || repair_is_due(now) || leader_has_failed(now) ||
                    another_has_space(now) || others_hear_more(now);
  return acts ? std::min(now, next.ns()) : next.ns();
}

void Controller::tick(int64_t now, ControllerEffects& out) {
  forgive_own_absence(now);
  for (auto& [id, known] : replicas_) {
    if (known.alive && now - known.last_asked_ns >= ask_every_ns(known)) ask(known, now, out);
  }
  if (!active_ || !record_) return;
  if (record_is_in_doubt() && now - last_reread_ns_ >= kRereadNs) {
    last_reread_ns_ = now;
    out.read_record = true;
  }
  switch (phase_) {
    case Phase::kWatching:
      if (repair_is_due(now)) {
        sought_ns_ = now;
        goal_ = Goal::kRepair;
        begin_election("the record is older than what replicas have seen", now, out);
      } else if (leader_has_failed(now)) {
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

std::vector<Member> Controller::members_without_space() const {
  std::vector<Member> full = record_ ? record_->in_sync : std::vector<Member>{};
  std::erase_if(full, [this](const Member& member) {
    const ReplicaState* state = state_of(member.id);
    return state == nullptr || state->has_space;
  });
  return full;
}

std::optional<Candidate> Controller::best_survivor(int64_t now,
                                                   const std::set<ReplicaId>& given_up) const {
  std::optional<Candidate> best;
  if (!record_) return best;
  for (const auto& [id, known] : replicas_) {
    if (!answers(known, now) || known.lineage != record_->lineage) continue;
    if (known.state->last_index == 0) continue;  // a new directory that only heard of the group
    const bool gone = given_up.contains(id) && record_->contains(known.member);
    if (gone || !who_lacks_what(known, given_up).empty()) continue;
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
  // Where members answer and none of them can lead, that is why: a disk or the record went back, or
  // they are fewer than the set has to have.
  const bool too_few = record_->in_sync.size() - silent.size() < record_->min_in_sync;
  const bool stuck = (!trouble_.empty() || too_few) && !leader_open();
  if (!stuck && silent.size() != record_->in_sync.size()) {
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
  const auto best = best_survivor(now, given_up);
  if (!best) {
    return fail(ErrorKind::kConflict,
                "no " + noun + " that answers has " +
                    (stuck && !trouble_.empty() ? "what the others know committed: " + trouble_
                                                : std::string("data of this group")));
  }
  Record record = *record_;
  const uint64_t expected = record_went_back() ? stored_version_ : record.version;
  record.epoch = std::max({record.epoch, best->state.promise, highest_promise()}) + 1;
  record.version = expected + 1;
  record.leader = best->member.id;
  record.leader_session = replicas_.at(best->member.id).session;
  record.in_sync = {best->member};
  for (const ReplicaId id : given_up) record.given_up.push_back(*record_->find(id));
  if (record.given_up.size() > kMaxGivenUp) {
    record.given_up.erase(record.given_up.begin(), record.given_up.end() - kMaxGivenUp);
  }
  const auto lost =
      record.given_up.end() - static_cast<std::ptrdiff_t>(std::min(given_up.size(), kMaxGivenUp));
  out.notices.push_back("the loss of " + id_text({lost, record.given_up.end()}) +
                        " is accepted: elects leader=" + std::to_string(best->member.id) +
                        " last_epoch=" + std::to_string(best->state.last_epoch) +
                        " last_index=" + std::to_string(best->state.last_index));
  swap_ = Swap{expected, record_went_back() ? stored_ : record_, std::move(record)};
  out.swap = swap_;
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
