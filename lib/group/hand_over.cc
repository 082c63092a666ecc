#include "group/hand_over.h"

#include <algorithm>

namespace tandem::group {

namespace {

constexpr int64_t kSteadyNs = 1'000'000'000;
constexpr int64_t kFirstPauseNs = 1'000'000'000;
constexpr int64_t kLongestPauseNs = 60'000'000'000;

}  // namespace

const View* HandOver::better_than(repl::ReplicaId leader, const std::vector<View>& replicas) const {
  const View* leads = find_view(replicas, leader);
  if (leads == nullptr || !leads->state) return nullptr;
  const View* best = leads->useful ? leads : nullptr;
  for (const View& view : replicas) {
    if (!view.in_sync || !view.answers || !view.state || !view.state->has_space) continue;
    if (!view.useful) continue;
    if (best == nullptr || prefer_(candidate(view), candidate(*best))) best = &view;
  }
  return best == leads ? nullptr : best;
}

std::optional<repl::ReplicaId> HandOver::look(repl::ReplicaId leader,
                                              const std::vector<View>& replicas, int64_t now_ns) {
  if (moving_) return std::nullopt;
  const View* better = better_than(leader, replicas);
  if (better == nullptr) {
    wanted_.reset();
    return std::nullopt;
  }
  if (!wanted_ || wanted_->id != better->member.id || wanted_->session != better->session) {
    wanted_ = Wanted{better->member.id, better->session, now_ns};
  }
  if (now_ns - wanted_->since_ns < kSteadyNs || now_ns < not_before_ns_) return std::nullopt;
  moving_ = true;
  return wanted_->id;
}

void HandOver::ended(bool moved, int64_t now_ns) {
  moving_ = false;
  wanted_.reset();
  pause_ns_ = moved ? 0 : pause_ns_ == 0 ? kFirstPauseNs : std::min(2 * pause_ns_, kLongestPauseNs);
  not_before_ns_ = now_ns + pause_ns_;
}

}  // namespace tandem::group
