// Child processes, and the processes that children left behind: started, waited for, signalled.
// One thread.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tandem::torture {

class Processes {
 public:
  // All children run in `directory`. Orphans of this process's descendants become its children.
  explicit Processes(std::string directory);

  // Output goes to this descriptor.
  Result<pid_t> start(const std::vector<std::string>& argv, int output);
  // Waits for the end; an exit status other than 0 is an error. `script` is for sh -e.
  Status run(const std::string& script);
  // Collects the dead. Called often.
  void reap();
  // What wait(2) told of a child that ended.
  std::optional<int> ended(pid_t child) const;
  // Waits until `pid`, of this process's children or not, is no more; for some seconds at most.
  void wait_gone(pid_t pid);
  // This signal, and KILL after ten seconds. The status that wait(2) told.
  int stop(pid_t child, int number);

  // Signals a process that runs in `directory`, and no other: a pid that somebody told may be that
  // of anybody else by now.
  Status signal(pid_t pid, int number) const;

  // SIGKILL to all of them at one moment: none of them does anything after the first is gone. Waits
  // until they are.
  Status kill_at_once(const std::vector<pid_t>& pids);

  const std::string& directory() const { return directory_; }

 private:
  const std::string directory_;
  std::map<pid_t, int> ended_;
};

}  // namespace tandem::torture
