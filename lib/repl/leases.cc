#include "repl/leases.h"

#include <algorithm>
#include <utility>

#include "repl/planted.h"

namespace tandem::repl {

void Answers::answered(int64_t to_sent_ns, int64_t at_stamp_ns, int64_t now_ns) {
  if (to_sent_ns > sent_ns) {
    wait.waited(now_ns - to_sent_ns, now_ns);
    sent_ns = to_sent_ns;
  }
  if (at_stamp_ns <= stamp_ns) return;
  stamp_ns = at_stamp_ns;
  heard_ns = now_ns;
}

Leases::Leases(int64_t lease_ns, const Member& self, std::vector<Member> elected_from,
               int64_t now_ns)
    : lease_ns_(lease_ns),
      self_(self),
      elected_from_(std::move(elected_from)),
      promised_at_ns_(now_ns) {
  look_who_has_promised();
}

// --- the leader before ---

void Leases::has_promised(const Member& member) {
  if (all_have_promised_) return;
  if (promised_.insert(member).second) look_who_has_promised();
}

void Leases::look_who_has_promised() {
  all_have_promised_ = std::all_of(
      elected_from_.begin(), elected_from_.end(),
      [this](const Member& member) { return member == self_ || promised_.contains(member); });
}

bool Leases::predecessor_is_over(int64_t now_ns) const {
  return all_have_promised_ || now_ns - promised_at_ns_ >= lease_ns_ ||
         planted(Bug::kNewLeaderNoWait);
}

// --- granted ones ---

int64_t Leases::grant(const Member& member, uint64_t session, const Answers& answers,
                      int64_t until_ns, int64_t now_ns) {
  if (planted(Bug::kDeposedGrants)) until_ns = answers.heard_ns + hold_ns();
  const int64_t length_ns = (until_ns - answers.heard_ns) / 10 * 9;
  if (length_ns <= 0) return 0;
  Granted& granted = granted_[member];
  const bool alone = granted.until_ns <= now_ns || granted.session == session;
  granted.session = alone ? session : 0;
  granted.until_ns = std::max(granted.until_ns, until_ns);
  return length_ns;
}

bool Leases::runs(const Member& member, int64_t now_ns) const {
  const auto granted = granted_.find(member);
  return granted != granted_.end() && granted->second.until_ns > now_ns;
}

void Leases::died(const Member& member, uint64_t session) {
  const auto granted = granted_.find(member);
  if (granted != granted_.end() && granted->second.session == session) granted_.erase(granted);
}

void Leases::forget_ended(int64_t now_ns) {
  std::erase_if(granted_,
                [now_ns](const auto& granted) { return granted.second.until_ns <= now_ns; });
}

void Leases::add_deadlines(Deadline& next, int64_t now_ns) const {
  if (!predecessor_is_over(now_ns)) next.by(promised_at_ns_ + lease_ns_);
  for (const auto& [member, granted] : granted_) next.by(granted.until_ns);
}

}  // namespace tandem::repl
