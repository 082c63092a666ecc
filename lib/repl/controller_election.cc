// Controller: elections, from a leader that fails to one that has opened its epoch.
#include <algorithm>
#include <utility>

#include "repl/context.h"
#include "repl/controller.h"
#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int64_t kOpeningAskNs = 1'000'000;
constexpr uint64_t kEpochGap = 1000;
constexpr int kAttemptsTold = 10;  // in a row; then one in as many

bool is_told(int attempts) { return attempts <= kAttemptsTold || attempts % kAttemptsTold == 0; }

}  // namespace

void Controller::begin_election(const std::string& why, int64_t now, ControllerEffects& out) {
  tell_election(why, out);
  out.read_record = true;
  enter(Phase::kReading, now);
}

void Controller::tell_election(const std::string& why, ControllerEffects& out) {
  ++attempts_;
  if (!is_told(attempts_)) return;
  out.notices.push_back("election: " + why + " leader=" + std::to_string(record()->leader) +
                        " epoch=" + std::to_string(record()->epoch) +
                        " attempt=" + std::to_string(attempts_));
}

void Controller::ask_members(int64_t now, ControllerEffects& out) {
  if (!record()) {
    enter(Phase::kWatching, now);
    return;
  }
  enter(Phase::kAsking, now);
  election_question_ = question_ + 1;
  for (const Member& member : record()->in_sync) {
    Known* known = known_.find(member.id);
    if (known != nullptr && known->alive && known->member == member) ask(*known, now, out);
  }
}

