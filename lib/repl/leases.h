// The leases around the leader of one epoch: its own, those that it grants, and those of the leader
// before it, which have to end before anything is committed or answered.
//
// A lease that a follower is granted runs from its own stamp, so that it does not depend on how long
// messages take (Gray and Cheriton, 1989): the follower stamps each answer with its clock, and the
// next append brings that stamp back with a length. The leader's runs from when it sent what was
// answered. The holder of a lease counts nine tenths of it, who waits for its end all of it: enough
// where clocks run less than a tenth apart. tandem-replication(7) has the rules.
//
// Pure: times are of the leader's clock, but for the stamps. Internal to lib/repl.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "repl/adaptive_timeout.h"
#include "repl/context.h"
#include "repl/types.h"

namespace tandem::repl {

// What the answers of a follower say in one session.
struct Answers {
  int64_t sent_ns = 0;   // when the newest append that it answered was sent; 0: it answered none
  int64_t stamp_ns = 0;  // its clock: when it answered
  int64_t heard_ns = 0;  // when that answer came
  AdaptiveTimeout wait;  // from an append to its answer

  void answered(int64_t to_sent_ns, int64_t at_stamp_ns, int64_t now_ns);
};

class Leases {
 public:
  // The epoch was promised now, by the leader that is `self`, elected from these.
  Leases(int64_t lease_ns, const Member& self, std::vector<Member> elected_from, int64_t now_ns);

  // --- the leader before ---
  int64_t promised_at_ns() const { return promised_at_ns_; }
  // It has promised this epoch, or is dead: it gives the leader before no answers any more, and
  // none of its own under a lease of that one.
  void has_promised(const Member& member);
  // Nobody answers under a lease of the leader before any more: that had no answer of this replica
  // since the promise, so no lease beyond one length; or everybody else has promised.
  bool predecessor_is_over(int64_t now_ns) const;

  // --- the leader's own ---
  int64_t hold_ns() const { return lease_ns_ / 10 * 9; }
  // Until when nobody can be elected without this follower; 0: it has answered nothing.
  int64_t held_by(const Answers& answers) const {
    return answers.sent_ns == 0 ? 0 : answers.sent_ns + hold_ns();
  }

  // --- granted ones ---
  // How long the member's lease lasts from its newest stamp on, so that it ends before `until_ns`;
  // 0: there is none.
  int64_t grant(const Member& member, uint64_t session, const Answers& answers, int64_t until_ns,
                int64_t now_ns);
  // Whether a lease that was granted to it, in whichever session, may still run.
  bool runs(const Member& member, int64_t now_ns) const;
  // Who may hold one now.
  template <typename Do>
  void each_holder(int64_t now_ns, Do visit) const {
    for (const auto& [member, granted] : granted_) {
      if (granted.until_ns > now_ns) visit(member);
    }
  }
  // That session is proven dead: what was granted to it alone is void.
  void died(const Member& member, uint64_t session);
  void forget_ended(int64_t now_ns);

  // When something ends here.
  void add_deadlines(Deadline& next, int64_t now_ns) const;

 private:
  // By when every lease that was granted to a member has ended. Kept over its sessions: a proof of
  // death voids what that session was granted, and nothing else.
  struct Granted {
    int64_t until_ns = 0;
    uint64_t session = 0;  // 0: more than one may hold it
  };

  void look_who_has_promised();

  const int64_t lease_ns_;
  const Member self_;
  const std::vector<Member> elected_from_;
  const int64_t promised_at_ns_;
  std::set<Member> promised_;
  bool all_have_promised_ = false;
  std::map<Member, Granted> granted_;
};

}  // namespace tandem::repl
