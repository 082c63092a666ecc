// What a drill has found, and what that means in words. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace tandem::client {

struct DrillFindings {
  int64_t answered = 0;   // writes that were acknowledged
  int64_t lost = 0;       // of them: not there afterwards
  int64_t doubled = 0;    // writes that were done twice
  int64_t stale = 0;      // reads older than what was answered before they began
  int64_t unknown = 0;    // writes without an outcome: they may be there or not
  int64_t paused_ms = 0;  // longest time between two answered writes

  bool violated() const { return lost > 0 || doubled > 0 || stale > 0; }
};

// The longest time without an answered write, also where none follows any more.
class Pause {
 public:
  void answered(int64_t now_ms);
  // A write has ended without an answer: there was none since the last one.
  void unanswered(int64_t now_ms);
  int64_t longest_ms() const { return longest_ms_; }

 private:
  int64_t last_ms_ = -1;  // nothing is measured before the first answer
  int64_t longest_ms_ = 0;
};

// "SAFE: 1234 writes answered, none lost or doubled; writes paused 58 ms", or "VIOLATION: 1234
// writes answered, 2 lost; …".
std::string verdict_of(const DrillFindings& findings);

}  // namespace tandem::client
