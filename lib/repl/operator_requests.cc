#include "repl/operator_requests.h"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>
#include <vector>

namespace tandem::repl {
namespace {

constexpr size_t kMaxGivenUp = 16;

}  // namespace

Status OperatorRequests::may_lead(ReplicaId id, const Standing& standing) const {
  const std::string subject = nouns_.replica + " " + std::to_string(id);
  if (!standing.active || !known_.record()) {
    return fail(ErrorKind::kUnavailable, "there is no group to lead yet");
  }
  const Record& record = *known_.record();
  const Known* known = known_.find(id);
  if (known == nullptr || !known->alive) {
    return fail(ErrorKind::kNotFound, "there is no " + subject);
  }
  if (record.leader == id) {
    return fail(ErrorKind::kConflict, subject + " is the " + nouns_.leader + " already");
  }
  if (!record.contains(known->member)) {
    return fail(ErrorKind::kConflict,
                subject + " is not in sync; these are: " + id_text(record.in_sync));
  }
  if (standing.electing || !known_.leader_open()) {
    return fail(ErrorKind::kUnavailable, "a " + nouns_.leader + " is being chosen now");
  }
  return {};
}

// Why nothing is to be given up, or not these.
Status OperatorRequests::may_be_lost(const std::set<ReplicaId>& given_up, const Standing& standing,
                                     int64_t now) const {
  const std::string& noun = nouns_.replica;
  const Record& record = *known_.record();
  for (const ReplicaId id : given_up) {
    if (record.find(id) != nullptr) continue;
    return fail(ErrorKind::kBadInput,
                noun + " " + std::to_string(id) + " is not a member of the in-sync set");
  }
  const std::vector<Member> silent = known_.silent_members(now);
  // Where members answer and none of them can lead, that is why: a disk or the record went back, or
  // they are fewer than the set has to have.
  const bool too_few = record.in_sync.size() - silent.size() < record.min_in_sync;
  const bool stuck = (!standing.trouble.empty() || too_few) && !known_.leader_open();
  if (!stuck && silent.size() != record.in_sync.size()) {
    return fail(ErrorKind::kConflict,
                "an in-sync " + noun +
                    " answers: it has everything that was acknowledged and leads by "
                    "itself, nothing is to be given up");
  }
  if (standing.chosen) {
    return fail(ErrorKind::kUnavailable, "a " + nouns_.leader + " is being chosen now");
  }
  const bool all_named = std::all_of(silent.begin(), silent.end(), [&](const Member& member) {
    return given_up.contains(member.id);
  });
  if (all_named) return {};
  return fail(ErrorKind::kConflict,
              "every in-sync " + noun + " that does not answer must be named: " + id_text(silent));
}

// The last ones to be given up are the last of it.
Record OperatorRequests::without(const std::set<ReplicaId>& given_up, const Known& survivor) const {
  Record record = *known_.record();
  record.epoch = std::max({record.epoch, survivor.state->promise, known_.highest_promise()}) + 1;
  record.version = known_.expected_version() + 1;
  record.leader = survivor.member.id;
  record.leader_session = survivor.session;
  record.in_sync = {survivor.member};
  for (const ReplicaId id : given_up) record.given_up.push_back(*known_.record()->find(id));
  if (record.given_up.size() > kMaxGivenUp) {
    record.given_up.erase(record.given_up.begin(), record.given_up.end() - kMaxGivenUp);
  }
  return record;
}

std::optional<Candidate> OperatorRequests::best_survivor(const std::set<ReplicaId>& given_up,
                                                         int64_t now) const {
  std::optional<Candidate> best;
  if (!known_.record()) return best;
  for (const auto& [id, replica] : known_.replicas()) {
    if (!known_.answers(replica, now) || !known_.is_ours(replica)) continue;
    if (replica.state->last_index == 0) continue;  // a new directory that only heard of the group
    const bool gone = given_up.contains(id) && known_.record()->contains(replica.member);
    if (gone || !known_.who_lacks_what(replica, given_up).empty()) continue;
    const Candidate candidate{replica.member, *replica.state};
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

Result<OperatorRequests::Loss> OperatorRequests::accept_loss(const std::set<ReplicaId>& given_up,
                                                             const Standing& standing,
                                                             int64_t now) const {
  if (!standing.active || !known_.record()) {
    return fail(ErrorKind::kUnavailable, "there is no group yet");
  }
  if (const Status may = may_be_lost(given_up, standing, now); !may) return fail(may.error());
  const auto best = best_survivor(given_up, now);
  if (!best) {
    const bool lacking = !standing.trouble.empty() && !known_.leader_open();
    return fail(ErrorKind::kConflict,
                "no " + nouns_.replica + " that answers has " +
                    (lacking ? "what the others know committed: " + standing.trouble
                             : std::string("data of this group")));
  }
  Record record = without(given_up, *known_.find(best->member.id));
  const auto lost =
      record.given_up.end() - static_cast<std::ptrdiff_t>(std::min(given_up.size(), kMaxGivenUp));
  std::string notice = "the loss of " + id_text({lost, record.given_up.end()}) +
                       " is accepted: elects leader=" + std::to_string(best->member.id) +
                       " last_epoch=" + std::to_string(best->state.last_epoch) +
                       " last_index=" + std::to_string(best->state.last_index);
  return Loss{*best, Swap{known_.expected_version(), known_.expected(), std::move(record)},
              std::move(notice)};
}

}  // namespace tandem::repl
