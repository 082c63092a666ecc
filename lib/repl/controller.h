// The controller's side of choosing a leader: pure, as the replica's core. It watches the leader of
// the record, and when that fails asks the in-sync members for their state, chooses among those
// that answer, and makes it true by compare-and-swap on the version that it read before asking. Any
// in-sync member has every acknowledged entry, so the choice is a matter of preference alone; any
// number of controllers may run at once without harm.
//
// The same election moves leadership away from a leader that is well: to a member that an operator
// names, or to one with space on its disk. Where every in-sync member is lost it elects nobody
// until an operator accepts that loss.
//
// The past may come back: a disk that is an earlier image of itself, a record out of a backup. So
// nobody is chosen who lacks what any replica that answers knows committed; nobody at all by a
// record older than what any of them has seen. Such a record is repaired where every member of the
// newest set that is known answers. Where everything was stopped, what those know who answer may be
// old: then nobody is chosen before min_in_sync members of the set have answered. One of them has
// everything, if no more disks than min_in_sync - 1 went back. A disk that is gone is not waited
// for.
//
// The owner (rs-orch, ts-front) carries the effects out and tells what it knows of the processes.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "repl/events.h"
#include "repl/knowledge.h"
#include "repl/message.h"
#include "repl/operator_requests.h"
#include "repl/types.h"

namespace tandem::repl {

struct ControllerOptions {
  int64_t ask_every_ns = 50'000'000;   // how often the leader is asked for its state
  int64_t ask_closed_ns = 5'000'000;   // by a passive one, a leader that has not opened yet
  int64_t silence_ns = 400'000'000;    // a leader silent for so long is suspected
  int64_t answers_ns = 50'000'000;     // how long an election waits for further answers
  int64_t takeover_ns = 200'000'000;   // a chosen leader that does not lead by then has failed
                                       // (as silence_ns longer where it was slow to answer)
  int64_t opening_ns = 2'000'000'000;  // one that leads may take so long to open its epoch
  // After a start of everything, how long members of the set that are not there yet are waited for,
  // from the last start on: what a replica alone holds may be an old image of it.
  int64_t cold_answers_ns = 1'000'000'000;
  int64_t seek_again_ns = 3'000'000'000;  // between attempts to replace a leader that lives
  Nouns nouns;                            // in errors
};

struct ControllerEffects {
  bool read_record = false;
  std::optional<Swap> swap;
  std::vector<Message> messages;  // from the controller; lost ones do no harm
  std::vector<std::string> notices;
};

class Controller {
 public:
  using Prefer = repl::Prefer;

  Controller(const ControllerOptions& options, Prefer prefer);
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  // A passive controller (another one is active) follows the record and asks replicas for their
  // state, so that it knows who leads, but changes nothing.
  void set_active(bool active);
  bool active() const { return active_; }

  // --- what the owner knows ---
  // The replica process can be reached, in this session (after a first answer or registration).
  void replica_up(const Member& member, uint64_t session, int64_t now);
  // Its process is proven dead.
  void replica_dead(ReplicaId id, uint64_t session, int64_t now, ControllerEffects& out);
  // Creates the record: `member` leads alone. REQUIRES: no replica of the group has data.
  void create(uint64_t lineage, const Member& member, uint64_t session, uint32_t min_in_sync,
              int64_t now, ControllerEffects& out);
  // Asks the leader to take a replica out of the in-sync set.
  void remove(ReplicaId id, ControllerEffects& out);
  // A hint: this process is stopped (SIGSTOP) and will not answer. Counts as silence until it does.
  void replica_stopped(ReplicaId id, uint64_t session, int64_t now);

  // --- what an operator wants: errors are those of OperatorRequests ---
  // Holds an election that only this in-sync member can win. Watch transferring(), and the record
  // for the outcome.
  Status transfer(ReplicaId id, int64_t now, ControllerEffects& out);
  bool transferring() const { return goal_ == Goal::kTransfer; }
  // Gives these members up: the best replica that is left is to lead, alone in the set. Gives who
  // that is; watch the record.
  Result<Candidate> accept_loss(const std::set<ReplicaId>& given_up, int64_t now,
                                ControllerEffects& out);
  // Who that would be.
  std::optional<Candidate> best_survivor(int64_t now,
                                         const std::set<ReplicaId>& given_up = {}) const {
    return requests_.best_survivor(given_up, now);
  }

  // --- events ---
  void record_read(const Reading& reading, int64_t now, ControllerEffects& out);
  void swap_done(uint64_t expected_version, bool applied, int64_t now, ControllerEffects& out);
  void state_answered(const Message& answer, int64_t now, ControllerEffects& out);
  void tick(int64_t now, ControllerEffects& out);
  // When the next tick has something to do where nothing else happens before; now, or earlier,
  // while it elects.
  int64_t next_tick_ns(int64_t now) const;