Controller::Answers Controller::hear(int64_t now) const {
  Answers answers;
  for (const auto& [id, known] : known_.replicas()) {
    // Whoever is there may know what is committed, and of a newer record.
    const bool awaited = goal_ != Goal::kTransfer && known.alive && !known.has_told();
    if (awaited && !known_.is_silent(known, now)) answers.all_told = false;
  }
  for (const Member& member : record()->in_sync) {
    const Known* there = known_.find(member.id);
    if (there == nullptr || there->member != member || there->proven_dead) {
      answers.all_members = false;
      if (there != nullptr && there->alive && there->state) ++answers.gone;
      continue;
    }
    const Known& known = *there;
    if (known.answered_question < election_question_ || !known.has_told()) {
      const bool awaited = goal_ != Goal::kTransfer || member.id == wanted_;
      const bool gone = known.stopped || known_.is_silent(known, now);
      answers.all_told = answers.all_told && (gone || !awaited);
      answers.all_members = false;
      continue;
    }
    ++answers.members;
    answers.last_start_ns = std::max(answers.last_start_ns, known.up_since_ns);
    answers.any_caught_up = answers.any_caught_up || !known.memory || known.memory->caught_up;
    if (goal_ == Goal::kReplace && member.id == record()->leader && known.state->leading &&
        known.state->promise == record()->epoch && now - leader_since_ns_ < options_.opening_ns) {
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
  if (answers.leads_after_all && !known_.record_went_back()) {
    enter(Phase::kOpening, now);
    return;
  }
  // Which record is to be followed is not known yet: a read tells.
  if (known_.record_is_in_doubt() && !known_.record_went_back()) return;
  const int64_t waited_ns = now - phase_since_ns_;
  // On an overloaded machine nobody may have answered by then; without somebody to choose the next
  // attempt would ask them anew after as long.
  const bool nobody = answers.candidates.empty() && !answers.all_told && goal_ == Goal::kReplace;
  const bool over = waited_ns > (nobody ? options_.takeover_ns : options_.answers_ns);
  if (!answers.all_told && !over) return;
  const bool certain = answers.any_caught_up || answers.all_members;
  const bool replaces = goal_ == Goal::kReplace || goal_ == Goal::kRepair;
  const bool others_may_come = !certain && !answers.candidates.empty();
  // What started last may have been stopped with the others.
  const int64_t cold_since_ns = std::max(phase_since_ns_, answers.last_start_ns);
  if (others_may_come && now - cold_since_ns <= options_.cold_answers_ns) return;
  const bool repair = known_.record_went_back() || known_.highest_promise() > record()->epoch;
  if (repair && !answers.all_members && !planted(Bug::kRepairWithoutAll)) {
    set_trouble(why_not_repaired(), out);
    answers.candidates.clear();
  }
  const size_t left = record()->in_sync.size() - answers.gone;
  const size_t needed = std::min<size_t>(record()->min_in_sync, left);
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
  const uint64_t session = known_.replicas().at(best.member.id).session;
  Record next = *record();
  next.epoch = std::max(next.epoch, repair ? known_.highest_promise() : 0) + 1;
  // Who is not there may know of epochs that nobody here has heard of, where more than one thing
  // went back: they are not to be used again.
  if (!certain) next.epoch += session % kEpochGap;
  const uint64_t expected = known_.expected_version();
  next.version = expected + 1;
  next.leader = best.member.id;
  next.leader_session = session;
  if (!next.contains(best.member)) next.in_sync = {best.member};
  const bool told = is_told(failed_swaps_);
  if (told) {
    out.notices.push_back("elects leader=" + std::to_string(best.member.id) +
                          " epoch=" + std::to_string(next.epoch));
  }
  if (told && repair) {
    out.notices.push_back("puts the record back that replicas have seen, in place of version=" +
                          std::to_string(expected));
  }
  swap_ = Swap{expected, known_.expected(), std::move(next)};
  out.swap = swap_;
  enter(Phase::kSwapping, now);
}

void Controller::drop_unfit(Answers& answers, int64_t now, ControllerEffects& out) {
  std::string lacking;
  std::erase_if(answers.candidates, [&](const Candidate& candidate) {
    const Known& known = known_.replicas().at(candidate.member.id);
    const std::string lacks = known_.who_lacks_what(known);
    if (!lacks.empty()) lacking += (lacking.empty() ? "" : "; ") + lacks;
    return !lacks.empty() || !known_.has_newest(known);
  });
  if (lacking.empty()) return;
  if (answers.candidates.empty()) {
    // Why those outside the set cannot lead either.
    for (const auto& [id, known] : known_.replicas()) {
      const bool ours = known.state && known.memory && known_.is_ours(known);
      if (!ours || record()->contains(known.member) || known.memory->committed.index == 0) continue;
      const std::string lacks = known_.who_lacks_what(known);
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
  if (record()->in_sync.size() != 1 || record()->min_in_sync > 1) return;
  // It has stopped leading this epoch, so it commits nothing more in it.
  const Known& image = known_.replicas().at(record()->in_sync.front().id);
  const bool has_stopped = !image.state->leading && image.state->promise >= record()->epoch;
  if (!has_stopped || known_.who_lacks_what(image).empty()) return;
  for (const auto& [id, known] : known_.replicas()) {
    const bool ours = known_.answers(known, now) && known_.is_ours(known);
    if (!ours || !known.memory || record()->contains(known.member)) continue;
    if (known.memory->committed.index == 0 || record()->has_given_up(known.member)) continue;
    if (!known_.who_lacks_what(known).empty()) continue;
    found.candidates.push_back({known.member, *known.state});
  }
}

// None of those that answer has heard of a leader since it started: each may be an old image.
std::string Controller::too_few_to_be_sure(size_t needed) const {
  const std::string& noun = options_.nouns.replica;
  return "everything was stopped, and before a " + options_.nouns.leader + " is chosen " +
         std::to_string(needed) + " of the in-sync " + noun + "s " + id_text(record()->in_sync) +
         " have to answer, as what fewer have may be old; missing: " + noun + " " +
         id_text(known_.missing_members());
}

std::string Controller::why_not_repaired() const {
  const std::string& noun = options_.nouns.replica;
  const std::string missing = id_text(known_.missing_members());
  return "the record went back to " +
         (known_.stored() ? "version " + std::to_string(known_.stored_version()) + " of epoch " +
                                std::to_string(known_.stored()->epoch)
                          : std::string("nothing that can be read")) +
         ", version " + std::to_string(record()->version) + " of epoch " +
         std::to_string(record()->epoch) + " was seen with the " + noun + "s " +
         id_text(record()->in_sync) + " in sync: it is put back once all of them answer" +
         (missing.empty() ? "" : "; missing: " + noun + " " + missing);
}

bool Controller::suits(const Candidate& candidate) const {
  switch (goal_) {
    case Goal::kReplace:
    case Goal::kRepair:
      return !failed_to_open_.contains(candidate.member.id);
    case Goal::kTransfer:
      return candidate.member.id == wanted_;
    case Goal::kSpace:
      return candidate.state.has_space && candidate.member.id != record()->leader;
    case Goal::kCutOff:
      return candidate.member.id != record()->leader;
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
    out.notices.push_back("leadership stays where it is leader=" +
                          std::to_string(record()->leader));
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
  for (const auto& [id, known] : known_.replicas()) {
    if (!known.alive) continue;
    Message m = make(MessageType::kAnnounce, known);
    m.record = record();
    out.messages.push_back(std::move(m));
  }
  for (const Member& member : record()->in_sync) {
    if (member.id == record()->leader) continue;
    const Known* known = known_.find(member);
    if (known != nullptr) report_down(*known, out);
  }
}

// Tells the leader of a member that is proven dead, or silent to this controller: it need not find
// that out again by waiting.
void Controller::report_down(const Known& known, ControllerEffects& out) {
  const Known* to = known_.leader();
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
  Known* chosen = known_.find(record()->leader);
  const bool alive = chosen != nullptr && chosen->alive;
  if (alive && now - chosen->last_asked_ns >= kOpeningAskNs) ask(*chosen, now, out);
  const bool leads = alive && chosen->state && chosen->state->leading &&
                     chosen->state->promise == record()->epoch &&
                     now - chosen->last_answer_ns < takeover_ns(chosen);
  const int64_t limit = leads ? options_.opening_ns : takeover_ns(chosen);
  if (alive && now - phase_since_ns_ <= limit) return;
  failed_to_open_.insert(record()->leader);
  begin_election("the leader has not opened its epoch", now, out);
}

}  // namespace tandem::repl
