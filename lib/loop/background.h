// A thread of one's own for work that would hold the loop too long: one job after the other, in the
// order in which they came. Unlike libuv's pool (run_work) nobody else's file access waits behind
// it, and the system prefers the loop's thread to it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/function.h"
#include "loop/loop.h"

namespace tandem::loop {

class Background {
 public:
  // The thread is started with the first job.
  explicit Background(Loop& loop);
  // Jobs that wait are dropped and stopping() is true for the one that runs, which is waited for.
  // No `done` is called any more.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // `work` runs on the thread and is freed there; then `done`, where there is one, on the loop.
  void run(UniqueFunction<void()> work, UniqueFunction<void()> done = {});

  // For work to look at now and then, on any thread: nobody waits for it any more.
  bool stopping() const { return stopping_.load(std::memory_order_relaxed); }

 private:
  struct Job {
    UniqueFunction<void()> work;
    UniqueFunction<void()> done;
  };

  void work();
  void on_done();

  Waker waker_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;  // the loop's thread alone touches this
  std::mutex mutex_;    // guards what follows
  std::condition_variable wanted_;
  std::deque<Job> jobs_;
  std::vector<UniqueFunction<void()>> done_;
};

}  // namespace tandem::loop
