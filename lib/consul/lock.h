// A lock as a key that the session of this process holds. Its value names the process, so that who
// waits on the same host can look whether it is dead, and end its session then instead of waiting
// until that runs out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/self.h"
#include "base/timers.h"
#include "consul/client.h"
#include "consul/group_view.h"
#include "consul/processes.h"
#include "consul/session.h"
#include "coord/coord.h"

namespace tandem::consul {

// What the key of a lock says of its holder; nullopt: nobody holds it.
Result<std::optional<std::string>> holder_of(const std::optional<Entry>& entry);

class ConsulLock final : public coord::Lock, private GroupView::Watcher, private Session::User {
 public:
  // `session`, `client` and `processes` outlive this.
  ConsulLock(Client& client, std::shared_ptr<GroupView> view, Session& session,
             Processes& processes, Time time, const std::string& name, const std::string& holder,
             coord::LockCallbacks callbacks);
  ~ConsulLock() override;

  bool held() const override;
  void release(UniqueFunction<void()> done) override;

 private:
  void seen(const Listing& keys, uint64_t plain_sent) override;
  void session_changed() override;
  std::string trouble() const override;

  void attempt();
  void attempted(const std::string& session, const Result<bool>& acquired);
  void look_at_holder(const Entry& entry);
  void prompt();
  void end_dead_holder();
  void lose(const Error& error);
  void stop();
  void let_go(UniqueFunction<void()> done);
  bool is_unsure() const;

  Client& client_;
  const std::shared_ptr<GroupView> view_;
  Session& session_;
  Processes& processes_;
  const std::string key_;
  const std::string value_;
  coord::LockCallbacks callbacks_;
  std::string held_by_;       // our session when it was acquired; empty: not held
  uint64_t acquired_at_ = 0;  // plain reads with a higher number were sent later
  bool seen_held_ = false;    // a read has shown it as ours since
  bool attempting_ = false;
  std::string took_with_;  // our session when it was acquired last, whether or not held since
  std::string unsure_;     // a session with which an attempt may be carried out late
  bool stopped_ = false;
  uint64_t pause_ms_ = 0;       // after failures
  std::string holder_session_;  // another one's, as seen last
  wire::Json holder_process_;
  int64_t holder_since_ns_ = 0;  // boot clock: when that session was seen first
  bool prompted_ = false;        // its TTL was made to run
  std::string foreign_;          // why it is none of tandem's; empty: it may be one
  bool ending_holder_ = false;
  std::unique_ptr<Processes::Watch> holder_watch_;
  UniqueFunction<void()> when_attempted_;
  const Time time_;
  std::unique_ptr<Timer> retry_;
  Self<ConsulLock> self_;  // last: goes first
};

}  // namespace tandem::consul
