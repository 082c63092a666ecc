// The worker processes: starts as many as there are to be, watches them, replaces the dead, retires
// the surplus, and, after a restart of this program, adopts the living instead of starting doubles.
// Who that is the plan decides (fleet_plan.h); this has the processes, and does it. Only where this
// orchestrator is the active one: a passive one does nothing.
//
// Each worker has an id and a directory of that name that keeps its data. A dead worker is started
// again on its directory: it has most of the data and copies the rest, and where every in-sync
// worker is dead those directories are the only place where the data is. What becomes of one whose
// worker distrusts its disk, is retired or was given up is decided in directory_fate.h.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/function.h"
#include "config.h"
#include "directories.h"
#include "directory_fate.h"
#include "events.h"
#include "fleet_plan.h"
#include "group/caretaker.h"
#include "group/leadership.h"
#include "group/loss.h"
#include "group/replicas.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "worker_process.h"

namespace tandem::orch {

class Fleet final : public group::Caretaker {
 public:
  using PidDone = UniqueFunction<void(Result<pid_t>)>;

  Fleet(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
        group::Leadership& leadership, Events& events);

  // --- what its group asks of it ---
  // Standing down it leaves the workers as they are, and as long as no other orchestrator is known to
  // look after them its end is theirs.
  void set_role(Role role) override;
  void look() override;
  // One that this program started, or one to adopt.
  void replica_up(const group::ReplicaLink& worker) override;
  void link_lost() override {}  // a death is told by the process itself
  std::optional<std::set<repl::ReplicaId>> founders() override;
  std::vector<group::LossEvidence> evidence(
      const std::vector<repl::Member>& members) const override;
  group::LossWords words() const override;
  std::string trouble() const override;
  // Another orchestrator has the workers now.
  void taken_over() { left_ = false; }
  // Asked before anything is started or stopped, for the moment.
  void acts_while(std::function<bool()> may_act) { may_act_ = std::move(may_act); }
  // Ends all workers, where they are this one's: TERM, then KILL after the stop timeout; nothing
  // is started any more.
  void drain(UniqueFunction<void()> done) override;

  // Looks at what is and what is to be; cheap, called on every change.
  void reconcile();

  void set_slaves(uint32_t slaves, const std::string& reason);
  uint32_t slaves() const { return plan_.slaves(); }
  // Who ends again and again, and how, for people; "": nobody does.
  std::string who_fails() const;
  // Workers that ended unasked since this process began, by cause_of() their end.
  const std::map<std::string, uint64_t>& deaths() const { return deaths_; }
  void set_limits(uint32_t min_slaves, uint32_t max_slaves);

  // One more slave; kConflict at the maximum. Its pid.
  Result<pid_t> create_slave();
  // SIGKILL to the master, or to the slave with the highest pid; done once that process is dead.
  // kUnavailable, kConflict: there is none, or that slave is the last that has everything.
  void crash_master(PidDone done);
  void crash_slave(PidDone done);

  // --- for the restart of a worker (restarter.h) ---
  // 0: no such process, or it has not registered yet.
  uint64_t session_of(repl::ReplicaId id) const;
  pid_t pid_of(repl::ReplicaId id) const;
  // Whether the worker is about to go for good.
  bool retiring(repl::ReplicaId id) const;
  // While a worker is held it is not retired. False where that has begun, or there is none.
  bool hold(repl::ReplicaId id) { return plan_.hold(id); }
  void let_go(repl::ReplicaId id) { plan_.let_go(id); }
  // TERM, and a new process on the same directory as soon as that one has ended.
  void restart(repl::ReplicaId id);
  // One more slave that does not count, until it is ended.
  repl::ReplicaId start_helper();
  void end_helper(repl::ReplicaId id);

  // An operator wants these to be given up. Once the record goes on without them what is in their
  // directories is moved aside, and they begin anew: started on it they could not join.
  void expect_loss(const std::set<repl::ReplicaId>& ids);

  std::vector<pid_t> pids() const;  // of the living, ascending
  struct Starting {
    repl::ReplicaId id = 0;
    pid_t pid = 0;
    std::string waits_for;  // WorkerProcess::waits_for()
  };
  std::vector<Starting> starting() const;  // run and have not registered yet
  // Of the first of them that waits for something, for people; empty: none does.
  std::string start_waits_for() const;
  void kill_all();

 private:
  using Steps = std::vector<FleetPlan::Start>;

  GroupFacts group_facts() const;
  void forget_plan();
  void read_registry();
  void begin();
  static loop::ProcessIdentity identity_of(const group::ReplicaLink& worker);
  void adopt_registered();
  bool adopt_holder(repl::ReplicaId id);
  Status adopt(repl::ReplicaId id, const loop::ProcessIdentity& identity,
               const std::string& reason);
  std::string record_trouble() const;
  void start_first();
  void move_given_up_aside();
  void kill_late();
  void retire_surplus();
  void retire_marked();
  void erase_if_safe(repl::ReplicaId id);

  void start_all(const Steps& starts);
  void start_one(repl::ReplicaId id, const std::string& reason);
  bool can_be_used(repl::ReplicaId id);
  bool prepare_directory(repl::ReplicaId id);
  Status start_worker(repl::ReplicaId id, const std::string& reason);
  WorkerProcess::Callbacks callbacks_of(repl::ReplicaId id);
  void on_end(repl::ReplicaId id, const std::optional<ProcessEnd>& end);
  void signal(repl::ReplicaId id, int signal_number);
  void tell_to_stop(repl::ReplicaId id);
  void crash(repl::ReplicaId id, PidDone done);

  std::set<repl::ReplicaId> good_copies() const;
  std::set<repl::ReplicaId> failed_disks() const;
  DirectoryFacts facts_of(repl::ReplicaId id) const;
  int64_t now_ms() const { return static_cast<int64_t>(loop_.now_ms()); }

  loop::Loop& loop_;
  const OrchConfig& config_;
  group::Replicas& workers_;
  group::Leadership& leadership_;
  Events& events_;
  FleetPlan plan_;
  Directories directories_;
  std::map<repl::ReplicaId, std::unique_ptr<WorkerProcess>> processes_;
  std::map<std::string, uint64_t> deaths_;
  std::vector<std::unique_ptr<WorkerProcess>> ended_;  // go at the next look
  std::map<repl::ReplicaId, std::vector<PidDone>> on_death_;
  std::map<repl::ReplicaId, std::string> refused_;  // why no worker is started on its files
  std::vector<repl::Member> given_up_;              // until the record goes on without them
  std::function<bool()> may_act_ = [] { return true; };
  bool active_ = false;
  bool left_ = false;     // was active, and nobody is known to be it now
  bool reading_ = false;  // the registry, to begin
  bool started_ = false;
  bool stopping_ = false;
  bool data_without_record_ = false;
  UniqueFunction<void()> all_stopped_;
  loop::Timer kill_timer_;
};

}  // namespace tandem::orch
