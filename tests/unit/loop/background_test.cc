// Work beside the loop.
#include "loop/background.h"

#include <gtest/gtest.h>

#include <optional>
#include <thread>
#include <vector>

#include "loop/turns.h"

namespace tandem::loop {
namespace {

TEST(Background, RunsJobsInTheirOrderAndTellsOnTheLoop) {
  Loop loop;
  Background background(loop);
  const std::thread::id here = std::this_thread::get_id();
  std::vector<int> worked;
  std::vector<int> done;
  for (int i = 0; i < 100; ++i) {
    background.run(
        [&, i] {
          EXPECT_NE(std::this_thread::get_id(), here);
          worked.push_back(i);
        },
        [&, i] {
          EXPECT_EQ(std::this_thread::get_id(), here);
          done.push_back(i);
        });
  }
  while (done.size() < 100) loop.run_once();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(done[static_cast<size_t>(i)], i);
  EXPECT_EQ(worked, done);
}

// What a job holds may take long to free.
TEST(Background, FreesWorkOnItsThread) {
  struct Tells {
    std::optional<std::thread::id>* freed = nullptr;
    explicit Tells(std::optional<std::thread::id>* where) : freed(where) {}
    Tells(Tells&& other) noexcept : freed(std::exchange(other.freed, nullptr)) {}
    ~Tells() {
      if (freed != nullptr) *freed = std::this_thread::get_id();
    }
    void operator()() {}
  };
  Loop loop;
  Background background(loop);
  std::optional<std::thread::id> freed;
  bool done = false;
  background.run(Tells(&freed), [&] { done = true; });
  while (!done) loop.run_once();
  ASSERT_TRUE(freed.has_value());
  EXPECT_NE(*freed, std::this_thread::get_id());
}

TEST(Background, ItsEndStopsTheJobThatRunsAndDropsTheOthers) {
  Loop loop;
  std::atomic<bool> begun = false;
  bool second = false;
  bool done = false;
  {
    Background background(loop);
    background.run(
        [&] {
          begun = true;
          while (!background.stopping()) std::this_thread::yield();
        },
        [&] { done = true; });
    background.run([&] { second = true; });
    while (!begun) std::this_thread::yield();
  }
  loop.run_once_nowait();
  EXPECT_FALSE(second);
  EXPECT_FALSE(done);
}

TEST(Turns, TellsTheTimeForWhichTheLoopWasHeldAndNotItsWaiting) {
  Loop loop;
  Turns turns(loop);
  Timer waits(loop, [] {});
  waits.start(300);
  loop.run_once();
  EXPECT_LT(turns.longest_ns(), 300'000'000);
  Timer holds(loop, [] {
    const uint64_t began = uv_hrtime();
    while (uv_hrtime() - began < 60'000'000) {
    }
  });
  holds.start(0);
  loop.run_once();
  loop.run_once_nowait();
  EXPECT_GE(turns.longest_ns(), 60'000'000);
}

}  // namespace
}  // namespace tandem::loop
