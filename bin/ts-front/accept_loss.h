// POST /replicas/accept-loss: an operator gives up the in-sync replicas of a group of the store,
// whose data is gone, so that the best of the others leads it. JSON in both styles. Who asked for
// it, and what became of it, is logged.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "http/request.h"
#include "http/responder.h"
#include "http/router.h"
#include "repl/types.h"

namespace tandem::front {

// {"group":"orders","ids":[1,2]}, and "force":true where they are not proven to be lost
struct Loss {
  std::string group;
  std::set<repl::ReplicaId> ids;
  bool force = false;
};
// Errors: kBadInput.
Result<Loss> parse_loss(std::string_view body);

// The groups of the store, for this call.
class LosingGroups {
 public:
  // With who leads.
  using Done = UniqueFunction<void(Result<repl::ReplicaId>)>;

  virtual ~LosingGroups() = default;
  // Calls done once, at once or later. Errors: kBadInput (no such group), kUnavailable (another
  // front is the controller), those of group::Leadership::accept_loss.
  virtual void accept_loss(const Loss& loss, Done done) = 0;
};

void accept_loss(LosingGroups& groups, const http::Request& request, http::Responder responder);
// `groups` outlives the router.
void add_accept_loss(http::Router& router, LosingGroups& groups);

}  // namespace tandem::front
