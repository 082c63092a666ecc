// Which replicas are of no use as leaders though they are well: they do not reach what a leader's
// requests need, as they say themselves whenever they are asked. It takes several answers in a row
// to change what is thought of one, and more of them for the better: leadership is not to follow
// every whim of a link. Pure.
#pragma once

#include <map>

#include "repl/types.h"

namespace tandem::group {

class Reach {
 public:
  void told(repl::ReplicaId id, bool reaches);
  bool useful(repl::ReplicaId id) const;

 private:
  struct Thought {
    bool useful = true;
    int against = 0;  // answers in a row that say otherwise
  };
  std::map<repl::ReplicaId, Thought> thoughts_;
};

}  // namespace tandem::group
