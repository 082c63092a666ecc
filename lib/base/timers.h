// Timers as an interface, so that pure code takes them as an argument: loop/loop_timers.h has those
// of a process, tests and the simulator have their own.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/function.h"

namespace tandem {

class Timer {
 public:
  virtual ~Timer() = default;
  // Goes off after the delay, once or every `repeat_ms`. One that was started is set anew.
  virtual void start(uint64_t delay_ms, uint64_t repeat_ms) = 0;
  virtual void stop() = 0;
  virtual bool active() const = 0;
};

class Timers {
 public:
  virtual ~Timers() = default;
  virtual std::unique_ptr<Timer> make(UniqueFunction<void()> callback) = 0;
};

// Both outlive whoever has it.
struct Time {
  const Clock& clock;
  Timers& timers;
};

}  // namespace tandem
