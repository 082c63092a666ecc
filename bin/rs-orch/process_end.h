// How a process ended.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tandem::orch {

struct ProcessEnd {
  int64_t status = 0;
  int signal = 0;  // not 0: killed by it
};

// "killed by SIGKILL (Killed)"; "ended" where it is not known: of children alone it is.
std::string describe(const std::optional<ProcessEnd>& end);
// The same in a word for a label: "SIGKILL", "exit 74", "unseen".
std::string cause_of(const std::optional<ProcessEnd>& end);

}  // namespace tandem::orch
