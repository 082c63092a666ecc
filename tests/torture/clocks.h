// The wall clocks of processes, which can be set to something else while they run. One thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tandem::torture {

class Clocks {
 public:
  // Each process that was started with preload() has a file below `directory`.
  explicit Clocks(std::string directory) : directory_(std::move(directory)) {}
  Status make() const;

  // By 1 s to 2 h, forwards or back: all of them alike, or each one for itself. Gives by how much.
  // kUnavailable: none of them is there.
  Result<std::string> step(const std::vector<pid_t>& pids, uint64_t choice);
  // All clocks are right again, by another step.
  void set_right();

 private:
  bool set(pid_t pid, int64_t seconds) const;
  const std::string directory_;
  std::vector<pid_t> stepped_;
};

}  // namespace tandem::torture
