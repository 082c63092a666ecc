#include "repl/knowledge.h"

#include <algorithm>

#include "repl/planted.h"

namespace tandem::repl {
namespace {

constexpr int kReadsToBeSure = 2;

bool has(const Known& known, const Position& position) {
  if (known.memory) return holds(known.memory->ends, position);
  return Position{known.state->last_epoch, known.state->last_index} >= position;
}

Position end_of(const ReplicaState& state) { return {state.last_epoch, state.last_index}; }

}  // namespace

// --- what is told ---

void Knowledge::replica_up(const Member& member, uint64_t session, int64_t now) {
  Known& known = replicas_[member.id];
  if (known.alive && known.session == session && known.member == member) return;
  known = Known{};
  known.member = member;
  known.session = session;
  known.alive = true;
  known.up_since_ns = now;
  known.last_answer_ns = now;
}

Known* Knowledge::in_session(ReplicaId id, uint64_t session) {
  Known* known = find(id);
  return known == nullptr || known->session != session ? nullptr : known;
}

Known* Knowledge::answered(const Message& answer, int64_t now) {
  Known* known = in_session(answer.from, answer.session);
  if (known == nullptr || known->member.storage_id != answer.storage_id) return nullptr;
  if (!known->stopped) known->answer.waited(now - known->last_answer_ns, now);
  known->last_answer_ns = now;
  known->stopped = false;
  known->lineage = answer.lineage;
  known->state = answer.state;
  if (answer.type == MessageType::kMemory) {
    known->memory = answer.memory;
    known->states_without_memory = 0;
  } else {
    ++known->states_without_memory;
  }
  known->answered_question = std::max(known->answered_question, answer.question);
  return known;
}

void Knowledge::forgive(int64_t absent_ns, int64_t now) {
  for (auto& [id, known] : replicas_) {
    known.last_answer_ns = std::min(now, known.last_answer_ns + absent_ns);
  }
}

Knowledge::News Knowledge::read(const Reading& reading) {
  record_was_read_ = record_was_read_ || reading.consistent;
  const std::optional<Record>& record = reading.record;
  const bool foreign = record && record_ && record->lineage != record_->lineage;
  if (foreign) return News::kNone;
  if (reading.consistent) {
    stored_ = record;
    stored_version_ = reading.version;
    ++reads_since_news_;
  }
  const bool follows = record && (!record_ || record->order() >= record_->order());
  return follows || (record && planted(Bug::kBelieveOldRecord)) ? adopt(*record) : News::kNone;
}

Knowledge::News Knowledge::learn(const Known& known) {
  const auto& told = known.memory->record;
  if (!told || told->lineage != known.lineage || planted(Bug::kBelieveOldRecord))
    return News::kNone;
  if (record_ ? record_->lineage != told->lineage : !record_was_read_) return News::kNone;
  if (told->has_given_up(known.member)) return News::kNone;
  if (record_ && record_->has_given_up(known.member)) return News::kNone;
  return record_ && told->order() <= record_->order() ? News::kNone : adopt(*told);
}

Knowledge::News Knowledge::adopt(const Record& record) {
  const bool new_leader = !record_ || record_->epoch != record.epoch;
  if (!record_ || record_->order() < record.order()) reads_since_news_ = record == stored_ ? 1 : 0;
  record_ = record;
  return new_leader ? News::kNewLeader : News::kRecord;
}

void Knowledge::wrote(const Record& record) {
  record_ = record;
  stored_ = record_;
  stored_version_ = record_->version;
}

bool Knowledge::is_newer_than(const Reading& reading) const {
  if (!record_ || !reading.record) return record_.has_value();
  return reading.record->lineage == record_->lineage && reading.record->order() < record_->order();
}

bool Knowledge::record_went_back() const {
  return record_is_in_doubt() && reads_since_news_ >= kReadsToBeSure;
}

// --- the replicas ---

const Known* Knowledge::find(ReplicaId id) const {
  const auto it = replicas_.find(id);
  return it == replicas_.end() ? nullptr : &it->second;
}

Known* Knowledge::find(ReplicaId id) {
  const auto it = replicas_.find(id);
  return it == replicas_.end() ? nullptr : &it->second;
}

const Known* Knowledge::find(const Member& member) const {
  const Known* known = find(member.id);
  return known == nullptr || known->member != member ? nullptr : known;
}

const Known* Knowledge::leader() const {
  const Known* known = record_ ? find(record_->leader) : nullptr;
  return known == nullptr || !known->alive ? nullptr : known;
}

bool Knowledge::leader_open() const {
  const Known* known = leader();
  return known != nullptr && known->state && known->state->promise == record_->epoch &&
         known->state->opened;
}

bool Knowledge::answers(const Known& known, int64_t now) const {
  return known.alive && known.state && !is_silent(known, now);
}

bool Knowledge::quiet(ReplicaId id, int64_t now) const {
  const Known* known = find(id);
  return known == nullptr || now - known->last_answer_ns > patience_.quiet_ns;
}

std::vector<Member> Knowledge::silent_members(int64_t now) const {
  std::vector<Member> silent = record_ ? record_->in_sync : std::vector<Member>{};
  std::erase_if(silent, [&](const Member& member) {
    const Known* known = find(member);
    return known != nullptr && answers(*known, now);
  });
  return silent;
}

std::vector<Member> Knowledge::missing_members() const {
  std::vector<Member> missing = record_ ? record_->in_sync : std::vector<Member>{};
  std::erase_if(missing, [this](const Member& member) {
    const Known* known = find(member);
    return known != nullptr && known->state && known->alive;
  });
  return missing;
}

std::vector<Member> Knowledge::members_without_space() const {
  std::vector<Member> full = record_ ? record_->in_sync : std::vector<Member>{};
  std::erase_if(full, [this](const Member& member) {
    const Known* known = find(member.id);
    return known == nullptr || !known->state || known->state->has_space;
  });
  return full;
}

// --- who has what ---

Epoch Knowledge::highest_promise() const {
  Epoch highest = 0;
  for (const auto& [id, known] : replicas_) {
    if (known.state && is_ours(known) && !record_->has_given_up(known.member)) {
      highest = std::max(highest, known.state->promise);
    }
  }
  return highest;
}

std::string Knowledge::who_lacks_what(const Known& known,
                                      const std::set<ReplicaId>& given_up) const {
  if (planted(Bug::kIgnoreMark)) return "";
  const std::string& noun = nouns_.replica;
  for (const auto& [id, other] : replicas_) {
    if (!other.memory || !is_ours(other)) continue;
    if (given_up.contains(id) && record_->contains(other.member)) continue;
    if (record_->has_given_up(other.member) || has(known, other.memory->committed)) continue;
    return noun + " " + std::to_string(known.member.id) + " lacks " +
           to_text(other.memory->committed) + ", which " + noun + " " + std::to_string(id) +
           " knows committed";
  }
  return "";
}

bool Knowledge::has_newest(const Known& known) const {
  if (!known.memory || known.memory->caught_up || planted(Bug::kIgnoreLongest)) return true;
  return std::none_of(record_->in_sync.begin(), record_->in_sync.end(), [&](const Member& member) {
    const Known* other = find(member);
    return other != nullptr && other->state && end_of(*other->state) > end_of(*known.state) &&
           who_lacks_what(*other).empty();
  });
}

}  // namespace tandem::repl
