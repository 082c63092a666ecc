#include "drill_verdict.h"

#include <algorithm>

namespace tandem::client {
namespace {

std::string count(int64_t number, const char* one, const char* many) {
  return std::to_string(number) + " " + (number == 1 ? one : many);
}

}  // namespace

void Pause::answered(int64_t now_ms) {
  unanswered(now_ms);
  last_ms_ = now_ms;
}

void Pause::unanswered(int64_t now_ms) {
  if (last_ms_ >= 0) longest_ms_ = std::max(longest_ms_, now_ms - last_ms_);
}

std::string verdict_of(const DrillFindings& findings) {
  std::string text = findings.violated() ? "VIOLATION: " : "SAFE: ";
  text += count(findings.answered, "write answered", "writes answered");
  if (findings.lost > 0) text += ", " + std::to_string(findings.lost) + " lost";
  if (findings.doubled > 0) text += ", " + std::to_string(findings.doubled) + " doubled";
  if (findings.lost == 0 && findings.doubled == 0) text += ", none lost or doubled";
  if (findings.stale > 0) {
    text += "; " + count(findings.stale, "read", "reads") + " older than what was answered before";
  }
  if (findings.unknown > 0) {
    text += "; " + count(findings.unknown, "write", "writes") + " without an outcome";
  }
  return text + "; writes paused " + std::to_string(findings.paused_ms) + " ms";
}

}  // namespace tandem::client
