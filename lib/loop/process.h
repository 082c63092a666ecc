// Processes: starting one, watching any, and telling one from a later one with the same pid.
//
// A started process lives in a session of its own and outlives its parent and the object that
// started it: whoever starts processes adopts them after a restart by their identity.
#pragma once

#include <sys/types.h>
#include <uv.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "loop/loop.h"

namespace tandem::loop {

// Names one process for good: a pid is used again, a pid with its start time is not, and the clock
// of start times begins anew with each boot.
struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_ticks = 0;  // field 22 of /proc/PID/stat
  std::string boot_id;       // /proc/sys/kernel/random/boot_id
  friend bool operator==(const ProcessIdentity&, const ProcessIdentity&) = default;
};

// kNotFound where no such process is.
Result<ProcessIdentity> process_identity(pid_t pid);
// Whether the process that `identity` names still exists (a zombie does not).
bool same_process(const ProcessIdentity& identity);
// Whether it has ended for certain: a process of that number does not exist, or has begun at another
// time. False proves nothing, as /proc may hide processes of others. REQUIRES, of the caller: the
// identity is of this host, and of this namespace of pids and of time.
bool proven_ended(const ProcessIdentity& identity);
// Whether it exists and is stopped: by SIGSTOP, by a terminal, or by who traces it. True only for
// the moment of the look.
bool is_stopped(const ProcessIdentity& identity);

struct ProcessOptions {
  std::string program;                                           // found through PATH
  std::vector<std::string> args;                                 // without the program's own name
  std::vector<std::pair<std::string, std::string>> environment;  // added to ours, or replaced
  std::string working_directory;                                 // empty: ours
  // Open descriptors of ours for the child's stdout and stderr; -1: our own. stdin is /dev/null.
  int stdout_fd = -1;
  int stderr_fd = -1;
  // Open descriptors of ours under further numbers in the child, as {3, descriptor}. They rise
  // from 3 without a gap. Others of ours reach the child unless they are close-on-exec.
  std::vector<std::pair<int, int>> extra_fds;
};

// A child. Destroying the object stops watching; the process lives on.
class Process {
 public:
  Process(Loop& loop, UniqueFunction<void(int64_t exit_status, int signal)> on_exit);
  // kNotFound, kPermission and so on where the program cannot be run. REQUIRES: not called before.
  Status spawn(const ProcessOptions& options);
  pid_t pid() const { return pid_; }
  bool running() const { return running_; }
  // Does nothing once the process has ended. REQUIRES: spawned.
  Status signal(int signal_number);

 private:
  Loop& loop_;
  UniqueFunction<void(int64_t, int)> on_exit_;
  internal::Owned<uv_process_t> handle_;
  pid_t pid_ = 0;
  bool running_ = false;
};

// Watches a process that need not be a child, by a pidfd.
class ProcessWatch {
 public:
  // on_end is called once, from the loop, when the process ends.
  ProcessWatch(Loop& loop, UniqueFunction<void()> on_end);
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // kNotFound where that very process has ended already; on_end is not called then. REQUIRES: not
  // started before.
  Status start(const ProcessIdentity& identity);
  // Reaches the watched process or nobody, also when its pid is in use again. kNotFound when it has
  // ended.
  Status signal(int signal_number);

 private:
  Loop& loop_;
  UniqueFunction<void()> on_end_;
  int pidfd_ = -1;
  std::optional<Poll> poll_;
};

}  // namespace tandem::loop
