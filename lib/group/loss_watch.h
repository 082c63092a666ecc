// Sees when a group stands still because in-sync members are missing, and tells what mends it: all
// of them are silent, the leader may not answer writes without them, or nobody may lead (see
// repl::Controller::trouble()). Only the disks of the in-sync members have everything that was
// answered: waiting does not bring back what is gone, and an operator has to look.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "group/leadership.h"
#include "group/loss.h"

namespace tandem::group {

class LossWatch {
 public:
  // What is known of these members now. Looks at files: called twice a second at most.
  using Evidence = std::function<std::vector<LossEvidence>(const std::vector<repl::Member>&)>;

  // What is to be told; "" where nothing is wrong, nothing where that is as it was.
  // REQUIRES: there is a record.
  std::optional<std::string> look(const Leadership& leadership, const LossWords& words,
                                  int64_t now_ms, const Evidence& evidence);

 private:
  std::optional<int64_t> silent_since_ms_;
  int64_t next_look_ms_ = 0;
};

}  // namespace tandem::group
