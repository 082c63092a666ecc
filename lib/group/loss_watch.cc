#include "group/loss_watch.h"

namespace tandem::group {
namespace {

constexpr int64_t kLookEveryMs = 500;

}  // namespace

std::optional<std::string> LossWatch::look(const Leadership& leadership, const LossWords& words,
                                           int64_t now_ms, const Evidence& evidence) {
  const std::vector<repl::Member> silent = leadership.silent_members();
  const bool all = silent.size() == leadership.record()->in_sync.size();
  const bool waits = !all && leadership.writes_wait();
  if (!all) silent_since_ms_.reset();
  if (!all && !waits && (leadership.leader_open() || leadership.trouble().empty())) return "";
  if (!all && silent.empty()) return leadership.trouble();
  if (all && !silent_since_ms_) silent_since_ms_ = now_ms;
  if (now_ms < next_look_ms_) return std::nullopt;
  next_look_ms_ = now_ms + kLookEveryMs;
  const std::vector<LossEvidence> known = evidence(silent);
  if (waits && leadership.trouble().empty()) {
    return waiting_text(known, words, leadership.record()->min_in_sync);
  }
  const auto survivor = leadership.best_survivor();
  if (!all) return leadership.trouble() + ": " + missing_text(known, words, survivor);
  if (now_ms - *silent_since_ms_ < tell_after_ms(known)) return "";
  return silent_text(known, words, survivor);
}

}  // namespace tandem::group
