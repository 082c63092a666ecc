// The bytes that the connections of a server hold together, of requests being read and answers
// being written, and whether there is room for more. There is one budget in a process: requests
// that come another way take their room from the same.
//
// The last eighth is kept for those that hold little, so that small requests are answered while a
// few clients send or take large ones slowly. Whoever is alone beside that gets what it needs: what
// is allowed by itself is always possible once the others are gone.
//
// One line is logged when requests begin to be refused and one when that is over, which it is once
// none was refused for some time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "loop/loop.h"

namespace tandem::http {

// What a request is told for which there is no room.
constexpr std::string_view kNoRoom = "the buffers are full, see http.max_buffered";

class BufferBudget {
 public:
  // A connection that holds no more than this holds little.
  static constexpr size_t kLittleBytes = 16 << 10;

  BufferBudget(loop::Loop& loop, size_t limit_bytes, uint64_t calm_ms = 10'000);

  // What a request holds while it is carried out: its body to ask again with, and the one that is
  // being sent.
  static size_t held_by(std::string_view body) { return 2 * body.size(); }

  // One that held `from_bytes` holds `to_bytes` now.
  void change(size_t from_bytes, size_t to_bytes) {
    used_ += to_bytes - from_bytes;
    used_by_little_ += little(to_bytes) - little(from_bytes);
  }
  // Whether one that holds `own_bytes` may hold `more_bytes` besides.
  bool has_room(size_t own_bytes, size_t more_bytes) const;
  // Memory that is kept for later use alone is to be given back.
  bool is_scarce() const { return used_ > limit_ / 2; }
  // There was no room for a request.
  void on_refused();

  size_t used() const { return used_; }
  uint64_t refused() const { return refused_; }

 private:
  static size_t little(size_t bytes) { return bytes <= kLittleBytes ? bytes : 0; }
  void tell_end();

  loop::Loop& loop_;
  const size_t limit_;
  const uint64_t calm_ms_;
  size_t used_ = 0;
  size_t used_by_little_ = 0;    // of those who hold little
  uint64_t refused_ = 0;         // since the start
  uint64_t refused_before_ = 0;  // when it began
  uint64_t began_ms_ = 0;
  loop::Timer calm_;
};

}  // namespace tandem::http
