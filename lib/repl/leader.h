// The leading side of a replica, for one epoch: replicates its log, commits, grants leases, and
// changes the in-sync set. Made when the replica becomes leader, destroyed when it steps down.
//
// leader.cc: the log, what is committed, what followers say. leader_send.cc: what goes to them,
// with their leases. leader_set.cc: the in-sync set and its compare-and-swap. How far each follower
// has come, and what leases run, are objects of their own: progress.h, leases.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "repl/adaptive_timeout.h"
#include "repl/context.h"
#include "repl/events.h"
#include "repl/leases.h"
#include "repl/progress.h"
#include "repl/types.h"

namespace tandem::repl {

// A follower as its leader sees it, for status pages.
struct PeerView {
  ReplicaId id = 0;
  bool in_sync = false;
  Index match = 0;
  bool connected = false;
};

class Leader {
 public:
  // The promise of the record's epoch and the entry that opens it are persisted from here.
  Leader(Context& context, const Record& record);

  bool opened() const { return context_.commit >= first_; }
  Index first() const { return first_; }
  const Record& record() const { return record_; }
  Index pinned_index() const;
  std::vector<PeerView> peers() const;
  // Members of the set are silent, and it cannot go on without them.
  bool cut_off() const;
  // Something came from another process.
  void hears_somebody() { last_heard_ns_ = context_.now; }
  // Before anything that happens: while this process did not run itself nobody could be heard, and
  // what they said is not read yet.
  void wake_up();
  // Whether a replica that can be heard is getting the present snapshot.
  bool sends_snapshot() const;
  // Until then (own clock) no later leader answers anybody: every replica that could be elected
  // has answered something that was sent less than a lease ago.
  int64_t lease_until(int64_t now_ns) const;
  // When this replica promised the epoch that it leads: the leader before it had no answer of this
  // replica after that.
  int64_t promised_at_ns() const { return leases_.promised_at_ns(); }

  void propose(int64_t wall_ms, std::string request_id, std::string payload);
  void on_hello(const Message& m);
  void on_ack(const Message& m);
  void on_reject(const Message& m);
  void on_snapshot_ack(const Message& m);
  // A replica refuses what this leader sends though all of its commands are in this log.
  void went_back(const Message& m);
  void on_session_down(const Message& m);
  void on_remove(const Message& m);
  // A record of this epoch that somebody read.
  void on_record(const Record& record);
  void on_swap_done(const SwapDone& done);
  void tick();
  void end_of_turn();
  // See Replica.
  int64_t next_deadline_ns() const;

 private:
  // The first words of a session: late ones of the same session tell nothing.
  struct Hello {
    Index end = 0;     // of its log
    Index commit = 0;  // what was committed then
    bool ended_early = false;
  };

  struct Peer {
    uint64_t storage_id = 0;
    uint64_t session = 0;  // 0: has not said hello in this epoch
    Progress progress;
    Answers answers;
    int64_t last_heard_ns = 0;
    int64_t met_ns = 0;  // when this session said hello, or the epoch began
    AdaptiveTimeout silence;
    int64_t rejoin_after_ns = 0;
    bool proven_dead = false;
    // Where its log ended when this session said hello. A member whose log ended before what was
    // committed has a disk that went back: known for certain once the log is verified up to there.
    Hello hello;
    bool went_back = false;

    // Nothing that was said in another session holds, but for when it may come back.
    void begin_session(uint64_t of_storage_id, uint64_t new_session, int64_t now_ns) {
      const int64_t rejoins_after_ns = rejoin_after_ns;
      *this = Peer{};
      storage_id = of_storage_id;
      session = new_session;
      met_ns = now_ns;
      rejoin_after_ns = rejoins_after_ns;
    }
  };

  struct PendingSwap {
    Swap swap;
    bool unknown = false;          // had no clear yes: a read has to settle it
    int64_t retry_at_ns = 0;       // for the repetition on the same version; 0: none due
    int64_t read_again_at_ns = 0;  // the read that has to settle it may fail
  };

  // Until then it may say nothing, or acknowledge nothing, before it has to leave the set.
  int64_t silent_after_ns(const Peer& peer) const;
  int64_t stalled_after_ns(const Peer& peer) const;
  bool is_member(const Member& member) const;

  void append_entry(wire::Entry entry);
  void name_record();
  void look_whether_it_went_back(ReplicaId id, Peer& peer);
  void tell_that_it_went_back(ReplicaId id, Peer& peer);
  Peer* peer_of(const Message& m);
  void advance_commit();
  bool predecessor_is_over() const { return leases_.predecessor_is_over(context_.now); }
  Index acknowledged_by(const Member& member) const;
  Progress::Log own_log() const { return {context_.log.first_index(), context_.last_index}; }

  void replicate(ReplicaId id, Peer& peer);
  void send_append(ReplicaId id, Peer& peer, std::vector<wire::Entry> entries);
  int64_t grant_lease(ReplicaId id, const Peer& peer);
  void send_snapshot_chunk(ReplicaId id, Peer& peer);
  void announce_to_silent_members();

  void change_set();
  bool remove_members();
  void add_member();
  bool has_to_leave(const Member& member) const;
  bool is_excluded(ReplicaId id) const;
  bool may_leave(const Member& member) const;
  bool is_proven_dead(const Member& member) const;
  bool may_join(ReplicaId id, const Peer& peer) const;
  void swap_set(std::vector<Member> in_sync, const std::string& why);
  void settle_pending_swap();

  Context& context_;
  Record record_;
  Index first_ = 0;            // the entry that opens this epoch
  Index named_ = 0;            // the entry that names the set of record_
  Ticket promise_ticket_ = 0;  // nothing of this epoch is said before the promise is durable
  Leases leases_;
  std::map<ReplicaId, Peer> peers_;
  // Asked to leave by a controller, which repeats it for as long as it wants so: until when.
  std::map<ReplicaId, int64_t> excluded_until_ns_;
  std::optional<PendingSwap> pending_;
  int64_t last_announce_ns_ = 0;
  int64_t last_heard_ns_;             // from anybody
  int64_t awake_ns_;                  // when something happened last
  int64_t woke_up_ns_;                // when this process had not run for long, last
  std::map<uint64_t, Hello> hellos_;  // by session
  std::set<uint64_t> dead_sessions_;  // proven; what they said may still come
};

}  // namespace tandem::repl
