// Calls back once at the end of a loop turn in which something was collected.
#pragma once

#include <utility>

#include "base/function.h"
#include "loop/loop.h"

namespace tandem::rpc {

class Flusher {
 public:
  Flusher(loop::Loop& loop, UniqueFunction<void()> flush)
      : flush_(std::move(flush)), prepare_(loop, [this] { run(); }), idle_(loop, [] {}) {}

  // Something is to be flushed before the loop blocks. The idle handle keeps it from blocking also
  // where this is called by another prepare callback, after ours has run in this turn.
  void request() {
    if (requested_) return;
    requested_ = true;
    idle_.start();
  }

 private:
  void run() {
    if (!requested_) return;
    requested_ = false;
    idle_.stop();
    flush_();
  }

  UniqueFunction<void()> flush_;
  bool requested_ = false;
  loop::Prepare prepare_;
  loop::Idle idle_;
};

}  // namespace tandem::rpc
