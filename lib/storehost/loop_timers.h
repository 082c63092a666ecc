// The timers of the toy store's services (store/surroundings.h) on the loop.
#pragma once

#include <memory>

#include "base/function.h"
#include "loop/loop.h"
#include "store/surroundings.h"

namespace tandem::storehost {

class LoopTimers final : public store::Timers {
 public:
  explicit LoopTimers(loop::Loop& loop) : loop_(loop) {}

  std::unique_ptr<store::Timer> make(UniqueFunction<void()> callback) override;
  // With the clock of the system. This outlives whoever uses it.
  store::Time time() { return {system_clock(), *this}; }

 private:
  loop::Loop& loop_;
};

}  // namespace tandem::storehost
