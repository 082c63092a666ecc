// One worker process: a child, or one that an earlier life of this program started and that is
// adopted. Owns what watches it, not the process: that lives on where this object goes. Knows
// nothing of why it is started or stopped (fleet_plan.h).
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "config.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "process_end.h"
#include "repl/types.h"

namespace tandem::orch {

// What is run as this worker on this directory: the program with its settings.
loop::ProcessOptions worker_command(const OrchConfig& config, repl::ReplicaId id,
                                    const std::string& directory);

class WorkerProcess {
 public:
  struct Callbacks {
    // A child has said that it is ready, or closed the pipe by dying: the registry tells which.
    std::function<void()> on_ready;
    // A child says what it waits for, or that it still does: it has not come to a stop.
    std::function<void()> on_waits;
    // It is dead. Called once, at last; this object is to be destroyed later, not from inside.
    std::function<void(const std::optional<ProcessEnd>&)> on_end;
  };

  WorkerProcess(loop::Loop& loop, Callbacks callbacks);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  // Runs it as a child, with a pipe for its readiness as descriptor 3. Errors: those of
  // loop::Process::spawn and of making a pipe. REQUIRES: neither start nor adopt was called before.
  Status start(loop::ProcessOptions command);
  // kNotFound where that very process has ended. REQUIRES: as of start.
  Status adopt(const loop::ProcessIdentity& identity);

  // 0 where it could not be started or adopted.
  pid_t pid() const { return pid_; }
  // What it says that it waits for before it is ready, for people; empty: nothing.
  const std::string& waits_for() const { return waits_for_; }
  // Reaches this process or nobody.
  void signal(int signal_number);

 private:
  void read_pipe();
  void ready();
  void close_pipe();
  void ended(const std::optional<ProcessEnd>& end);

  loop::Loop& loop_;
  const Callbacks callbacks_;
  pid_t pid_ = 0;
  std::unique_ptr<loop::Process> child_;
  std::unique_ptr<loop::ProcessWatch> watch_;  // of an adopted one
  int ready_fd_ = -1;
  std::string unread_;  // of the pipe, up to where the next text ends
  std::string waits_for_;
  std::unique_ptr<loop::Poll> ready_;
};

}  // namespace tandem::orch
