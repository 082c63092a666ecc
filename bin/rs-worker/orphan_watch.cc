#include "orphan_watch.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace tandem::worker {
namespace {

constexpr uint32_t kTicks = 20;  // of silence

}  // namespace

OrphanWatch::OrphanWatch(loop::Loop& loop, uint64_t timeout_ms, UniqueFunction<void()> on_orphaned)
    : timeout_ms_(timeout_ms),
      on_orphaned_(std::move(on_orphaned)),
      timer_(loop, [this] { tick(); }) {}

void OrphanWatch::start(UniqueFunction<void(Status)> done) {
  if (timeout_ms_ != 0) {
    const uint64_t every_ms = std::max<uint64_t>(1, timeout_ms_ / kTicks);
    timer_.start(every_ms, every_ms);
  }
  done({});
}

void OrphanWatch::drain(UniqueFunction<void()> done) {
  timer_.stop();
  done();
}

void OrphanWatch::tick() {
  if (++silent_ticks_ < kTicks) return;
  timer_.stop();
  log::warning("no orchestrator has asked for this worker's state: it ends, its data stays",
               {{"timeout_ms", timeout_ms_}});
  on_orphaned_();
}

}  // namespace tandem::worker
