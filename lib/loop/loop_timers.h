// The timers that pure code asks for (base/timers.h) on the loop.
#pragma once

#include <memory>

#include "base/function.h"
#include "base/timers.h"
#include "loop/loop.h"

namespace tandem::loop {

class LoopTimers final : public Timers {
 public:
  explicit LoopTimers(Loop& loop) : loop_(loop) {}

  std::unique_ptr<tandem::Timer> make(UniqueFunction<void()> callback) override;
  // With the clock of the system. This outlives whoever uses it.
  Time time() { return {system_clock(), *this}; }

 private:
  Loop& loop_;
};

}  // namespace tandem::loop
