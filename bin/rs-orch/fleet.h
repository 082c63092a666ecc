// The worker processes: starts as many as there are to be, watches them, replaces the dead, retires
// the surplus, and, after a restart of this program, adopts the living instead of starting doubles.
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
#include <string>
#include <vector>

#include "base/function.h"
#include "config.h"
#include "directory_fate.h"
#include "events.h"
#include "group/leadership.h"
#include "group/loss_watch.h"
#include "group/replicas.h"
#include "loop/loop.h"
#include "loop/process.h"

namespace tandem::orch {

class Fleet {
 public:
  using PidDone = UniqueFunction<void(Result<pid_t>)>;

  Fleet(loop::Loop& loop, const OrchConfig& config, group::Replicas& workers,
        group::Leadership& leadership, Events& events);

  // From here on processes are started and stopped. REQUIRES: the registry was read.
  void start();
  // A worker has registered: one that this program started, or one to adopt.
  void worker_up(const group::ReplicaLink& worker);
  // Looks at what is and what is to be; cheap, called on every change and by a timer.
  void reconcile();

  void set_slaves(uint32_t slaves, const std::string& reason);
  uint32_t slaves() const { return slaves_; }
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
  bool hold(repl::ReplicaId id);
  void let_go(repl::ReplicaId id);
  // TERM, and a new process on the same directory as soon as that one has ended.
  void restart(repl::ReplicaId id);
  // One more slave that does not count, until it is ended.
  repl::ReplicaId start_helper();
  void end_helper(repl::ReplicaId id);

  // Whether these in-sync workers, which do not answer, are proven to be lost; else why not.
  Status may_give_up(const std::vector<repl::Member>& members) const;
  // These workers were given up: what is in their directories is moved aside, as the database goes
  // on without it, and they begin anew.
  void set_aside(const std::vector<repl::Member>& members);

  std::vector<pid_t> pids() const;  // of the living, ascending
  struct Starting {
    repl::ReplicaId id = 0;
    pid_t pid = 0;
  };
  std::vector<Starting> starting() const;  // run and have not registered yet
  // Ends all workers: TERM, then KILL after the stop timeout; nothing is started any more.
  void stop_all(UniqueFunction<void()> done);
  void kill_all();
  // Why there is no database, "" where nothing is wrong.
  const std::string& trouble() const { return trouble_; }

 private:
  struct Slot {
    repl::ReplicaId id = 0;
    pid_t pid = 0;         // 0: no process
    uint64_t session = 0;  // 0: has not registered yet
    bool retiring = false;
    repl::Epoch kept_out_of = 0;  // the epoch whose leader keeps it out of the set
    bool held = false;
    bool helper = false;  // does not count
    // Of the last process; nullopt: not known.
    std::optional<int64_t> exit_status;
    std::string refused;  // why it is not started: its files are of another format version
    uint64_t aside = 0;   // not 0: the storage id of what is to be moved out of its directory
    bool told_to_stop = false;
    int64_t stop_by_ms = 0;  // one that was told to stop is killed then
    bool overdue = false;    // it was killed for being late
    int failures = 0;        // in a row, without having run for a while
    int64_t started_ms = 0;
    int64_t next_start_ms = 0;
    std::unique_ptr<loop::Process> child;
    std::unique_ptr<loop::ProcessWatch> watch;  // of an adopted one
    int ready_fd = -1;
    std::unique_ptr<loop::Poll> ready;
    std::vector<PidDone> on_death;

    bool running() const { return pid != 0; }
    // It was killed by crash/…, and its end is not seen yet.
    bool is_crashed() const { return !on_death.empty(); }
  };

  std::string directory_of(repl::ReplicaId id) const;
  bool find_directories();
  void adopt_registered();
  bool adopt_holder(Slot& slot);
  Status adopt(Slot& slot, const loop::ProcessIdentity& identity, const std::string& reason);
  Slot& slot(repl::ReplicaId id);
  void ask_all_for_the_record(const std::string& trouble);
  void begin_group();
  void keep_in_sync_members();
  void look_for_lost_data();
  void look_for_refused_config();
  void set_trouble(const std::string& trouble);
  void fit_number();
  void retire_marked();
  void keep_out_of_set(repl::ReplicaId id);
  void kill_overdue();
  DirectoryFacts facts_of(const Slot& slot) const;
  std::vector<group::LossEvidence> loss_evidence(const std::vector<repl::Member>& members) const;
  bool disk_failed(const Slot& slot) const;
  bool is_good_copy(const repl::Member& member) const;
  size_t good_copies_beside(repl::ReplicaId id) const;
  bool is_last_good_copy(const Slot& slot) const;
  bool prepare_directory(Slot& slot);
  Status move_aside(Slot& slot);
  Status start_worker(Slot& slot, const std::string& reason);
  void on_ready(repl::ReplicaId id);
  // How it ended is known of children alone.
  struct End {
    int64_t status = 0;
    int signal = 0;
  };
  void on_exit(repl::ReplicaId id, const std::optional<End>& end);
  void send_signal(Slot& slot, int signal_number);
  void crash(Slot& slot, PidDone done);
  void erase_if_safe(repl::ReplicaId id);
  bool formats_are_known(Slot& slot);
  bool restart_if_due(Slot& slot, const std::string& reason);
  void tell_to_stop(Slot& slot);
  Slot* surplus();
  int64_t now_ms() const { return static_cast<int64_t>(loop_.now_ms()); }

  loop::Loop& loop_;
  const OrchConfig& config_;
  group::Replicas& workers_;
  group::Leadership& leadership_;
  Events& events_;
  std::map<repl::ReplicaId, Slot> slots_;
  uint32_t slaves_;
  uint32_t max_slaves_;
  repl::ReplicaId last_id_ = 0;
  bool started_ = false;
  bool data_without_record_ = false;
  int64_t next_create_ms_ = 0;
  bool stopping_ = false;
  std::string trouble_;
  bool config_refused_ = false;  // a worker ended for it, and none has come up since
  group::LossWatch loss_watch_;
  UniqueFunction<void()> all_stopped_;
  std::vector<std::pair<std::unique_ptr<loop::Process>, std::unique_ptr<loop::ProcessWatch>>>
      ended_;
  loop::Timer timer_;
  loop::Timer kill_timer_;
};

}  // namespace tandem::orch
