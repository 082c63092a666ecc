// Blocking work in order: one job after another on the thread pool, each completion on the loop.
// After the queue is destroyed no completion is called; a job that runs ends, those that wait are
// dropped. What a job uses must be its own.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/function.h"
#include "base/self.h"
#include "loop/loop.h"

namespace tandem::coord {

class JobQueue {
 public:
  explicit JobQueue(loop::Loop& loop);
  JobQueue(const JobQueue&) = delete;
  JobQueue& operator=(const JobQueue&) = delete;

  // `work` gives a T on a pool thread, `done` takes it on the loop. A T that nobody takes is
  // destroyed, so that what it owns is let go.
  template <typename T>
  void run(UniqueFunction<T()> work, UniqueFunction<void(T)> done) {
    add(std::make_unique<TypedJob<T>>(std::move(work), std::move(done)));
  }

 private:
  class Job {
   public:
    virtual ~Job() = default;
    virtual void run() = 0;
    virtual void finish() = 0;
  };
  template <typename T>
  class TypedJob final : public Job {
   public:
    TypedJob(UniqueFunction<T()> work, UniqueFunction<void(T)> done)
        : work_(std::move(work)), done_(std::move(done)) {}
    void run() override { result_.emplace(work_()); }
    void finish() override {
      if (done_) done_(std::move(*result_));
    }

   private:
    UniqueFunction<T()> work_;
    UniqueFunction<void(T)> done_;
    std::optional<T> result_;
  };
  void add(std::unique_ptr<Job> job);
  void start_next();

  loop::Loop& loop_;
  std::deque<std::unique_ptr<Job>> waiting_;
  bool running_ = false;
  Self<JobQueue> self_;  // last: goes first
};

}  // namespace tandem::coord
