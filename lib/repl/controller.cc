#include "repl/controller.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "repl/context.h"

namespace tandem::repl {
namespace {

constexpr int64_t kRereadNs = 200'000'000;
constexpr int kQuietQuestions = 3;  // without an answer
// Of swaps that fail in a row, on the same record: so many are tried again at once.
constexpr int kPromptSwaps = 2;
constexpr int64_t kLongestPauseNs = 5'000'000'000;

int64_t pause_ns(int failed_swaps) {
  if (failed_swaps <= kPromptSwaps) return 0;
  const int doublings = std::min(failed_swaps - kPromptSwaps - 1, 10);
  return std::min(kRereadNs << doublings, kLongestPauseNs);
}

}  // namespace

Controller::Controller(const ControllerOptions& options, Prefer prefer)
    : options_(options),
      prefer_(std::move(prefer)),
      known_({options.silence_ns, kQuietQuestions * options.ask_every_ns}, options.nouns) {}

void Controller::set_active(bool active) {
  active_ = active;
  if (active) return;
  phase_ = Phase::kWatching;
  goal_ = Goal::kReplace;
  forget_failed_swaps();
}

// --- what the owner knows ---

void Controller::replica_up(const Member& member, uint64_t session, int64_t now) {
  known_.replica_up(member, session, now);
}

void Controller::replica_dead(ReplicaId id, uint64_t session, int64_t now, ControllerEffects& out) {
  Known* known = known_.in_session(id, session);
  if (known == nullptr) return;
  known->alive = false;
  known->proven_dead = true;
  known->state.reset();
  if (!active_ || !record()) return;
  if (record()->leader == id) {
    if (phase_ == Phase::kWatching || phase_ == Phase::kOpening) {
      // The record as it is known will do: where it has changed, the swap on its version fails.
      tell_election("the leader died", out);
      ask_members(now, out);
    }
  } else {
    report_down(*known, out);
  }
}

void Controller::replica_stopped(ReplicaId id, uint64_t session, int64_t now) {
  Known* known = known_.in_session(id, session);
  // Heard only just now, it may have gone on since somebody looked.
  if (known != nullptr) {
    known->stopped = known->alive && now - known->last_answer_ns > options_.ask_every_ns;
  }
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
  const Known* to = known_.leader();
  if (to == nullptr) return;
  Message m = make(MessageType::kRemoveMember, *to);
  m.subject = id;
  out.messages.push_back(std::move(m));
}

// --- events ---

void Controller::record_read(const Reading& reading, int64_t now, ControllerEffects& out) {
  const Knowledge::News news = known_.read(reading);
  look_at_failed_swaps();
  if (follow(news, now)) return;
  if (phase_ == Phase::kReading && reading.consistent && !pauses(now)) ask_members(now, out);
  // A watch may only be late; a read tells whether the record went back.
  if (active_ && !reading.consistent && known_.is_newer_than(reading)) out.read_record = true;
}

// Whether somebody else has chosen.
bool Controller::follow(Knowledge::News news, int64_t now) {
  if (news != Knowledge::News::kNewLeader) return false;
  leader_since_ns_ = now;
  if (phase_ == Phase::kSwapping) return false;
  follow_choice(now);
  return true;
}

// Where the same swap fails again and again, as it is refused for what it is, the next one has to
// wait. A record that has changed is another matter.
void Controller::look_at_failed_swaps() {
  if (!failed_swap_ || !record()) return;
  const bool same = failed_swap_->expected_version == known_.expected_version() &&
                    failed_swap_->expected == known_.expected();
  if (!same) forget_failed_swaps();
}

void Controller::forget_failed_swaps() {
  failed_swap_.reset();
  failed_swaps_ = 0;
  resume_ns_ = 0;
}

// The leader of the record has its time to open.
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
    const Epoch wanted = swap_->record.epoch;
    failed_swap_ = std::exchange(swap_, std::nullopt);
    ++failed_swaps_;
    resume_ns_ = now + pause_ns(failed_swaps_);
    look_at_failed_swaps();
    if (record() && record()->epoch >= wanted) return follow_choice(now);
    enter(Phase::kReading, now);
    out.read_record = true;
    return;
  }
  forget_failed_swaps();
  known_.wrote(std::exchange(swap_, std::nullopt)->record);
  set_trouble("", out);
  goal_ = Goal::kReplace;
  leader_since_ns_ = now;
  enter(Phase::kOpening, now);
  announce(out);
  watch_opening(now, out);
}

