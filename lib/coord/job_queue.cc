#include "coord/job_queue.h"

namespace tandem::coord {

JobQueue::JobQueue(loop::Loop& loop) : loop_(loop), self_(*this) {}

void JobQueue::add(std::unique_ptr<Job> job) {
  waiting_.push_back(std::move(job));
  if (!running_) start_next();
}

void JobQueue::start_next() {
  running_ = !waiting_.empty();
  if (!running_) return;
  std::unique_ptr<Job> job = std::move(waiting_.front());
  waiting_.pop_front();
  // The pool thread touches the job alone; the queue is the loop's.
  Job* work = job.get();
  loop::run_work(
      loop_, [work] { work->run(); },
      [self = self_.ref(), job = std::move(job)] {
        if (!self) return;
        // The next one first: the completion may destroy the queue.
        self->start_next();
        job->finish();
      });
}

}  // namespace tandem::coord
