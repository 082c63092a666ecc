// Ends a worker that nobody watches any more: where no orchestrator has asked it anything for a
// while, it would else go on for ever without being replaced, scaled or stopped. Its data stays; an
// orchestrator that comes back starts it again.
//
// Time is counted in ticks of a timer, so that a process that was itself stopped, or a host that
// slept, does not take its own silence for that of others.
#pragma once

#include <cstdint>

#include "base/function.h"
#include "daemon/part.h"
#include "loop/loop.h"

namespace tandem::worker {

class OrphanWatch final : public daemon::Part {
 public:
  // `on_orphaned` is called once. timeout_ms 0: never.
  OrphanWatch(loop::Loop& loop, uint64_t timeout_ms, UniqueFunction<void()> on_orphaned);

  // An orchestrator has asked.
  void heard() { silent_ticks_ = 0; }

  std::string_view name() const override { return "orphan watch"; }
  void start(UniqueFunction<void(Status)> done) override;
  void drain(UniqueFunction<void()> done) override;

 private:
  void tick();

  const uint64_t timeout_ms_;
  UniqueFunction<void()> on_orphaned_;
  uint32_t silent_ticks_ = 0;
  loop::Timer timer_;
};

}  // namespace tandem::worker
