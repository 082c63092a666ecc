// What the keeper of a group decides, as pure functions of what is known of the replicas: who leads
// a group that has no record yet, and whom leadership is handed to when a better replica is there.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "repl/controller.h"
#include "repl/types.h"

namespace tandem::group {

// A replica as its keeper sees it.
struct View {
  repl::Member member;
  uint64_t session = 0;
  bool answers = false;                     // now
  std::optional<repl::ReplicaState> state;  // as it told last
  uint64_t lineage = 0;                     // of its data, with its state; 0: it has none
  bool in_sync = false;
  bool useful = true;  // could do a leader's work (Reach)
};

// The two orders of preference. The lowest pid: the process that has run the longest, mostly.
bool prefer_lowest_pid(const repl::Candidate& a, const repl::Candidate& b);
bool prefer_highest_id(const repl::Candidate& a, const repl::Candidate& b);

// Who is to lead a group that has no record: the preferred one, once every replica in `configured`
// answers and none at all has data. kUnavailable: one of those does not answer yet; kConflict: one
// has data, which belongs to a record that is missing: starting over would lose it.
Result<repl::ReplicaId> first_leader(const std::set<repl::ReplicaId>& configured,
                                     const std::vector<View>& replicas,
                                     const repl::Controller::Prefer& prefer);

// Which replicas are of no use as leaders though they are well: they do not reach what a leader's
// requests need, as they say themselves whenever they are asked. It takes several answers in a row
// to change what is thought of one, and more of them for the better: leadership is not to follow
// every whim of a link.
class Reach {
 public:
  void told(repl::ReplicaId id, bool reaches);
  bool useful(repl::ReplicaId id) const;

 private:
  struct Thought {
    bool useful = true;
    int against = 0;  // answers in a row that say otherwise
  };
  std::map<repl::ReplicaId, Thought> thoughts_;
};

// Hands leadership to the preferred replica when that has been in sync, useful, answering and with
// space for a while: one that has just come back has to prove steady. After a failure it waits for
// longer each time. A leader that is not useful goes for any that is; where none is it stays.
class HandOver {
 public:
  explicit HandOver(repl::Controller::Prefer prefer) : prefer_(std::move(prefer)) {}

  // To whom leadership is to go now, nullopt: it stays. `leader`: who takes writes now, 0: nobody.
  // Look often; after it has named somebody it names nobody until ended() was called.
  std::optional<repl::ReplicaId> look(repl::ReplicaId leader, const std::vector<View>& replicas,
                                      int64_t now_ns);
  void ended(bool moved, int64_t now_ns);

 private:
  struct Wanted {
    repl::ReplicaId id = 0;
    uint64_t session = 0;
    int64_t since_ns = 0;
  };
  const View* better_than(repl::ReplicaId leader, const std::vector<View>& replicas) const;

  const repl::Controller::Prefer prefer_;
  std::optional<Wanted> wanted_;
  bool moving_ = false;
  int64_t pause_ns_ = 0;
  int64_t not_before_ns_ = 0;
};

// Longer than any failover that goes well.
constexpr uint32_t kStandInAfterMs = 1000;

// When a passive controller acts though another one is the active one: where there was no leader
// for `after_ns`. Each time it waits twice as long, until a leader has been there for a while: it
// may be this process alone that does not reach a leader which is well, and which the active one
// brings back.
class StandIn {
 public:
  // 0: never.
  explicit StandIn(int64_t after_ns) : after_ns_(after_ns), wait_ns_(after_ns) {}

  // `led`: there is a leader, or this controller is active itself. Look often.
  bool look(bool led, int64_t now_ns);

 private:
  const int64_t after_ns_;
  int64_t wait_ns_;
  bool stands_in_ = false;
  bool led_ = false;
  int64_t since_ns_ = 0;  // it is led, or is not
};

}  // namespace tandem::group
