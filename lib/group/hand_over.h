// Hands leadership to the preferred replica when that has been in sync, useful, answering and with
// space for a while: one that has just come back has to prove steady. After a failure it waits for
// longer each time. A leader that is not useful goes for any that is; where none is it stays. Pure:
// its owner moves leadership, and says how that ended.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "group/view.h"
#include "repl/controller.h"
#include "repl/types.h"

namespace tandem::group {

class HandOver {
 public:
  explicit HandOver(repl::Controller::Prefer prefer) : prefer_(std::move(prefer)) {}

  // To whom leadership is to go now, nullopt: it stays. `leader`: who takes writes now, 0: nobody.
  // Look often; after it has named somebody it names nobody until ended() was called.
  std::optional<repl::ReplicaId> look(repl::ReplicaId leader, const std::vector<View>& replicas,
                                      int64_t now_ns);
  void ended(bool moved, int64_t now_ns);

 private:
  struct Wanted {
    repl::ReplicaId id = 0;
    uint64_t session = 0;
    int64_t since_ns = 0;
  };
  const View* better_than(repl::ReplicaId leader, const std::vector<View>& replicas) const;

  const repl::Controller::Prefer prefer_;
  std::optional<Wanted> wanted_;
  bool moving_ = false;
  int64_t pause_ns_ = 0;
  int64_t not_before_ns_ = 0;
};

}  // namespace tandem::group
