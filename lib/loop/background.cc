#include "loop/background.h"

#include <sys/resource.h>

#include <utility>

#include "base/signals_blocked.h"

namespace tandem::loop {
namespace {

// Five steps of nice(2) weigh about a third: a loop that wakes up runs at once.
constexpr int kNiceness = 5;

}  // namespace

Background::Background(Loop& loop) : waker_(loop, [this] { on_done(); }) {}

Background::~Background() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Background::run(UniqueFunction<void()> work, UniqueFunction<void()> done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
  }
  wanted_.notify_one();
  if (thread_.joinable()) return;
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { this->work(); });
}

void Background::work() {
  // On Linux niceness is a thread's own. Without it the work is done as well.
  setpriority(PRIO_PROCESS, 0, kNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    wanted_.wait(lock, [this] { return stopping() || !jobs_.empty(); });
    if (stopping()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    job.work = {};
    lock.lock();
    if (!job.done) continue;
    done_.push_back(std::move(job.done));
    waker_.wake();
  }
}

void Background::on_done() {
  std::vector<UniqueFunction<void()>> done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (UniqueFunction<void()>& each : done) each();
}

}  // namespace tandem::loop
