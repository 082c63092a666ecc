#include "group/move.h"

#include "base/check.h"

namespace tandem::group {
namespace {

constexpr const char* kAgain =
    "give the same request again: it waits on for the outcome and gives nobody up twice";

}  // namespace

Move::Move(repl::Nouns nouns, const Aim& aim, Loss loss, int64_t deadline_ns, int64_t settle_ns,
           Done done)
    : nouns_(std::move(nouns)),
      aim_(aim),
      loss_(std::move(loss)),
      settle_ns_(settle_ns),
      deadline_ns_(deadline_ns),
      done_(std::move(done)) {
  std::string ids;
  for (const repl::ReplicaId id : loss_->given_up) {
    ids += (ids.empty() ? "" : ",") + std::to_string(id);
  }
  const repl::ReplicaState& state = loss_->leader.state;
  Story story;
  story.text = "loss accepted: the in-sync " + nouns_.replica + "s " + ids + " are given up, " +
               subject() + " leads with its log up to index " + std::to_string(state.last_index) +
               " of epoch " + std::to_string(state.last_epoch) + "; what came after that is lost";
  story.fields.set("given_up", ids);
  story.fields.set("leader", static_cast<int64_t>(aim_.to));
  story.fields.set("epoch", state.last_epoch);
  story.fields.set("index", state.last_index);
  story_ = std::move(story);
}

void Move::wait_again(int64_t deadline_ns, Done done) {
  CHECK(!done_);
  deadline_ns_ = deadline_ns;
  done_ = std::move(done);
}

std::optional<Move::Story> Move::carried_out(const Sight& sight) {
  if (sight.epoch <= aim_.from_epoch || sight.leader != aim_.to) return std::nullopt;
  return std::exchange(story_, std::nullopt);
}

std::optional<Status> Move::outcome(const Sight& sight) const {
  if (sight.epoch > aim_.from_epoch) {
    if (sight.leader != aim_.to) {
      return fail(ErrorKind::kConflict, nouns_.replica + " " + std::to_string(sight.leader) +
                                            " was chosen as " + nouns_.leader + " instead");
    }
    if (sight.open || !done_) return Status();
    // It is settled: that the new leader takes its time is no reason to say that it is not.
    if (loss_ && is_over_time(sight)) return Status();
  } else if (!sight.electing && loss_) {
    return fail(ErrorKind::kUnavailable,
                "nothing was given up: " + subject() + " did not become " + nouns_.leader);
  } else if (!sight.electing) {
    return fail(ErrorKind::kTimeout, subject() + " did not become " + nouns_.leader + ": " +
                                         nouns_.replica + " " + std::to_string(sight.leader) +
                                         " stays it");
  }
  if (!done_ || !is_over_time(sight) || loss_) return std::nullopt;
  return fail(ErrorKind::kTimeout, subject() + " does not take writes in time");
}

// Until the compare-and-swap has an outcome, or for so long that its asker is gone. It stays under
// way, and what becomes of it is told and kept.
bool Move::is_overdue(const Sight& sight) const {
  return done_ && loss_ && sight.now_ns >= deadline_ns_ + settle_ns_;
}

Error Move::not_known_yet() const {
  return {ErrorKind::kUnknown, "whether " + subject() + " is to lead is not known yet: " + kAgain};
}

std::optional<Status> Move::swap_failed(uint64_t expected,
                                        const Result<coord::SwapOutcome>& outcome) const {
  if (!loss_ || loss_->swap_expects != expected) return std::nullopt;
  if (outcome && *outcome == coord::SwapOutcome::kApplied) return std::nullopt;
  const std::string nothing = "nothing was given up: ";
  if (outcome) {
    return fail(ErrorKind::kConflict, nothing + "another process changed the record meanwhile");
  }
  if (!coord::nothing_was_done(outcome.error().kind)) return std::nullopt;
  return fail(outcome.error().kind, nothing + outcome.error().message);
}

Status Move::stopped() const {
  if (!loss_) return fail(ErrorKind::kUnavailable, "this process is being stopped");
  return fail(ErrorKind::kUnknown,
              std::string("this process is being stopped, and may have given them up: ") + kAgain);
}

}  // namespace tandem::group
