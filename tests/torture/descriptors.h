// Processes that have hardly a descriptor left. One thread.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"

namespace tandem::torture {

class Descriptors {
 public:
  // The process may have as many as it has open now, or a few more or less. Gives what was done.
  Result<std::string> exhaust(pid_t pid, uint64_t choice);
  // All limits are as they were, of those that still live.
  void give_back();

 private:
  std::map<pid_t, rlimit> before_;
};

}  // namespace tandem::torture
