// What an operator may want of a group: that another member leads, and that it goes on without
// members that are lost. Says whether either may be now, and if not why, in words for the operator;
// what only the lost members had of the acknowledged entries is lost with them. Pure, and changes
// nothing: the controller (controller.h) makes it true.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/result.h"
#include "repl/events.h"
#include "repl/knowledge.h"
#include "repl/types.h"

namespace tandem::repl {

class OperatorRequests {
 public:
  // How far the controller is that is asked.
  struct Standing {
    bool active = false;       // it may change something
    bool electing = false;     // a leader is being sought,
    bool chosen = false;       // and has been found: it is being written down, or opens its epoch
    std::string trouble = {};  // why nobody is chosen; "": nothing is known to be wrong
  };
  struct Loss {
    Candidate survivor;  // leads, alone in the set
    Swap swap;           // of the record with which the group goes on
    std::string notice;
  };

  // All of them outlive this.
  OperatorRequests(const Knowledge& known, const Prefer& prefer, const Nouns& nouns)
      : known_(known), prefer_(prefer), nouns_(nouns) {}

  // Whether this in-sync member may be made the leader. Errors: kNotFound (no such replica),
  // kConflict (it leads already, or is not in sync), kUnavailable (not active, no open leader, or an
  // election is under way).
  Status may_lead(ReplicaId id, const Standing& standing) const;

  // Every in-sync member that does not answer is given up, and where nobody can lead though some
  // answer those that are named. Errors: kBadInput (one that is named is not in the set), kConflict
  // (as many in-sync members as the set must have answer, or one that does not is not named: the
  // message lists them; or nobody that answers has data of this group), kUnavailable (not active,
  // no record, or a leader was chosen just now).
  Result<Loss> accept_loss(const std::set<ReplicaId>& given_up, const Standing& standing,
                           int64_t now) const;
  // Who would lead then, of those that answer and are not given up: whose log ends in the highest
  // epoch, then at the highest index. nullopt where none of them has all that is known committed,
  // or there is no record.
  std::optional<Candidate> best_survivor(const std::set<ReplicaId>& given_up, int64_t now) const;

 private:
  Status may_be_lost(const std::set<ReplicaId>& given_up, const Standing& standing,
                     int64_t now) const;
  Record without(const std::set<ReplicaId>& given_up, const Known& survivor) const;

  const Knowledge& known_;
  const Prefer& prefer_;
  const Nouns& nouns_;
};

}  // namespace tandem::repl
