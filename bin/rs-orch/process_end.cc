#include "process_end.h"

#include <csignal>
#include <cstring>

namespace tandem::orch {

namespace {

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? std::string("SIG") + name : std::to_string(signal);
}

}  // namespace

std::string describe(const std::optional<ProcessEnd>& end) {
  if (!end) return "ended";
  if (end->signal == 0) return "exit status " + std::to_string(end->status);
  return "killed by " + signal_name(end->signal) + " (" + strsignal(end->signal) + ")";
}

std::string cause_of(const std::optional<ProcessEnd>& end) {
  if (!end) return "unseen";
  if (end->signal == 0) return "exit " + std::to_string(end->status);
  return signal_name(end->signal);
}

}  // namespace tandem::orch
