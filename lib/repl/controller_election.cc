// Controller: elections, from a leader that fails to one that has opened its epoch.
#include <algorithm>
#include <utility>

#include "repl/context.h"
#include "repl/controller.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kOpeningAskNs = 1'000'000;
constexpr int kReadsToBeSure = 2;
constexpr uint64_t kEpochGap = 1000;
constexpr int kAttemptsTold = 10;  // in a row; then one in as many

}  // namespace

// A newer one was there once. A read that was under way when this one learned of it shows nothing;
// one that began later does.
bool Controller::record_went_back() const {
  return record_is_in_doubt() && reads_since_news_ >= kReadsToBeSure;
}

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

bool Controller::repair_is_due(int64_t now) const {
  if (!record_went_back()) return false;
  return !sought_ns_ || now - *sought_ns_ >= options_.seek_again_ns;
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

Controller::Answers Controller::hear(int64_t now) const {
  Answers answers;
  for (const auto& [id, known] : replicas_) {
    // Whoever is there may know what is committed, and of a newer record.
    const bool awaited = goal_ != Goal::kTransfer && known.alive && !known.has_told();
    if (awaited && now - known.last_answer_ns <= options_.silence_ns) answers.all_told = false;
  }
  for (const Member& member : record_->in_sync) {
    const auto it = replicas_.find(member.id);
    if (it == replicas_.end() || it->second.member != member || it->second.proven_dead) {
      answers.all_members = false;
      if (it != replicas_.end() && it->second.alive && it->second.state) ++answers.gone;
      continue;
    }
    const Known& known = it->second;
    if (known.answered_question < election_question_ || !known.has_told()) {
      const bool awaited = goal_ != Goal::kTransfer || member.id == wanted_;
      const bool gone = known.stopped || now - known.last_answer_ns > options_.silence_ns;
      answers.all_told = answers.all_told && (gone || !awaited);
      answers.all_members = false;
      continue;
    }
    ++answers.members;
    answers.last_start_ns = std::max(answers.last_start_ns, known.up_since_ns);
    answers.any_caught_up = answers.any_caught_up || !known.memory || known.memory->caught_up;
    if (goal_ == Goal::kReplace && member.id == record_->leader && known.state->leading &&
        known.state->promise == record_->epoch && now - leader_since_ns_ < options_.opening_ns) {
      answers.leads_after_all = true;
    }
    const Candidate candidate{member, *known.state};
    if (suits(candidate)) answers.candidates.push_back(candidate);
  }
  return answers;
}

// Chooses once every in-sync member that may be alive has answered, or when waiting is over. Where
// none of them has heard of a leader since it started, the others are waited for as well.
void Controller::choose(int64_t now, ControllerEffects& out) {
  Answers answers = hear(now);
  if (answers.leads_after_all && !record_went_back()) {
    enter(Phase::kOpening, now);
    return;
  }
  // Which record is to be followed is not known yet: a read tells.
  if (record_is_in_doubt() && !record_went_back()) return;
  const int64_t waited_ns = now - phase_since_ns_;
  const bool over = waited_ns > options_.answers_ns;
  if (!answers.all_told && !over) return;
  const bool certain = answers.any_caught_up || answers.all_members;
  const bool replaces = goal_ == Goal::kReplace || goal_ == Goal::kRepair;
  const bool others_may_come = !certain && !answers.candidates.empty();
  // What started last may have been stopped with the others.
  const int64_t cold_since_ns = std::max(phase_since_ns_, answers.last_start_ns);
  if (others_may_come && now - cold_since_ns <= options_.cold_answers_ns) return;
  const bool repair = record_went_back() || highest_promise() > record_->epoch;
  if (repair && !answers.all_members && !planted(Bug::kRepairWithoutAll)) {
    set_trouble(why_not_repaired(), out);
    answers.candidates.clear();
  }
  const size_t left = record_->in_sync.size() - answers.gone;
  const size_t needed = std::min<size_t>(record_->min_in_sync, left);
  if (others_may_come && answers.members < needed && !planted(Bug::kElectTooFew)) {
    set_trouble(too_few_to_be_sure(needed), out);
    answers.candidates.clear();
  }
  drop_unfit(answers, now, out);
  if (answers.candidates.empty() && replaces && !repair && answers.all_members) {
    take_outsiders(answers, now);
  }
  if (answers.candidates.empty()) {
    found_nobody(over, now, out);
    return;
  }
  const auto best =
      std::min_element(answers.candidates.begin(), answers.candidates.end(),
                       [this](const Candidate& a, const Candidate& b) { return better(a, b); });
  elect(*best, repair, certain, now, out);
}

void Controller::elect(const Candidate& best, bool repair, bool certain, int64_t now,
                       ControllerEffects& out) {
  const uint64_t session = replicas_.at(best.member.id).session;
  Record record = *record_;
  record.epoch = std::max(record.epoch, repair ? highest_promise() : 0) + 1;
  // Who is not there may know of epochs that nobody here has heard of, where more than one thing
  // went back: they are not to be used again.
  if (!certain) record.epoch += session % kEpochGap;
  const uint64_t expected = repair && record_went_back() ? stored_version_ : record.version;
  record.version = expected + 1;
  record.leader = best.member.id;
  record.leader_session = session;
  if (!record.contains(best.member)) record.in_sync = {best.member};
  out.notices.push_back("elects leader=" + std::to_string(best.member.id) +
                        " epoch=" + std::to_string(record.epoch));
  if (repair) {
    out.notices.push_back("puts the record back that replicas have seen, in place of version=" +
                          std::to_string(expected));
  }
  swap_ = Swap{expected, repair && record_went_back() ? stored_ : record_, std::move(record)};
  out.swap = swap_;
  enter(Phase::kSwapping, now);
}

Epoch Controller::highest_promise() const {
  Epoch highest = 0;
  for (const auto& [id, known] : replicas_) {
    const bool ours = known.state && known.lineage == record_->lineage;
    if (ours && !record_->has_given_up(known.member)) {
      highest = std::max(highest, known.state->promise);
    }
  }
  return highest;
}

bool Controller::holds(const Known& known, const Position& position) const {
  if (known.memory) return repl::holds(known.memory->ends, position);
  return Position{known.state->last_epoch, known.state->last_index} >= position;
}

// Of those that have not caught up since they started, only one whose log goes furthest may lead:
// what it lacks may be committed, though nobody wrote that down yet.
bool Controller::has_newest(const Known& known) const {
  if (!known.memory || known.memory->caught_up || planted(Bug::kIgnoreLongest)) return true;
  const auto end = [](const ReplicaState& state) {
    return Position{state.last_epoch, state.last_index};
  };
  return std::none_of(record_->in_sync.begin(), record_->in_sync.end(), [&](const Member& member) {
    const auto it = replicas_.find(member.id);
    return it != replicas_.end() && it->second.member == member && it->second.state &&
           end(*it->second.state) > end(*known.state) && who_lacks_what(it->second).empty();
  });
}

// "" where it lacks nothing that any replica knows committed.
std::string Controller::who_lacks_what(const Known& known,
                                       const std::set<ReplicaId>& given_up) const {
  if (planted(Bug::kIgnoreMark)) return "";
  const std::string& noun = options_.nouns.replica;
  for (const auto& [id, other] : replicas_) {
    if (!other.memory || other.lineage != record_->lineage) continue;
    if (given_up.contains(id) && record_->contains(other.member)) continue;
    if (record_->has_given_up(other.member) || holds(known, other.memory->committed)) continue;
    return noun + " " + std::to_string(known.member.id) + " lacks " +
           to_text(other.memory->committed) + ", which " + noun + " " + std::to_string(id) +
           " knows committed";
  }
  return "";
}

void Controller::drop_unfit(Answers& answers, int64_t now, ControllerEffects& out) {
  std::string lacking;
  std::erase_if(answers.candidates, [&](const Candidate& candidate) {
    const Known& known = replicas_.at(candidate.member.id);
    const std::string lacks = who_lacks_what(known);
    if (!lacks.empty()) lacking += (lacking.empty() ? "" : "; ") + lacks;
    return !lacks.empty() || !has_newest(known);
  });
  if (lacking.empty()) return;
  if (answers.candidates.empty()) {
    // Why those outside the set cannot lead either.
    for (const auto& [id, known] : replicas_) {
      const bool ours = known.state && known.memory && known.lineage == record_->lineage;
      if (!ours || record_->contains(known.member) || known.memory->committed.index == 0) continue;
      const std::string lacks = who_lacks_what(known);
      if (!lacks.empty()) lacking += "; " + lacks;
    }
  }
  if (!answers.candidates.empty()) {
    out.notices.push_back(lacking);
  } else if (now - phase_since_ns_ > options_.answers_ns) {
    set_trouble("a disk went back to an earlier state: " + lacking +
                    "; nobody can lead without losing what was acknowledged: bring back who has "
                    "it, or give up who lacks it",
                out);
  }
}

// An old image led alone, as nobody else was there, and left the others out of the set. It says
// itself what it committed: where one of them holds all of that, and all that anybody else knows
// committed, nothing is lost by its leading.
void Controller::take_outsiders(Answers& found, int64_t now) const {
  if (record_->in_sync.size() != 1 || record_->min_in_sync > 1) return;
  // It has stopped leading this epoch, so it commits nothing more in it.
  const Known& image = replicas_.at(record_->in_sync.front().id);
  const bool has_stopped = !image.state->leading && image.state->promise >= record_->epoch;
  if (!has_stopped || who_lacks_what(image).empty()) return;
  for (const auto& [id, known] : replicas_) {
    const bool ours = answers(known, now) && known.lineage == record_->lineage;
    if (!ours || !known.memory || record_->contains(known.member)) continue;
    if (known.memory->committed.index == 0 || record_->has_given_up(known.member)) continue;
    if (who_lacks_what(known).empty()) found.candidates.push_back({known.member, *known.state});
  }
}

std::vector<Member> Controller::missing_members() const {
  std::vector<Member> missing;
  for (const Member& member : record_->in_sync) {
    const auto it = replicas_.find(member.id);
    const bool there = it != replicas_.end() && it->second.member == member && it->second.state &&
                       it->second.alive;
    if (!there) missing.push_back(member);
  }
  return missing;
}

// None of those that answer has heard of a leader since it started: each may be an old image.
std::string Controller::too_few_to_be_sure(size_t needed) const {
  const std::string& noun = options_.nouns.replica;
  return "everything was stopped, and before a " + options_.nouns.leader + " is chosen " +
         std::to_string(needed) + " of the in-sync " + noun + "s " + id_text(record_->in_sync) +
         " have to answer, as what fewer have may be old; missing: " + noun + " " +
         id_text(missing_members());
}

std::string Controller::why_not_repaired() const {
  const std::string& noun = options_.nouns.replica;
  const std::string missing = id_text(missing_members());
  return "the record went back to " +
         (stored_ ? "version " + std::to_string(stored_version_) + " of epoch " +
                        std::to_string(stored_->epoch)
                  : std::string("nothing that can be read")) +
         ", version " + std::to_string(record_->version) + " of epoch " +
         std::to_string(record_->epoch) + " was seen with the " + noun + "s " +
         id_text(record_->in_sync) + " in sync: it is put back once all of them answer" +
         (missing.empty() ? "" : "; missing: " + noun + " " + missing);
}

void Controller::set_trouble(const std::string& trouble, ControllerEffects& out) {
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (!trouble_.empty()) out.notices.push_back(trouble_);
}

bool Controller::suits(const Candidate& candidate) const {
  switch (goal_) {
    case Goal::kReplace:
    case Goal::kRepair:
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
  if (goal_ == Goal::kRepair) {
    goal_ = Goal::kReplace;
    enter(Phase::kWatching, now);
    return;
  }
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

}  // namespace tandem::repl
