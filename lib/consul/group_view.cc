#include "consul/group_view.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "consul/planted.h"

namespace tandem::consul {
namespace {

constexpr uint64_t kRegularMs = 5000;
constexpr int64_t kWaitMs = 30'000;
constexpr int64_t kFirstPauseMs = 50;
constexpr int64_t kLongestPauseMs = 2000;

}  // namespace

bool Believed::take(uint64_t number, bool blocking, uint64_t index) {
  const bool later = !blocking && number > known_at_ && !planted(Bug::kTrustWatch);
  if (index < index_ && !later && !planted(Bug::kBelieveAll)) return false;
  index_ = index;
  known_at_ = last_sent_;
  return true;
}

GroupView::GroupView(Client& client, Time time, std::string prefix)
    : client_(client),
      prefix_(std::move(prefix)),
      regular_(time.timers.make([this] { look(); })),
      retry_(time.timers.make([this] { look(); })),
      self_(*this) {}

GroupView::~GroupView() {
  stop_waiting();
  if (looking_) client_.cancel(reading_);
}

void GroupView::add(Watcher& watcher) {
  watchers_.push_back(&watcher);
  if (!planted(Bug::kNoPlainReads)) regular_->start(kRegularMs, kRegularMs);
  look();
}

void GroupView::remove(Watcher& watcher) {
  std::erase(watchers_, &watcher);
  if (!watchers_.empty()) return;
  stop_waiting();
  regular_->stop();
  retry_->stop();
}

void GroupView::look() {
  if (watchers_.empty()) return;
  if (std::exchange(looking_, true)) {
    again_ = true;
    return;
  }
  again_ = false;
  sent_ = believed_.sent();
  reading_ =
      client_.list(prefix_, 0, 0, [self = self_.ref(), number = sent_](Result<Listing> keys) {
        if (self) self->take_read(number, std::move(keys));
      });
}

void GroupView::take_read(uint64_t number, Result<Listing> keys) {
  looking_ = false;
  if (!keys) {
    log::debug("cannot read a group", {{"keys", prefix_}, {"error", keys.error().message}});
    // What waits may be with an agent that is gone.
    stop_waiting();
    pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
    retry_->start(static_cast<uint64_t>(pause_ms_), 0);
    return;
  }
  pause_ms_ = 0;
  const bool went_back = keys->index < believed_.index();
  const bool good = believed_.take(number, false, keys->index);
  if (good && went_back) stop_waiting();  // for what was before
  if (!watchers_.empty() && waiting_ == 0) wait_for_change();
  if (again_ || !good) look();
  if (good) tell(*keys, number);  // last: it may destroy this
}

// An index of 0 would be answered at once, again and again.
void GroupView::wait_for_change() {
  sent_ = believed_.sent();
  waiting_ = client_.list(
      prefix_, std::max<uint64_t>(believed_.index(), 1), kWaitMs,
      [self = self_.ref(), number = sent_, generation = generation_](Result<Listing> keys) {
        if (self && self->generation_ == generation) self->take_change(number, std::move(keys));
      });
}

void GroupView::stop_waiting() {
  ++generation_;
  if (waiting_ != 0) client_.cancel(std::exchange(waiting_, 0));
}

void GroupView::take_change(uint64_t number, Result<Listing> keys) {
  waiting_ = 0;
  if (!keys || !believed_.take(number, true, keys->index)) return look();
  if (!watchers_.empty()) wait_for_change();
  tell(*keys, 0);  // last: it may destroy this
}

void GroupView::tell(const Listing& keys, uint64_t plain_sent) {
  const std::vector<Watcher*> watchers = watchers_;
  const auto self = self_.ref();
  for (Watcher* watcher : watchers) {
    if (!self) return;
    const bool there = std::find(watchers_.begin(), watchers_.end(), watcher) != watchers_.end();
    if (there) watcher->seen(keys, plain_sent);
  }
}

}  // namespace tandem::consul
