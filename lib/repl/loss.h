// The loss of in-sync members as an operator accepts it: whether it may be now, and the record with
// which the group goes on without them. What only they had of the acknowledged entries is lost
// then. Pure; the controller makes it true.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "repl/events.h"
#include "repl/knowledge.h"
#include "repl/types.h"

namespace tandem::repl {

// Whether `a` is to be preferred over `b` as leader: rides-db takes the lowest pid, orders the
// highest id.
using Prefer = std::function<bool(const Candidate& a, const Candidate& b)>;

// Of those that answer, and are not given up: whose log ends in the highest epoch, then at the
// highest index. nullopt where none of them has all that is known committed, or there is no record.
std::optional<Candidate> best_survivor(const Knowledge& known, const Prefer& prefer, int64_t now,
                                       const std::set<ReplicaId>& given_up);

struct Loss {
  Candidate survivor;  // leads, alone in the set
  Swap swap;
  std::string notice;
};
// How the group stands for who asks.
struct Standing {
  std::string trouble;  // why nobody is chosen; "": nothing is known to be wrong
  bool choosing = false;
  Nouns nouns;
};
// Errors: those of Controller::accept_loss.
Result<Loss> plan_loss(const Knowledge& known, const Prefer& prefer, const Standing& standing,
                       const std::set<ReplicaId>& given_up, int64_t now);

}  // namespace tandem::repl
