// Threads of this library take no signals: those are the loop thread's.
#pragma once

#include <thread>
#include <utility>

#include "base/signals_blocked.h"

namespace tandem::storage {

template <typename F>
std::thread start_thread(F&& run) {
  const SignalsBlocked blocked;
  return std::thread(std::forward<F>(run));
}

}  // namespace tandem::storage
