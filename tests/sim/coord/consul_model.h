// A model of Consul as its HTTP API shows it (1.8; tests/unit/consul_model puts the same
// questions to a real agent): keys, sessions, blocking queries, and what befalls a cluster: no
// leader, a snapshot that is restored, a wipe. Pure: time and chance are arguments.
//
// All servers are one here, for Raft makes them so. What differs between them shows in reads that do
// not ask for consistency: those may be answered from the past.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "sim/random.h"
#include "sim/schedule.h"

namespace tandem::sim {

class ConsulModel {
 public:
  struct Request {
    std::string method = "GET";
    std::string target;  // path and query
    std::string body = {};
  };
  struct Reply {
    int status = 200;
    std::string body;
    uint64_t index = 0;  // X-Consul-Index; 0: none
  };
  using Done = UniqueFunction<void(const Reply&)>;

  struct Entry {
    std::string value;
    uint64_t flags = 0;
    std::string session;  // holds it; empty: none
    uint64_t lock_index = 0;
    uint64_t create_index = 0;
    uint64_t modify_index = 0;
    // As Consul compares, to see whether a write changes anything.
    bool holds_same(const Entry& other) const {
      return value == other.value && flags == other.flags && session == other.session &&
             lock_index == other.lock_index;
    }
  };
  struct Session {
    std::string name;
    std::string node;
    std::string ttl;  // as it was given
    int64_t ttl_ns = 0;
    int64_t lock_delay_ns = 0;
    bool deletes = false;  // Behavior
    uint64_t index = 0;    // of its making
  };
  // What the log of Raft makes, and a snapshot holds.
  struct State {
    std::map<std::string, Entry> keys;
    std::map<std::string, uint64_t> tombstones;  // of keys that were removed: when
    std::map<std::string, Session> sessions;
    std::set<std::string> nodes;
    uint64_t keys_index = 0;  // of the last change of any key
    uint64_t sessions_index = 0;
  };

  // Both outlive this; what is scheduled refers to it.
  ConsulModel(Schedule& schedule, Random& random) : schedule_(schedule), random_(random) {}

  // `done` is called now or, for a blocking query, later. A number for hang_up().
  uint64_t serve(const Request& request, Done done);
  // The client is gone: a blocking query of this number is not answered any more.
  void hang_up(uint64_t number) { waiting_.erase(number); }

  // Without a leader every request fails with 500; the timers of sessions begin anew with the next.
  void lose_leader();
  // Until then it has not read of the sessions that are there: renewals are answered 404.
  void elect_leader(int64_t knows_at_ns = 0);
  bool has_leader() const { return has_leader_; }
  // Tokens are refused: 403.
  void deny(bool denies) { denies_ = denies; }

  const State& state() const { return state_; }
  // Indexes go back, while the log goes on. `reasserts`: the leader begins its timers anew, as with
  // `consul snapshot restore`; else sessions that come back stay until they are renewed or another
  // leader is elected. Blocking queries are answered with what was before.
  void restore(const State& snapshot, bool reasserts);
  // All servers anew on empty directories. Blocking queries get no answer.
  void wipe();
  // Tombstones are forgotten, as after a quarter of an hour: the index of a listing may go back.
  void reap_tombstones();
  void destroy_session(const std::string& id);

  // Permille of reads without consistency that are answered from the past.
  uint32_t stale = 0;
  // Called with each change of a key but those of restore() and wipe(); nullptr: it is not there.
  std::function<void(const std::string& key, const Entry* before, const Entry* after)> on_change;

 private:
  // A target, taken apart.
  struct Asked {
    std::string_view method;
    std::string path;
    std::map<std::string, std::string, std::less<>> query;
    std::string_view body;
    bool has(std::string_view name) const { return query.contains(name); }
  };
  struct Waiting {
    std::string prefix;  // or the key
    bool recurse = false;
    uint64_t index = 0;
    Reply last;
    Done done;
  };

  static Asked take_apart(const Request& request);
  std::optional<Reply> answer(const Asked& asked);
  Reply of_keys(const Asked& asked, const std::string& key);
  Reply put(const Asked& asked, const std::string& key);
  Reply remove(const Asked& asked, const std::string& key);
  Reply read(const State& state, const std::string& key, bool recurse) const;
  Reply of_sessions(const Asked& asked, const std::string& what);
  Reply create_session(std::string_view body);
  Reply register_node(std::string_view body);
  uint64_t wait(const Asked& asked, const std::string& key, Reply now, uint64_t index,
                int64_t wait_ns, Done done);
  const State& state_for(const Asked& asked);

  void change(const std::string& key, const Entry& entry);
  void erase(const std::string& key);
  void changed(const std::string& key, const std::optional<Entry>& before);
  uint64_t next_index();
  void start_timer(const std::string& session);
  void start_timers();
  std::string new_session_id();

  Schedule& schedule_;
  Random& random_;
  State state_;
  std::deque<State> past_;  // the newest last
  uint64_t log_index_ = 10;
  int64_t knows_sessions_at_ns_ = 0;
  bool has_leader_ = true;
  bool denies_ = false;
  // What the leader has in memory.
  std::map<std::string, uint64_t> timers_;  // of sessions: the number of the one that counts
  uint64_t last_timer_ = 0;
  std::map<std::string, int64_t> lock_delays_;  // of keys: until when
  std::map<uint64_t, Waiting> waiting_;
  uint64_t last_number_ = 0;
};

}  // namespace tandem::sim
