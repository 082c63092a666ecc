#include "process_end.h"

#include <csignal>
#include <cstring>

namespace tandem::orch {

std::string describe(const std::optional<ProcessEnd>& end) {
  if (!end) return "ended";
  if (end->signal == 0) return "exit status " + std::to_string(end->status);
  const char* name = sigabbrev_np(end->signal);
  const std::string told =
      name != nullptr ? std::string("SIG") + name : std::to_string(end->signal);
  return "killed by " + told + " (" + strsignal(end->signal) + ")";
}

}  // namespace tandem::orch