  // --- what is known ---
  const std::optional<Record>& record() const { return known_.record(); }
  bool record_was_read() const { return known_.record_was_read(); }
  // Why nobody is chosen, in words for an operator; empty where nothing is known to be wrong.
  const std::string& trouble() const { return trouble_; }
  bool leader_open() const { return known_.leader_open(); }
  const ReplicaState* state_of(ReplicaId id) const;
  // Of the data that this replica has, as it told with its state; 0: none, or it has told nothing.
  uint64_t lineage_of(ReplicaId id) const;
  bool quiet(ReplicaId id, int64_t now) const { return known_.quiet(id, now); }
  // The in-sync members that do not answer now, and those that say that their disk is full.
  std::vector<Member> silent_members(int64_t now) const { return known_.silent_members(now); }
  std::vector<Member> members_without_space() const { return known_.members_without_space(); }
  bool electing() const { return phase_ != Phase::kWatching; }

 private:
  enum class Phase {
    kWatching,  // the record's leader leads, or nobody says otherwise yet
    kReading,   // an election begins: waits for a consistent read of the record
    kAsking,    // waits for the states of the in-sync members
    kSwapping,  // waits for the outcome of the compare-and-swap
    kOpening,   // waits for the chosen leader to open its epoch
  };

  // What an election is for.
  enum class Goal {
    kReplace,   // the leader has failed
    kTransfer,  // an operator wants `wanted_` to lead
    kSpace,     // the leader's disk is full
    kCutOff,    // the leader does not hear its set
    kRepair,    // the record went back
  };

  // What an election knows.
  struct Answers {
    std::vector<Candidate> candidates;
    size_t members = 0;          // that answered
    size_t gone = 0;             // in whose place another disk answers
    bool all_told = true;        // every member that is there and may be alive
    bool all_members = true;     // every member of the set
    bool any_caught_up = false;  // since it started
    bool leads_after_all = false;
    int64_t last_start_ns = 0;  // of those that answered
  };

  // --- watching (controller.cc) ---
  void forgive_own_absence(int64_t now);
  int64_t ask_every_ns(const Known& known) const;
  int64_t takeover_ns(const Known* chosen) const;
  bool follow(Knowledge::News news, int64_t now);
  void follow_choice(int64_t now);
  void look_at_failed_swaps();
  void forget_failed_swaps();
  // After failed swaps the election that is to go on waits.
  bool pauses(int64_t now) const {
    return phase_ == Phase::kReading && record() && now < resume_ns_;
  }
  bool repair_is_due(int64_t now) const;
  bool leader_has_failed(int64_t now) const;
  bool leader_is_dead_and_another_answers() const;
  bool another_has_space(int64_t now) const;
  bool others_hear_more(int64_t now) const;
  OperatorRequests::Standing standing() const;
  void set_trouble(const std::string& trouble, ControllerEffects& out);
  void ask(Known& known, int64_t now, ControllerEffects& out);
  void enter(Phase phase, int64_t now);
  Message make(MessageType type, const Known& to) const;

  // --- electing (controller_election.cc) ---
  void begin_election(const std::string& why, int64_t now, ControllerEffects& out);
  void tell_election(const std::string& why, ControllerEffects& out);
  void ask_members(int64_t now, ControllerEffects& out);
  Answers hear(int64_t now) const;
  void choose(int64_t now, ControllerEffects& out);
  void drop_unfit(Answers& answers, int64_t now, ControllerEffects& out);
  void take_outsiders(Answers& found, int64_t now) const;
  bool suits(const Candidate& candidate) const;
  bool better(const Candidate& a, const Candidate& b) const;
  void elect(const Candidate& best, bool repair, bool certain, int64_t now, ControllerEffects& out);
  void found_nobody(bool over, int64_t now, ControllerEffects& out);
  void announce(ControllerEffects& out);
  void report_down(const Known& known, ControllerEffects& out);
  void watch_opening(int64_t now, ControllerEffects& out);
  std::string why_not_repaired() const;
  std::string too_few_to_be_sure(size_t needed) const;

  const ControllerOptions options_;
  const Prefer prefer_;
  bool active_ = false;
  Knowledge known_;
  const OperatorRequests requests_{known_, prefer_, options_.nouns};
  int64_t last_reread_ns_ = 0;  // of the record, while it is in doubt
  std::string trouble_;

  int64_t ticked_ns_ = 0;  // last

  Phase phase_ = Phase::kWatching;
  int64_t phase_since_ns_ = 0;
  int64_t leader_since_ns_ = 0;  // when this controller first saw the present leader in the record
  uint64_t question_ = 0;
  uint64_t election_question_ = 0;
  std::optional<Swap> swap_;
  std::optional<Swap> failed_swap_;  // the last one, and how many in a row, on the same record
  int failed_swaps_ = 0;
  int64_t resume_ns_ = 0;  // when the next one may be sought
  Goal goal_ = Goal::kReplace;
  ReplicaId wanted_ = 0;                // kTransfer
  std::optional<int64_t> sought_ns_;    // when another leader was sought for a living one
  std::set<ReplicaId> failed_to_open_;  // skipped by the attempts that follow
  int attempts_ = 0;
};

}  // namespace tandem::repl
