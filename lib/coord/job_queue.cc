#include "coord/job_queue.h"

namespace tandem::coord {

JobQueue::JobQueue(loop::Loop& loop) : state_(std::make_shared<State>(loop)) {}

JobQueue::~JobQueue() {
  state_->closed = true;
  state_->waiting.clear();
}

void JobQueue::add(std::unique_ptr<Job> job) {
  state_->waiting.push_back(std::move(job));
  if (state_->running == nullptr) start_next(state_);
}

void JobQueue::start_next(const std::shared_ptr<State>& state) {
  if (state->waiting.empty()) return;
  state->running = std::move(state->waiting.front());
  state->waiting.pop_front();
  // The pool thread touches the job alone; the state is the loop's.
  loop::run_work(
      state->loop, [job = state->running.get()] { job->run(); }, [state] { finish(state); });
}

void JobQueue::finish(const std::shared_ptr<State>& state) {
  const std::unique_ptr<Job> job = std::move(state->running);
  if (state->closed) return;
  // The next one first: the completion may destroy the queue.
  start_next(state);
  job->finish();
}

}  // namespace tandem::coord
