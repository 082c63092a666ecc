// One simulated process on a machine of its own: it starts, dies, is stopped for a while and wakes
// up, and has a clock with an offset and a rate.
#pragma once

#include <cstdint>
#include <vector>

#include "base/function.h"
#include "sim/universe.h"

namespace tandem::sim {

class Process {
 public:
  // Its clock runs up to `clock_ppm` fast or slow.
  Process(Universe& universe, int64_t clock_ppm);
  virtual ~Process() = default;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  virtual void start() = 0;
  // Ends it; it starts again after a while. REQUIRES: up()
  virtual void crash() = 0;
  // Starts again then, and not by itself before. REQUIRES: !up()
  void stay_down(int64_t for_ns);
  void pause(int64_t for_ns) { pause_ns_ = for_ns; }  // from the next event on
  // Nothing that it does from here on leaves it, and it is gone before anything else happens.
  void crash_now();

  bool up() const { return up_; }
  // Lives, and is not about to be gone.
  bool acts() const { return up_ && !doomed_; }
  uint64_t session() const { return session_; }  // of the last start
  // Does `work` if this life is still the one of `session`, or when it wakes up.
  void run(uint64_t session, UniqueFunction<void()> work);
  // ... after `delay_ns`.
  void later(int64_t delay_ns, UniqueFunction<void()> work);
  int64_t clock() const {
    const int64_t rate = kPpm + clock_ppm_;
    const int64_t now = universe_.now();
    return clock_offset_ns_ + now / kPpm * rate + now % kPpm * rate / kPpm;
  }
  int64_t wall_ms() const { return universe_.wall_ms(number_); }

 protected:
  void begin_life();
  // Draws when it starts again, and whether the machine did too.
  void end_life();
  void stay_awake();

 private:
  static constexpr int64_t kPpm = 1'000'000;

  void wake_up();

  Universe& universe_;
  const uint64_t number_;
  const int64_t clock_ppm_;
  int64_t clock_offset_ns_;  // another one after the machine was started again
  uint64_t session_ = 0;
  bool up_ = false;
  bool doomed_ = false;
  int64_t down_until_ns_ = 0;
  int64_t pause_ns_ = 0;  // that begins with the next event
  int64_t paused_until_ns_ = 0;
  std::vector<UniqueFunction<void()>> asleep_;  // of this life, until then
};

}  // namespace tandem::sim
