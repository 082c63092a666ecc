// The way of every request to a replica: writes to the leader, reads round robin over the followers
// that keep up, with a deadline for each. A request that could not be carried out, or whose outcome
// is unknown, is tried again, a write with the same key, until its deadline: a failover is a short
// wait for the client, not an error. Pauses between the tries grow, up to 100 ms, and end when the
// group changes. Pure: the processes and the simulator run this very code.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/timers.h"
#include "group/targets.h"
#include "wire/envelope.h"
#include "wire/kept_request.h"
#include "wire/key_maker.h"

namespace tandem::group {

class Gateway {
 public:
  // The views of the response are gone when the function returns; a large body can be kept.
  using Done = UniqueFunction<void(const wire::Response&)>;

  struct Options {
    uint32_t timeout_ms = 5000;
    uint64_t max_in_flight = 20000;
    wire::Consistency consistency = wire::Consistency::kLinearizable;  // where none is chosen
  };

  // `targets` outlives this. `random`: a number that nobody else has, each time.
  Gateway(const Time& time, Targets& targets, Options options, std::function<uint64_t()> random);

  void set_options(Options options) { options_ = options; }
  // What the request points to is copied; there is room for its body where the doors have found it,
  // see http/buffer_budget.h. A write without a key gets one. `replica`: a read that
  // only this replica is to answer, whatever its role; 0: any.
  void submit(const wire::Request& request, Done done, repl::ReplicaId replica = 0);

  // The leader changed or opened: what waited for it, or was sent to another one, is sent anew.
  void leader_changed();
  // No outcome comes from this replica any more.
  void replica_gone(repl::ReplicaId id);
  // Answers everything in flight with 503.
  void fail_all();

  size_t in_flight() const { return in_flight_; }
  // Whether a write would have somebody to go to now; a hint.
  bool reaches_leader() const {
    const repl::ReplicaId leader = targets_.leader();
    return targets_.connected(leader) && targets_.leader_open() && !targets_.quiet(leader);
  }

 private:
  struct Call : wire::KeptRequest {
    bool used = false;
    uint32_t attempt = 0;  // an outcome of an earlier attempt is ignored; never goes back
    uint32_t sent = 0;     // how often this call was
    int64_t since_ns = 0;  // boot clock
    int64_t deadline_ms = 0;
    repl::ReplicaId only = 0;         // the replica asked for by name; 0: any
    repl::ReplicaId target = 0;       // 0: waits for a replica
    int64_t sent_ms = 0;              // to the target
    int64_t again_ms = 0;             // not sent before: it was refused
    int64_t pause_ms = 0;             // after the next refusal
    bool may_be_done = false;         // an attempt of a write has an unknown outcome
    bool no_space = false;            // a leader had none
    std::string refusal;              // what a replica told last why it cannot answer
    bool follower_could_not = false;  // answer a read in its time
    repl::ReplicaId busy = 0;         // had too many large reads for this one; 0: none yet
    Done done;

    bool is_read() const { return wire::is_read(method); }
  };

  size_t take_slot();
  void attempt(size_t slot);
  void on_outcome(size_t slot, uint32_t attempt, Result<std::string_view> outcome);
  void keep_large_body(const Call& call, wire::Response& response);
  bool dropped_for_room(const Call& call, const Result<std::string_view>& outcome) const;
  static bool counts_as_served(const Call& call);
  void on_busy(size_t slot);
  void pause(Call& call);
  void leave_target(Call& call);
  void wait_for_replica(size_t slot);
  void finish(size_t slot, const wire::Response& response);
  void finish_with_error(size_t slot, uint16_t status, std::string_view message);
  void give_up(size_t slot);
  void tell_end(const Call& call, uint16_t status);
  void try_waiting();
  void turn_from_quiet_replicas();
  repl::ReplicaId choose(const Call& call);
  int64_t now_ms() const;

  const Time time_;
  Targets& targets_;
  Options options_;
  wire::KeyMaker keys_;
  std::vector<Call> calls_;
  std::vector<size_t> free_;
  std::vector<size_t> waiting_;
  size_t in_flight_ = 0;
  std::map<repl::ReplicaId, size_t> bytes_to_;  // of bodies whose replica has not answered
  uint64_t round_robin_ = 0;
  std::string payload_;
  std::vector<Targets::Target> listed_;
  std::vector<repl::ReplicaId> candidates_;
  std::vector<repl::ReplicaId> others_;
  repl::ReplicaId last_leader_ = 0;
  const std::unique_ptr<Timer> retry_;
  const std::unique_ptr<Timer> watch_;
};

}  // namespace tandem::group
