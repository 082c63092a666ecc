#include "toys/purchases.h"

#include <algorithm>
#include <utility>

#include "toys/planted.h"

namespace tandem::toys {

void Purchases::start(LineageOf lineage_of, int64_t now, Effects& effects) {
  stop();
  started_ = true;
  lineage_of_ = std::move(lineage_of);
  if (planted(Bug::kForgetIntents)) return;
  for (const auto& [id, intent] : orders_.open()) opened(id, now, effects);
}

void Purchases::stop() {
  started_ = false;
  asking_ = 0;
  steps_.clear();
  queue_.clear();
  paused_.clear();
}

void Purchases::opened(const IntentId& intent, int64_t, Effects& effects) {
  if (!started_) return;
  const auto [it, is_new] = steps_.try_emplace(intent);
  if (is_new) go_on(it, effects);
}

void Purchases::go_on(Steps::iterator it, Effects& effects) {
  auto& [intent, state] = *it;
  const auto open = orders_.open().find(intent);
  if (open == orders_.open().end()) {
    // Its result was applied though it was given up as lost.
    steps_.erase(it);
    return;
  }
  if (state.outcome != 0) {
    state.step = Step::kLogging;
    effects.results.push_back({intent, state.outcome});
    return;
  }
  if (asking_ >= options_.max_asking) {
    state.step = Step::kQueued;
    queue_.push_back(intent);
    return;
  }
  state.step = Step::kAsking;
  ++asking_;
  const IntentId closed_below = planted(Bug::kCloseBelowOpen) ? intent : orders_.closed_below();
  effects.takes.push_back(
      {lineage_of_(intent.epoch), intent, closed_below, open->second.name, open->second.quantity});
}

void Purchases::catalog_answered(const IntentId& intent, uint16_t status, int64_t now,
                                 Effects& effects) {
  const auto it = steps_.find(intent);
  if (it == steps_.end() || it->second.step != Step::kAsking) return;
  leave_asking(it->second);
  // kClosed: the catalog knows of a result that this group has lost (an operator accepted that).
  if (status == kTaken || status == kNoSuchToy || status == kOutOfStock || status == kClosed) {
    it->second.outcome = status;
    it->second.pause_ns = 0;
    go_on(it, effects);
  } else {
    pause(it, now);
  }
  ask_queued(effects);
}

void Purchases::result_failed(const IntentId& intent, int64_t now) {
  const auto it = steps_.find(intent);
  if (it != steps_.end() && it->second.step == Step::kLogging) pause(it, now);
}

void Purchases::closed(const IntentId& intent, int64_t, Effects& effects) {
  const auto it = steps_.find(intent);
  if (it == steps_.end()) return;
  leave_asking(it->second);
  steps_.erase(it);
  ask_queued(effects);
}

void Purchases::tick(int64_t now, Effects& effects) {
  while (!paused_.empty() && paused_.begin()->first <= now) {
    const auto it = steps_.find(paused_.begin()->second);
    paused_.erase(paused_.begin());
    if (it != steps_.end() && it->second.step == Step::kPaused) go_on(it, effects);
  }
}

void Purchases::pause(Steps::iterator it, int64_t now) {
  State& state = it->second;
  state.pause_ns =
      std::clamp(state.pause_ns * 2, options_.first_pause_ns, options_.longest_pause_ns);
  state.step = Step::kPaused;
  paused_.emplace(now + state.pause_ns, it->first);
}

void Purchases::leave_asking(State& state) {
  if (state.step != Step::kAsking) return;
  --asking_;
  state.step = Step::kQueued;
}

void Purchases::ask_queued(Effects& effects) {
  while (asking_ < options_.max_asking && !queue_.empty()) {
    const auto it = steps_.find(queue_.front());
    queue_.pop_front();
    if (it != steps_.end() && it->second.step == Step::kQueued) go_on(it, effects);
  }
}

}  // namespace tandem::toys
