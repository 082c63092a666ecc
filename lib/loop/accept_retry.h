// When a listener whose accept(2) fails may try again. Without a descriptor or memory left the
// connection stays in the kernel's queue and the socket readable: who just went on would spin, and
// log a line each time round.
//
// So after a failure a listener does not look for a while, and again at once where a descriptor of
// this process was closed. One line is logged when that begins and one when it is over, which it is
// once nothing has failed for some time: at the edge every second accept fails.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "loop/loop.h"

namespace tandem::loop {

class AcceptRetry {
 public:
  struct Times {
    uint64_t pause_ms = 500;    // as nginx (accept_mutex_delay): the kernel keeps who waits
    uint64_t calm_ms = 10'000;  // without a failure for as long, it is over
  };

  // `try_again` is never called from failed(), which it may call.
  AcceptRetry(Loop& loop, UniqueFunction<void()> try_again)
      : AcceptRetry(loop, {}, std::move(try_again)) {}
  AcceptRetry(Loop& loop, Times times, UniqueFunction<void()> try_again);

  // Where it listens, for the log.
  void set_place(std::string place) { place_ = std::move(place); }
  // The listener waits until `try_again` is called.
  void failed(std::string_view reason);
  // Tries again now where it waits.
  void on_descriptor_closed();
  // Neither tries again nor tells the end.
  void stop();
  bool waiting() const { return waiting_; }

 private:
  void try_now();
  void tell_end();

  Loop& loop_;
  const Times times_;
  UniqueFunction<void()> try_again_;
  Timer pause_;
  Timer calm_;
  std::string place_;
  bool waiting_ = false;
  uint64_t failures_ = 0;  // since it began; 0: all is well
  uint64_t began_ms_ = 0;
  uint64_t failed_ms_ = 0;  // last
};

}  // namespace tandem::loop
