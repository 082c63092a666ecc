// Threads of this library take no signals: those are the loop thread's.
#pragma once

#include <csignal>
#include <thread>
#include <utility>

namespace tandem::storage {

template <typename F>
std::thread start_thread(F&& run) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // A new thread inherits the mask of its maker.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(std::forward<F>(run));
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

}  // namespace tandem::storage
