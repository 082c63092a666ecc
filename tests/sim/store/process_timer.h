// The timers of a simulated process; one may go off a little late, and late where the process stands.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "base/function.h"
#include "base/self.h"
#include "base/timers.h"
#include "sim/process.h"
#include "sim/universe.h"

namespace tandem::sim {

class ProcessTimer final : public Timer {
 public:
  // Both outlive this, which dies with the process, or before.
  ProcessTimer(Universe& universe, Process& process, UniqueFunction<void()> callback)
      : universe_(universe), process_(process), callback_(std::move(callback)), self_(*this) {}

  void start(uint64_t delay_ms, uint64_t repeat_ms) override {
    repeat_ms_ = repeat_ms;
    goes_off_in(delay_ms);
  }
  void stop() override {
    ++number_;
    active_ = false;
  }
  bool active() const override { return active_; }

 private:
  void goes_off_in(uint64_t ms) {
    active_ = true;
    const int64_t late_ns = universe_.between_ns(0, kMs);
    process_.later(static_cast<int64_t>(ms) * kMs + late_ns,
                   [self = self_.ref(), number = ++number_] {
                     if (self) self->go_off(number);
                   });
  }
  void go_off(uint64_t number) {
    if (number != number_) return;
    active_ = false;
    if (repeat_ms_ != 0) goes_off_in(repeat_ms_);
    callback_();
  }

  Universe& universe_;
  Process& process_;
  UniqueFunction<void()> callback_;
  uint64_t repeat_ms_ = 0;
  uint64_t number_ = 0;  // of the last that was set or stopped
  bool active_ = false;
  Self<ProcessTimer> self_;  // last: goes first
};

class ProcessTimers final : public Timers {
 public:
  // Both outlive this and what it makes.
  ProcessTimers(Universe& universe, Process& process) : universe_(universe), process_(process) {}

  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override {
    return std::make_unique<ProcessTimer>(universe_, process_, std::move(callback));
  }

 private:
  Universe& universe_;
  Process& process_;
};

}  // namespace tandem::sim
