// How long the turns of a loop are: while one callback after the other runs nothing else does, no
// heartbeat, no lease, no other client.
#pragma once

#include <cstdint>

#include "loop/loop.h"

namespace tandem::loop {

class Turns {
 public:
  explicit Turns(Loop& loop);

  // Of the last one to two minutes, the time between two waits of the loop at which it was held the
  // longest. Counts what the system's scheduler took from it as well.
  int64_t longest_ns();

 private:
  void end();
  void forget_the_old(int64_t now_ns);

  Loop& loop_;
  int64_t last_ns_;                // end of the last turn
  uint64_t last_idle_ns_;          // all waiting of the loop until then
  int64_t minute_ns_;              // when the present minute began
  int64_t longest_ns_ = 0;         // of it
  int64_t longest_before_ns_ = 0;  // of the one before
  Prepare prepare_;
};

}  // namespace tandem::loop
