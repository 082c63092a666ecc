// What coordination is asked before the loop runs, or by a program that does nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "loop/loop.h"

namespace tandem::replica {

constexpr uint64_t kCoordTimeoutMs = 5000;
constexpr char kNoAnswer[] = "coordination does not answer";

// Turns the loop until `ask` has called back with its answer; kUnavailable, kNoAnswer: it has not in
// time, and may do so yet.
// Shared with the completion, which may come after the deadline.
template <typename T, typename Ask>
Result<T> wait_for(loop::Loop& loop, Ask ask, uint64_t timeout_ms = kCoordTimeoutMs) {
  const auto answer = std::make_shared<std::optional<Result<T>>>();
  bool late = false;
  loop::Timer deadline(loop, [&late] { late = true; });
  deadline.start(timeout_ms);
  ask([answer](Result<T> result) { *answer = std::move(result); });
  while (!*answer && !late) loop.run_once();
  if (*answer) return std::move(**answer);
  return fail(ErrorKind::kUnavailable, kNoAnswer);
}

}  // namespace tandem::replica
