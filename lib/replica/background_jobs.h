// The jobs of an applier (repl/memory_applier.h) on a thread of their own.
#pragma once

#include <utility>

#include "base/function.h"
#include "loop/background.h"
#include "loop/loop.h"
#include "repl/memory_applier.h"

namespace tandem::replica {

class BackgroundJobs final : public repl::Jobs {
 public:
  explicit BackgroundJobs(loop::Loop& loop) : background_(loop) {}

  void run(UniqueFunction<void(const Stopping&)> work, UniqueFunction<void()> done) override {
    background_.run(
        [this, work = std::move(work)]() mutable {
          work([this] { return background_.stopping(); });
        },
        std::move(done));
  }

 private:
  loop::Background background_;
};

}  // namespace tandem::replica
