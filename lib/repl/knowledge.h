// What a controller knows of a group: the record, as it is kept and as replicas have seen it, and
// what each replica has told of itself. Pure, and without a will: it says who answers, who has what
// and who lacks it; what follows from that the controller decides (controller.h), and an operator
// (operator_requests.h).
//
// The past may come back: a disk that is an earlier image of itself, a record out of a backup. So
// the newest record that anybody has seen counts, not the one that can be read, and what any
// replica knows committed is so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "repl/adaptive_timeout.h"
#include "repl/message.h"
#include "repl/types.h"

namespace tandem::repl {

// What the users of a group call its processes.
struct Nouns {
  std::string replica = "replica";
  std::string leader = "leader";
};

// A replica that answered, for choosing among them.
struct Candidate {
  Member member;
  ReplicaState state;
};

// Whether `a` is to be preferred over `b` as leader: rides-db takes the lowest pid, orders the
// highest id.
using Prefer = std::function<bool(const Candidate& a, const Candidate& b)>;

// What was read of the record.
struct Reading {
  Reading() = default;
  // A consistent read of this record. NOLINTNEXTLINE(google-explicit-constructor): it is one.
  Reading(const Record& read) : record(read), version(read.version) {}

  std::optional<Record> record;
  uint64_t version = 0;  // of what is there, also where that cannot be read; 0: there is nothing
  // False: told by a watch, it may be old.
  bool consistent = true;
};

// One replica, in the session that registered last.
struct Known {
  static constexpr int kStatesToBeSure = 20;

  Member member;
  uint64_t session = 0;
  bool alive = false;
  bool proven_dead = false;
  bool stopped = false;  // its process, as somebody saw; an answer disproves it
  int64_t up_since_ns = 0;
  int64_t last_answer_ns = 0;
  int64_t last_asked_ns = 0;
  std::optional<ReplicaState> state;
  uint64_t lineage = 0;           // of its data, as it told with its state
  std::optional<Memory> memory;   // kept when it dies: what it knew committed is so
  int states_without_memory = 0;  // answers to the first question, none to the second
  uint64_t answered_question = 0;
  AdaptiveTimeout answer;

  // What it has to tell for an election. A program that does not know the second question never
  // answers it.
  bool has_told() const { return state && (memory || states_without_memory >= kStatesToBeSure); }
};

class Knowledge {
 public:
  struct Patience {
    int64_t silence_ns = 0;  // one that was not heard for so long does not answer (adaptive)
    int64_t quiet_ns = 0;    // one that was not heard for so long is quiet
  };
  Knowledge(const Patience& patience, const Nouns& nouns) : patience_(patience), nouns_(nouns) {}

  // --- what is told ---
  void replica_up(const Member& member, uint64_t session, int64_t now);
  // nullptr: it is not known in this session.
  Known* in_session(ReplicaId id, uint64_t session);
  // Takes what it says of itself; nullptr where it is of another session or disk than is known.
  Known* answered(const Message& answer, int64_t now);
  // Nobody was heard for so long as this process was stopped itself: that counts against nobody.
  void forgive(int64_t absent_ns, int64_t now);

  enum class News { kNone, kRecord, kNewLeader };
  News read(const Reading& reading);
  // Of a replica that has seen a newer record than the one that can be read.
  News learn(const Known& known);
  // This one was written just now.
  void wrote(const Record& record);

  // --- the record ---
  // The newest that is known: read, or told by a replica that has seen it.
  const std::optional<Record>& record() const { return record_; }
  bool record_was_read() const { return record_was_read_; }
  // A newer one of the same lineage is known than was read here.
  bool is_newer_than(const Reading& reading) const;
  // A newer one is known than a consistent read has shown last.
  bool record_is_in_doubt() const { return record_ && stored_order() < record_->order(); }
  // ... and it was there once. A read that was under way when this one learned of it shows nothing;
  // one that began later does.
  bool record_went_back() const;
  // What a change of it has to expect there.
  uint64_t expected_version() const {
    return record_went_back() ? stored_version_ : record_->version;
  }
  const std::optional<Record>& expected() const { return record_went_back() ? stored_ : record_; }
  const std::optional<Record>& stored() const { return stored_; }
  uint64_t stored_version() const { return stored_version_; }

  // --- the replicas ---
  const std::map<ReplicaId, Known>& replicas() const { return replicas_; }
  std::map<ReplicaId, Known>& replicas() { return replicas_; }
  const Known* find(ReplicaId id) const;
  Known* find(ReplicaId id);
  // With this very disk.
  const Known* find(const Member& member) const;
  // nullptr: there is none, or it is not alive.
  const Known* leader() const;
  // The leader has opened the record's epoch, as far as its last answer says.
  bool leader_open() const;
  bool is_silent(const Known& known, int64_t now) const { return now > silent_after_ns(known); }
  int64_t silent_after_ns(const Known& known) const {
    return known.last_answer_ns + known.answer.ns(patience_.silence_ns);
  }
  // Alive, not silent, and it has told its state.
  bool answers(const Known& known, int64_t now) const;
  // Whether it said nothing for a few times as long as it takes to ask: it is stopped, cut off or
  // overloaded, maybe.
  bool quiet(ReplicaId id, int64_t now) const;
  // Its data is of this group. REQUIRES, as for what follows: there is a record.
  bool is_ours(const Known& known) const { return known.lineage == record_->lineage; }
  // Of the in-sync set: who does not answer now; who is not there, or has told nothing; whose disk
  // is full. Empty where there is no record.
  std::vector<Member> silent_members(int64_t now) const;
  std::vector<Member> missing_members() const;
  std::vector<Member> members_without_space() const;

  // --- who has what ---
  // The highest epoch that any replica of the group has promised; those given up do not count.
  Epoch highest_promise() const;
  // "" where it lacks nothing that any replica knows committed; else who lacks what. What those
  // that are given up know, as members of the set, does not count.
  std::string who_lacks_what(const Known& known, const std::set<ReplicaId>& given_up = {}) const;
  // Of those that have not caught up since they started, only one whose log goes furthest may lead:
  // what it lacks may be committed, though nobody wrote that down yet.
  bool has_newest(const Known& known) const;

 private:
  News adopt(const Record& record);
  Record::Order stored_order() const { return stored_ ? stored_->order() : Record::Order{}; }

  const Patience patience_;
  const Nouns nouns_;
  std::map<ReplicaId, Known> replicas_;
  std::optional<Record> record_;
  bool record_was_read_ = false;
  // What is in the store, as a consistent read showed it last, and how many of those there were
  // since record_ became known: one that was under way then may be too old.
  std::optional<Record> stored_;
  uint64_t stored_version_ = 0;
  int reads_since_news_ = 0;
};

}  // namespace tandem::repl
