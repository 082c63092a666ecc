#include "loop/loop_timers.h"

#include <cstdint>
#include <utility>

namespace tandem::loop {
namespace {

class LoopTimer final : public tandem::Timer {
 public:
  LoopTimer(Loop& loop, UniqueFunction<void()> callback) : timer_(loop, std::move(callback)) {}

  void start(uint64_t delay_ms, uint64_t repeat_ms) override { timer_.start(delay_ms, repeat_ms); }
  void stop() override { timer_.stop(); }
  bool active() const override { return timer_.active(); }

 private:
  loop::Timer timer_;
};

}  // namespace

std::unique_ptr<tandem::Timer> LoopTimers::make(UniqueFunction<void()> callback) {
  return std::make_unique<LoopTimer>(loop_, std::move(callback));
}

}  // namespace tandem::loop
