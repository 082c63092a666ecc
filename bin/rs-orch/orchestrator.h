// The orchestrator: the group of the database's workers, whose processes are its fleet's, with what
// a database needs beside: scaling, restarts, the declared tables. One orchestrator of a group is
// active (it holds the lock "active"); another one passes requests on to the workers and takes over
// when the lock is free.
//
// The active one may be stopped or hang and hold its lock all the same. So a passive one that sees
// no master for a second chooses one (group/stand_in.h): that needs no process, and does no
// harm, as it is a compare-and-swap. Workers are started and stopped by the active one alone. Who
// loses the lock stands down, and is active again when it has it again.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "autoscaler.h"
#include "base/function.h"
#include "config.h"
#include "coord/coord.h"
#include "daemon/coord_trouble.h"
#include "daemon/part.h"
#include "events.h"
#include "fleet.h"
#include "group/call_stats.h"
#include "group/gateway.h"
#include "group/group.h"
#include "group/leadership.h"
#include "group/replicas.h"
#include "group/restore_news.h"
#include "loop/loop.h"
#include "restarter.h"
#include "tables_declaration.h"

namespace tandem::orch {

class Orchestrator final : public daemon::Part {
 public:
  // `config` and `coord` outlive this.
  Orchestrator(loop::Loop& loop, const OrchConfig& config, coord::Coord& coord);

  // Settings that may change while it runs: scaling and requests.
  void reload(const OrchConfig& config);

  // A read of a client: counted for scaling, then sent on its way (to one replica alone where it
  // is named).
  void read(const wire::Request& request, group::Gateway::Done done, repl::ReplicaId replica = 0);
  // The same for what says nothing of how many slaves are needed.
  void read_uncounted(const wire::Request& request, group::Gateway::Done done,
                      repl::ReplicaId replica = 0);
  void write(const wire::Request& request, group::Gateway::Done done);
  // Empties the database. `asker` is told in the log and in an event.
  void clear(const wire::Request& request, std::string_view asker, group::Gateway::Done done);

  // --- what an operator wants; kUnavailable where another orchestrator is active ---
  // Each gives the pid of the worker that leads, or was restarted, when that is done.
  void transfer(repl::ReplicaId id, Fleet::PidDone done);
  void restart(repl::ReplicaId id, Fleet::PidDone done);
  // Without `force` only what is proven to be lost is given up (group/loss.h).
  void accept_loss(const std::set<repl::ReplicaId>& given_up, bool force, Fleet::PidDone done);

  // Ready: the master takes writes and the tables are as declared; else why not.
  Status readiness() const;
  // Called each time when readiness may have changed.
  void on_change(UniqueFunction<void()> callback) { on_change_ = std::move(callback); }

  const std::string& group() const { return config_.group; }
  // Whether the page may offer what changes workers.
  bool ui_actions() const { return config_.ui_actions; }
  // By which kind of coordination: "local" or "consul".
  const std::string& coordination() const { return config_.coord.backend; }
  // As the configuration has them: what each new master is given.
  const wire::Json& declared_tables() const { return config_.tables.value; }
  bool active() const { return group_.active() && lock_ != nullptr && lock_->held(); }
  Fleet& fleet() { return *fleet_; }
  Events& events() { return events_; }
  group::Group& replicated() { return group_; }
  group::Replicas& workers() { return group_.replicas(); }
  group::Leadership& leadership() { return group_.leadership(); }
  const Autoscaler& autoscaler() const { return autoscaler_; }
  // Of the window in which reads are counted; nullopt: it begins with the next read.
  std::optional<int64_t> window_left_ms() const { return autoscaler_.left_ms(now_ms()); }
  // What is wrong though requests are served, for people; empty: nothing.
  std::string warning() const;
  const group::CallStats& calls() const { return calls_; }
  // Called with each read and write that is answered.
  using CallEnded = std::function<void(group::CallStats::Kind, int status, int64_t us)>;
  void on_call_ended(CallEnded callback) { on_call_ended_ = std::move(callback); }
  // How many workers are to be in sync: the master and the slaves, as far as the set may grow.
  size_t in_sync_wanted() const {
    return std::min<size_t>(config_.max_in_sync, size_t{1} + fleet_->slaves());
  }
  size_t in_flight() const { return group_.gateway().in_flight(); }
  // Of the living workers, ascending.
  std::vector<pid_t> pids();

  std::string_view name() const override { return "orchestrator"; }
  void start(UniqueFunction<void(Status)> done) override;
  // Ends all workers where this orchestrator is the active one.
  void drain(UniqueFunction<void()> done) override;
  void hurry() override { fleet_->kill_all(); }

 private:
  group::MakeCaretaker make_fleet();
  void become_active();
  void stand_down(const std::string& reason);
  void look_at_coordination();
  void stop_group(UniqueFunction<void()> done);
  void group_changed();
  void declare_tables();
  int64_t now_ms() const { return static_cast<int64_t>(loop_.now_ms()); }
  void tick();
  group::Gateway::Done counted(group::CallStats::Kind kind, group::Gateway::Done done);

  loop::Loop& loop_;
  const OrchConfig& config_;
  coord::Coord& coord_;
  daemon::CoordTrouble coord_trouble_;
  Events events_;
  Fleet* fleet_ = nullptr;  // the group's, whose caretaker it is
  group::Group group_;
  group::RestoreNews restore_news_;
  Restarter restarter_;
  Autoscaler autoscaler_;
  group::CallStats calls_;
  CallEnded on_call_ended_;
  std::unique_ptr<coord::Lock> lock_;
  loop::Timer ticker_;
  UniqueFunction<void()> on_change_;
  bool draining_ = false;
  TablesDeclaration tables_;
};

// Ends the start of the process when the database takes requests: put after the parts that listen.
class DatabaseReady final : public daemon::Part {
 public:
  explicit DatabaseReady(Orchestrator& orchestrator) : orchestrator_(orchestrator) {}
  std::string_view name() const override { return "database"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override { done(); }

 private:
  Orchestrator& orchestrator_;
  UniqueFunction<void(Status)> done_;
};

}  // namespace tandem::orch
