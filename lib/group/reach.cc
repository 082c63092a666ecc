#include "group/reach.h"

namespace tandem::group {

namespace {

constexpr int kDenials = 3;         // until a replica is of no use
constexpr int kConfirmations = 20;  // until it is again

}  // namespace

void Reach::told(repl::ReplicaId id, bool reaches) {
  Thought& thought = thoughts_[id];
  if (reaches == thought.useful) {
    thought.against = 0;
  } else if (++thought.against >= (thought.useful ? kDenials : kConfirmations)) {
    thought = Thought{reaches, 0};
  }
}

bool Reach::useful(repl::ReplicaId id) const {
  const auto it = thoughts_.find(id);
  return it == thoughts_.end() || it->second.useful;
}

}  // namespace tandem::group
