#include "group/choices.h"

#include <algorithm>
#include <utility>

namespace tandem::group {
namespace {

constexpr int64_t kSteadyNs = 1'000'000'000;
constexpr int64_t kFirstPauseNs = 1'000'000'000;
constexpr int64_t kLongestPauseNs = 60'000'000'000;
constexpr int64_t kLongLedNs = 60'000'000'000;
constexpr int kDenials = 3;         // until a replica is of no use
constexpr int kConfirmations = 20;  // until it is again

const View* find(const std::vector<View>& replicas, repl::ReplicaId id) {
  const auto it = std::find_if(replicas.begin(), replicas.end(),
                               [id](const View& view) { return view.member.id == id; });
  return it == replicas.end() ? nullptr : &*it;
}

repl::Candidate candidate(const View& view) { return {view.member, *view.state}; }

}  // namespace

bool prefer_lowest_pid(const repl::Candidate& a, const repl::Candidate& b) {
  return a.state.pid < b.state.pid;
}

bool prefer_highest_id(const repl::Candidate& a, const repl::Candidate& b) {
  return a.member.id > b.member.id;
}

Result<repl::ReplicaId> first_leader(const std::set<repl::ReplicaId>& configured,
                                     const std::vector<View>& replicas,
                                     const repl::Controller::Prefer& prefer) {
  for (const View& view : replicas) {
    if (!view.state || view.lineage == 0) continue;
    return fail(ErrorKind::kConflict, "replica " + std::to_string(view.member.id) +
                                          " holds data but the group's record is missing: restore "
                                          "the record, or move the data away to start anew");
  }
  std::string missing;
  const View* best = nullptr;
  for (const repl::ReplicaId id : configured) {
    const View* view = find(replicas, id);
    if (view == nullptr || !view->answers || !view->state) {
      missing += (missing.empty() ? "" : ",") + std::to_string(id);
    } else if (best == nullptr || prefer(candidate(*view), candidate(*best))) {
      best = view;
    }
  }
  if (!missing.empty() || best == nullptr) {
    return fail(ErrorKind::kUnavailable,
                "a new group begins with all of its replicas: still missing are " + missing);
  }
  return best->member.id;
}

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

const View* HandOver::better_than(repl::ReplicaId leader, const std::vector<View>& replicas) const {
  const View* leads = find(replicas, leader);
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

bool StandIn::look(bool led, int64_t now_ns) {
  if (after_ns_ == 0) return false;
  if (since_ns_ == 0 || led != led_) since_ns_ = now_ns;
  led_ = led;
  const int64_t for_ns = now_ns - since_ns_;
  if (led) {
    stands_in_ = false;
    if (for_ns >= kLongLedNs) wait_ns_ = after_ns_;
  } else if (!stands_in_ && for_ns >= wait_ns_) {
    stands_in_ = true;
    wait_ns_ = std::min(2 * wait_ns_, kLongestPauseNs);
  }
  return stands_in_;
}

}  // namespace tandem::group
