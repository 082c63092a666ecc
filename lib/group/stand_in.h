// When a passive controller acts though another one is the active one: where there was no leader
// for a while. Each time it waits twice as long, until a leader has been there for a while: it may
// be this process alone that does not reach a leader which is well, and which the active one brings
// back. Pure.
#pragma once

#include <cstdint>

namespace tandem::group {

// Longer than any failover that goes well.
constexpr uint32_t kStandInAfterMs = 1000;

class StandIn {
 public:
  // Without a leader for so long; 0: never.
  explicit StandIn(int64_t after_ns) : after_ns_(after_ns), wait_ns_(after_ns) {}

  // `led`: there is a leader, or this controller is active itself. Look often.
  bool look(bool led, int64_t now_ns);

 private:
  const int64_t after_ns_;
  int64_t wait_ns_;
  bool stands_in_ = false;
  bool led_ = false;
  int64_t since_ns_ = 0;  // it is led, or is not
};

}  // namespace tandem::group
