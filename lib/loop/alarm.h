// One timer for several deadlines: base/alarm_time.h on a loop.
#pragma once

#include <cstdint>

#include "base/alarm_time.h"
#include "base/function.h"
#include "loop/loop.h"

namespace tandem::loop {

class Alarm {
 public:
  // The callback looks at what is due, and asks again for what is not.
  Alarm(Loop& loop, UniqueFunction<void()> callback);

  // Rings by that time, or at once where it has passed; an earlier time that it is set for stays.
  // One alarm has one clock: that of the loop (Loop::now_ms), or that of the boot (Clock::boot_ns).
  void ring_by_ms(uint64_t loop_ms);
  void ring_by_ns(int64_t boot_ns);
  void stop();

 private:
  void ring_by(int64_t at, int64_t delay_ms);

  Loop& loop_;
  UniqueFunction<void()> callback_;
  AlarmTime time_;
  Timer timer_;
};

}  // namespace tandem::loop
