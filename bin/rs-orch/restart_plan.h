// The steps of the restart of one worker that nobody notices: it is taken out of the in-sync set
// first, or, where it is the master, hands leadership over; then it is told to stop, started again
// on its directory, and waited for until it is in sync again. Pure: what is known goes in, what is
// to be done now comes out; Restarter does it.
//
// Where the set may not get smaller, or the master has nobody to hand over to, one more worker
// helps out meanwhile. It is in the set before anybody leaves it, and goes when all is done.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "repl/types.h"

namespace tandem::orch {

// As it is known now.
struct RestartFacts {
  int64_t now_ms = 0;

  // --- of the group ---
  const repl::Record* record = nullptr;  // nullptr: there is none
  bool leader_open = false;
  std::optional<repl::Index> leader_last_index;
  size_t max_in_sync = 0;
  // Who could be master meanwhile: in sync, reached, its state known.
  struct Other {
    repl::ReplicaId id = 0;
    int64_t pid = 0;
    bool retiring = false;
    bool has_space = true;
  };
  std::vector<Other> others;

  // --- of the worker ---
  uint64_t session = 0;  // 0: there is no process, or it has not registered yet
  bool in_sync = false;  // with the storage that it has now
  std::optional<repl::Index> last_index;
};

struct RestartStep {
  enum class Kind {
    kTell,      // `text`: what is waited for from now on
    kHelp,      // one more worker is to be started; `text`: why
    kDismiss,   // the helper goes
    kTakeOut,   // the leader is asked to take the worker out of the set
    kHandOver,  // leadership goes to `to`
    kStop,      // the worker is told to stop; it is started again by itself
    kDone,      // the worker is back
    kFail,      // the time is over; `text`: how far it came
  };
  Kind kind = Kind::kTell;
  std::string text;
  repl::ReplicaId to = 0;
};

class RestartPlan {
 public:
  // `session`: of the process that is to be replaced. `was_member`: of the in-sync set.
  RestartPlan(repl::ReplicaId id, uint64_t session, bool was_member, int64_t deadline_ms)
      : id_(id), session_(session), was_member_(was_member), deadline_ms_(deadline_ms) {}

  // What is to be done now, in that order; after kDone and kFail it is over. Look often.
  std::vector<RestartStep> next(const RestartFacts& facts);
  // How kHelp went.
  void helped_by(repl::ReplicaId helper) { helper_ = helper; }
  // How kHandOver went: refused for now, or beaten by another election, it is tried again.
  void handed_over(const Status& moved);

  repl::ReplicaId id() const { return id_; }
  repl::ReplicaId helper() const { return helper_; }  // 0: nobody

 private:
  using Steps = std::vector<RestartStep>;
  void make_free_to_go(const RestartFacts& facts, Steps& steps);
  void hand_over(const RestartFacts& facts, Steps& steps);
  bool came_back(const RestartFacts& facts, Steps& steps);
  void call_helper(const std::string& why, Steps& steps);
  void wait_for(const std::string& what, Steps& steps);

  const repl::ReplicaId id_;
  const uint64_t session_;
  const bool was_member_;
  const int64_t deadline_ms_;
  bool told_to_stop_ = false;
  bool handing_over_ = false;
  bool asked_for_help_ = false;
  repl::ReplicaId helper_ = 0;
  std::optional<repl::Index> catch_up_to_;  // of the new process, once it has registered
  std::string state_;                       // what is waited for
};

}  // namespace tandem::orch