void Controller::state_answered(const Message& answer, int64_t now, ControllerEffects& out) {
  const Known* known = known_.answered(answer, now);
  if (known == nullptr) return;
  if (answer.type == MessageType::kMemory) {
    const Knowledge::News news = known_.learn(*known);
    if (news != Knowledge::News::kNone) {
      out.read_record = true;
      last_reread_ns_ = now;
    }
    look_at_failed_swaps();
    follow(news, now);
  }
  if (!active_ || !record()) return;
  if (phase_ == Phase::kAsking) choose(now, out);
  if (phase_ == Phase::kOpening && answer.from == record()->leader && leader_open()) {
    out.notices.push_back("leader is open id=" + std::to_string(record()->leader) +
                          " epoch=" + std::to_string(record()->epoch));
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
  known_.forgive(absent_ns, now);
}

// An active one asks a new leader by itself; requests wait at a passive one as well.
int64_t Controller::ask_every_ns(const Known& known) const {
  const bool closed = !active_ && record() && known.member.id == record()->leader && !leader_open();
  return closed ? options_.ask_closed_ns : options_.ask_every_ns;
}

int64_t Controller::takeover_ns(const Known* chosen) const {
  return chosen == nullptr ? options_.takeover_ns : chosen->answer.ns(options_.takeover_ns);
}

// Whatever tick() compares the clock with, and the owner with quiet(). It is never further away
// than the next questions: a longer sleep would look like an absence of its own.
int64_t Controller::next_tick_ns(int64_t now) const {
  Deadline next(now);
  next.at(ticked_ns_ + options_.ask_every_ns);
  for (const auto& [id, known] : known_.replicas()) {
    if (known.alive) next.at(known.last_asked_ns + ask_every_ns(known));
  }
  if (const Known* leads = known_.leader(); leads != nullptr) {
    next.by(leads->last_answer_ns + kQuietQuestions * options_.ask_every_ns + 1);
    next.by(known_.silent_after_ns(*leads) + 1);
    next.by(leads->up_since_ns + takeover_ns(leads) + 1);
  }
  if (!active_ || !record()) return next.ns();
  if (known_.record_is_in_doubt()) next.at(last_reread_ns_ + kRereadNs);
  next.by(leader_since_ns_ + takeover_ns(known_.leader()) + 1);
  if (sought_ns_) next.by(*sought_ns_ + options_.seek_again_ns);
  if (pauses(now)) {
    next.at(resume_ns_);
    return next.ns();
  }
  const bool acts = electing() || repair_is_due(now) || leader_has_failed(now) ||
                    another_has_space(now) || others_hear_more(now);
  return acts ? std::min(now, next.ns()) : next.ns();
}

void Controller::tick(int64_t now, ControllerEffects& out) {
  forgive_own_absence(now);
  for (auto& [id, known] : known_.replicas()) {
    if (known.alive && now - known.last_asked_ns >= ask_every_ns(known)) ask(known, now, out);
  }
  if (!active_ || !record()) return;
  if (known_.record_is_in_doubt() && now - last_reread_ns_ >= kRereadNs) {
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
        const bool able = known_.leader()->state->able;
        begin_election(able ? "the leader's disk is full" : "the leader can neither apply nor read",
                       now, out);
      } else if (others_hear_more(now)) {
        sought_ns_ = now;
        goal_ = Goal::kCutOff;
        begin_election("the leader is cut off from its set", now, out);
      }
      return;
    case Phase::kReading:
      if (now - phase_since_ns_ > kRereadNs && !pauses(now)) {
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

// --- whether there is to be another leader ---

bool Controller::leader_has_failed(int64_t now) const {
  const Known* known = known_.leader();
  if (known == nullptr) {
    return now - leader_since_ns_ > options_.takeover_ns || leader_is_dead_and_another_answers();
  }
  // After an attempt that found nobody `leader_since_ns_` is new: the next one waits.
  if (known->stopped || known_.is_silent(*known, now)) {
    return now - leader_since_ns_ > takeover_ns(known);
  }
  const bool leads =
      known->state && known->state->leading && known->state->promise == record()->epoch;
  // It came back, or learned of a later epoch: it leads this one no more.
  if (!leads && known->state && known->state->promise >= record()->epoch) return true;
  const int64_t since = std::max(leader_since_ns_, known->up_since_ns);
  return !leads && known->state && now - since > takeover_ns(known);
}

// After an attempt that found nobody: as soon as an in-sync member is back, the next one can do.
bool Controller::leader_is_dead_and_another_answers() const {
  const Known* dead = known_.find(record()->leader);
  if (dead == nullptr || !dead->proven_dead) return false;
  return known_.missing_members().size() < record()->in_sync.size();
}

bool Controller::repair_is_due(int64_t now) const {
  if (!known_.record_went_back()) return false;
  return !sought_ns_ || now - *sought_ns_ >= options_.seek_again_ns;
}

// Whether the leader has no space left and an in-sync member that could lead has.
bool Controller::another_has_space(int64_t now) const {
  const Known* leads = known_.leader();
  if (leads == nullptr || !leader_open() || leads->state->has_space) return false;
  if (sought_ns_ && now - *sought_ns_ < options_.seek_again_ns) return false;
  return std::any_of(record()->in_sync.begin(), record()->in_sync.end(), [&](const Member& m) {
    const Known* known = known_.find(m);
    return m.id != record()->leader && known != nullptr && known_.answers(*known, now) &&
           known->state->has_space;
  });
}

// Whether the leader can do nothing without members that it does not hear, and one of them is heard
// here, with enough replicas to go on without it: they join the new leader's set before it goes.
bool Controller::others_hear_more(int64_t now) const {
  const Known* leads = known_.leader();
  if (leads == nullptr || !leader_open() || !leads->state->cut_off) return false;
  if (sought_ns_ && now - *sought_ns_ < options_.seek_again_ns) return false;
  size_t heard = 0;
  size_t in_sync = 0;
  for (const auto& [id, known] : known_.replicas()) {
    if (id == record()->leader || !known_.answers(known, now) || quiet(id, now)) continue;
    ++heard;
    if (record()->contains(known.member)) ++in_sync;
  }
  return in_sync > 0 && heard >= record()->min_in_sync;
}

// --- what an operator wants ---

OperatorRequests::Standing Controller::standing() const {
  const bool chosen = phase_ == Phase::kSwapping || phase_ == Phase::kOpening;
  return {.active = active_, .electing = electing(), .chosen = chosen, .trouble = trouble_};
}

Status Controller::transfer(ReplicaId id, int64_t now, ControllerEffects& out) {
  Status may = requests_.may_lead(id, standing());
  if (!may) return may;
  goal_ = Goal::kTransfer;
  wanted_ = id;
  begin_election("a transfer to " + std::to_string(id) + " was asked for", now, out);
  return {};
}

Result<Candidate> Controller::accept_loss(const std::set<ReplicaId>& given_up, int64_t now,
                                          ControllerEffects& out) {
  auto loss = requests_.accept_loss(given_up, standing(), now);
  if (!loss) return fail(loss.error());
  out.notices.push_back(std::move(loss->notice));
  swap_ = std::move(loss->swap);
  out.swap = swap_;
  goal_ = Goal::kReplace;
  enter(Phase::kSwapping, now);
  return loss->survivor;
}

// --- what is known, and how it is asked for ---

const ReplicaState* Controller::state_of(ReplicaId id) const {
  const Known* known = known_.find(id);
  return known == nullptr || !known->state ? nullptr : &*known->state;
}

uint64_t Controller::lineage_of(ReplicaId id) const {
  const Known* known = known_.find(id);
  return known == nullptr ? 0 : known->lineage;
}

void Controller::set_trouble(const std::string& trouble, ControllerEffects& out) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble_.empty()) out.notices.push_back(trouble_);
}

void Controller::ask(Known& known, int64_t now, ControllerEffects& out) {
  known.last_asked_ns = now;
  ++question_;
  // Programs that do not know the second question answer the first.
  if (!known.memory) {
    Message m = make(MessageType::kQueryState, known);
    m.question = question_;
    out.messages.push_back(std::move(m));
  }
  Message m = make(MessageType::kQueryMemory, known);
  m.question = question_;
  out.messages.push_back(std::move(m));
}

void Controller::enter(Phase phase, int64_t now) {
  phase_ = phase;
  phase_since_ns_ = now;
}

Message Controller::make(MessageType type, const Known& to) const {
  Message m;
  m.type = type;
  m.lineage = record() ? record()->lineage : 0;
  m.epoch = record() ? record()->epoch : 0;
  m.from = kController;
  m.to = to.member.id;
  m.to_session = to.session;
  return m;
}

}  // namespace tandem::repl
