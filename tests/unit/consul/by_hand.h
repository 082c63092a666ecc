// Requests, timers and the clock, as a test wants them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/timers.h"
#include "consul/transport.h"

namespace tandem::consul {

inline constexpr int64_t kMs = 1'000'000;

class HandClock final : public Clock {
 public:
  int64_t boot_ns() const override { return now_ns; }
  int64_t wall_ms() const override { return 0; }
  int64_t now_ns = 0;
};

class HandTimers final : public Timers {
 public:
  explicit HandTimers(const HandClock& clock) : clock_(clock) {}
  std::unique_ptr<Timer> make(UniqueFunction<void()> callback) override {
    return std::make_unique<Made>(*this, std::move(callback));
  }
  // Those that are due, in their order.
  void run() {
    while (!due_.empty() && due_.begin()->first <= clock_.boot_ns()) {
      Made& timer = *due_.begin()->second;
      timer.stop();
      timer.callback();
    }
  }

 private:
  struct Made final : Timer {
    Made(HandTimers& timers, UniqueFunction<void()> work)
        : owner(timers), callback(std::move(work)) {}
    ~Made() override { stop(); }
    void start(uint64_t delay_ms, uint64_t) override {
      stop();
      const int64_t due = owner.clock_.boot_ns() + static_cast<int64_t>(delay_ms) * kMs;
      place = owner.due_.emplace(due, this);
    }
    void stop() override {
      if (active()) owner.due_.erase(place);
      place = owner.due_.end();
    }
    bool active() const override { return place != owner.due_.end(); }

    HandTimers& owner;
    UniqueFunction<void()> callback;
    std::multimap<int64_t, Made*>::iterator place = owner.due_.end();
  };

  const HandClock& clock_;
  std::multimap<int64_t, Made*> due_;
};

class HandTransport final : public Transport {
 public:
  uint64_t send(Call call, Done done) override {
    sent.push_back({std::move(call.target), std::move(done)});
    return ++last_;
  }
  void cancel(uint64_t) override {}
  void try_another() override {}
  std::string agent() const override { return "here"; }

  // Answers the first request whose target holds this.
  void answer(const std::string& part, Result<Answer> answer) {
    for (auto it = sent.begin(); it != sent.end(); ++it) {
      if (it->first.find(part) == std::string::npos) continue;
      Done done = std::move(it->second);
      sent.erase(it);
      return done(std::move(answer));
    }
    FAIL() << "nobody asks for " << part;
  }

  std::vector<std::pair<std::string, Done>> sent;

 private:
  uint64_t last_ = 0;
};

}  // namespace tandem::consul
