// Tells a peer that has become unreachable from one that has nothing to say: something is owed by
// it, and for some time not a byte has come from it.
//
// TCP itself notices only after minutes, and a connection whose messages were lost for a while
// stays dead for as long again once the network is whole, because each repetition waits twice as
// long as the one before. A new connection works at once.
//
// Time is counted in looks at regular intervals, not read from a clock: a process that was itself
// stopped, and then finds the answers waiting, must not take its own absence for the peer's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tandem::rpc {

class Silence {
 public:
  // So many looks in a row, after the first one, without a sign of life are a silence.
  static constexpr uint64_t kLooks = 4;
  // A long message takes its time on a slow network: one more look for each so many bytes.
  static constexpr size_t kBytesPerLook = size_t{256} << 10;

  // Nothing is owed, or a new connection begins.
  void reset() { waits_ = false; }

  // A look while something is owed: the acknowledgement of a message of `bytes` bytes. `reads`
  // counts what has come in on this connection. True: give it up.
  bool look(size_t bytes, uint64_t reads) {
    const bool alive = !waits_ || reads != reads_;
    waits_ = true;
    reads_ = reads;
    quiet_ = alive ? 0 : quiet_ + 1;
    return quiet_ >= kLooks + bytes / kBytesPerLook;
  }

 private:
  bool waits_ = false;  // it was owed something at the last look
  uint64_t reads_ = 0;
  uint64_t quiet_ = 0;
};

}  // namespace tandem::rpc
