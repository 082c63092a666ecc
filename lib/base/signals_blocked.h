// Signals are the loop's: a thread is born with the mask of the one that makes it, so whoever makes
// threads holds one of these meanwhile, also around a library that makes its own.
#pragma once

#include <pthread.h>

#include <csignal>

namespace tandem {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_ = {};
};

}  // namespace tandem
