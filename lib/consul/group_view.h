// What a process sees of one group in Consul: the record, the members and the locks, by one blocking
// query on all keys of the group, and a plain consistent read beside it every few seconds.
//
// The second is there because the first cannot be trusted alone: where Consul is restored from a
// snapshot while a query waits, that is answered with what was before, and the next one with the
// index of then sleeps until its time is over. So an index that went back is believed of a plain
// read alone, and only where that was sent after the last answer that was believed; and a query
// that waits for an index of before is given up then.
//
// It looks as long as somebody watches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "base/self.h"
#include "base/timers.h"
#include "consul/client.h"
#include "coord/coord.h"

namespace tandem::consul {

// Which answers are believed. Pure.
class Believed {
 public:
  // A number for the request that is sent now.
  uint64_t sent() { return ++last_sent_; }
  // `blocking`: the answer of a query that waited. What is believed is newer than all before.
  bool take(uint64_t number, bool blocking, uint64_t index);
  uint64_t index() const { return index_; }

 private:
  uint64_t last_sent_ = 0;
  uint64_t known_at_ = 0;  // the number of the last request when the last answer was believed
  uint64_t index_ = 0;
};

class GroupView {
 public:
  class Watcher {
   public:
    virtual ~Watcher() = default;
    // `plain_sent`: of a plain read its number in order of sending (now_sent()), else 0.
    virtual void seen(const Listing& keys, uint64_t plain_sent) = 0;
  };

  // `prefix`: of all keys of the group, with a slash at its end. `client` outlives this.
  GroupView(Client& client, Time time, std::string prefix);
  ~GroupView();

  const std::string& prefix() const { return prefix_; }
  void add(Watcher& watcher);
  void remove(Watcher& watcher);
  // A plain read now; where one is under way, another one after it.
  void look();
  // This process has changed something: who compares with what it saw last may miss that otherwise,
  // where it is undone before the next read.
  void changed_here() {
    ++changes_here_;
    look();
  }
  uint64_t changes_here() const { return changes_here_; }
  // The number of the request that was sent last: a plain read with a higher one is of later.
  uint64_t now_sent() const { return sent_; }

 private:
  void wait_for_change();
  void stop_waiting();
  void take_read(uint64_t number, Result<Listing> keys);
  void take_change(uint64_t number, Result<Listing> keys);
  void tell(const Listing& keys, uint64_t plain_sent);

  Client& client_;
  const std::string prefix_;
  std::vector<Watcher*> watchers_;  // in the order of their coming
  Believed believed_;
  uint64_t sent_ = 0;
  uint64_t changes_here_ = 0;
  bool looking_ = false;
  bool again_ = false;
  uint64_t reading_ = 0;     // the client's number of the plain read
  uint64_t waiting_ = 0;     // ... of the blocking query; 0: there is none
  uint64_t generation_ = 0;  // of blocking queries
  int64_t pause_ms_ = 0;     // after failures
  std::unique_ptr<Timer> regular_;
  std::unique_ptr<Timer> retry_;
  Self<GroupView> self_;  // last: goes first
};

}  // namespace tandem::consul
