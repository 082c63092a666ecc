// The one session of this process with Consul, which holds its locks. It is made when a lock wants
// it, renewed while one does, and destroyed with the last.
//
// It counts as alive for its TTL after the *sending* of the last renewal that was answered, by the
// boot clock: Consul ends it later than that, so nobody has a lock of ours while we believe that we
// have it, however late an answer comes and however long this process was stopped. (As LiteFS's
// monitorLeaseAsPrimary; Gray and Cheriton, "Leases", 1989.) After that it may be alive again, if
// Consul has kept it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/self.h"
#include "base/timers.h"
#include "consul/client.h"

namespace tandem::consul {

class Session {
 public:
  // Told when alive() may have changed.
  class User {
   public:
    virtual ~User() = default;
    virtual void session_changed() = 0;
    // What is wrong with what it uses the session for, for people; empty: nothing.
    virtual std::string trouble() const = 0;
  };

  // `client` outlives this. `name`: for people, in Consul's list of sessions.
  Session(Client& client, Time time, std::string name);

  void add(User& user);
  void remove(User& user);

  bool alive() const;
  // Empty: there is none, or none is known.
  const std::string& id() const { return id_; }
  // The first of its users'.
  std::string trouble() const;
  // Consul said that it is not there. It may be all the same: a server that leads since a moment ago
  // says so of sessions that it has not read of yet.
  void is_gone(const std::string& id);
  // Whether this process had that session, and has given it up: what it holds nobody wants.
  bool had(const std::string& id) const;
  // Lets go of a lock that it may hold, no attempt at which is under way, and then of the session
  // where no lock needs it. `done` after that, or when it cannot be done in time.
  void let_go(const std::string& key, const std::string& value, UniqueFunction<void()> done);
  // Until that is settled the key is not asked for again with this session: a release that is late
  // would take away what was taken since.
  bool lets_go_of(const std::string& key) const { return letting_go_.contains(key); }
  // Ends it, and makes another one where a lock needs it: something that was asked with it may be
  // carried out at any time yet, which nobody wants any more.
  void abandon(UniqueFunction<void()> done);
  // The session goes where no lock needs it.
  void end_if_unused(UniqueFunction<void()> done);

 private:
  void work();
  void create();
  void renew();
  void take_renewal(const std::string& id, int64_t sent_ns, const Result<Renewal>& renewed);
  void live_from(int64_t sent_ns);
  void look_at_end();
  uint64_t wait_for(UniqueFunction<void()> done);
  void waited_for(uint64_t number);
  void waited_for_soon(uint64_t number);
  std::string give_up();
  void tell();
  void tell_all();
  int64_t now_ns() const { return time_.clock.boot_ns(); }

  Client& client_;
  const Time time_;
  const std::string name_;
  std::vector<User*> users_;  // in the order of their coming
  std::string id_;
  std::deque<std::string> former_;  // the last ones that were given up
  int64_t alive_until_ns_ = 0;      // boot clock
  std::string told_;                // the id while it was alive, as it was told last
  bool asking_ = false;             // a creation or a renewal is under way
  std::unique_ptr<Timer> next_;     // the next renewal or attempt
  std::unique_ptr<Timer> end_;      // of being alive
  std::map<uint64_t, UniqueFunction<void()>> waiting_;  // who has let go of a lock
  uint64_t last_wait_ = 0;
  std::multiset<std::string> letting_go_;  // keys
  std::unique_ptr<Timer> patience_;        // of those
  std::vector<uint64_t> over_;             // which need not wait any more
  std::unique_ptr<Timer> turn_;            // in which they are told
  Self<Session> self_;                     // last: goes first
};

}  // namespace tandem::consul
